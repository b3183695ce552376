"""Digest rules: nothing at once, and at their time one report of all that they took since the last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.fields.window import next_time
from monitor.model import Event, Reason, Severity
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.engine import hiding, telling
from monitor.rules.engine.course import ABOUT_RULES, Course
from monitor.rules.engine.telling import Saying
from monitor.rules.options import OWNER
from monitor.rules.state import Period

TAKEN = "taken"
LAG = timedelta(hours=1)
"""An event is stored at most so long after it was detected, and other clocks are at most so far from ours."""


def begin(course: Course, now: datetime) -> None:
    """A digest rule that is new reports from now on; one that was removed reports no more."""
    rules = {rule.name: rule for rule in course.ruleset.digests}
    for name in course.memory.periods.rows():
        if name not in rules:
            course.memory.periods.put(name, None)
    for name, rule in rules.items():
        if course.memory.periods.get(name) is None:
            course.memory.periods.put(name, Period(since=now, due=_next(rule, now)))
    course.unopened = any(period.after is None for period in course.memory.periods)


def took(course: Course, event: Event) -> None:
    """Every event is in one report: the first that is made after it was taken."""
    if not course.ruleset.digests:
        return
    course.memory.marks.set(TAKEN, event.seq)
    if course.unopened:
        course.unopened = False
        for name, period in course.memory.periods.rows().items():
            if period.after is None:
                course.memory.periods.put(name, replace(period, after=event.seq - 1))


def fall_due(course: Course, keys: Iterable[str]) -> None:
    """A report is a record: no silence takes anything out of it, and one that is due in a mute window is made at its
    end, of all that came until then."""
    for name in keys:
        period, rule = course.memory.periods.get(name), course.ruleset.named(name)
        if period is None or rule is None or rule.options.digest is None:
            continue
        parts = _by_sinks(course, rule, period)
        muted_until = _muted_until(course, rule, parts.values())
        if muted_until is not None:
            course.memory.periods.put(name, replace(period, due=muted_until))
            continue
        after = course.memory.marks.get(TAKEN) if period.after is not None else None
        course.memory.periods.put(name, Period(since=period.due, due=_next(rule, course.now), after=after))
        for sinks, events in parts.items():
            saying = Saying(
                name,
                rule,
                Reason.DIGEST,
                severity=rule.options.severity or Severity.INFO,
                since=period.since,
                mark=period.due.isoformat(),
                personal=_personal(rule, sinks),
            )
            telling.say(course, saying, events, sinks)


def _muted_until(course: Course, rule: Rule, parts: Iterable[list[Event]]) -> datetime | None:
    """When the report is made instead, because a mute window is open that counts for all that would be in it."""
    if not rule.mute:
        return None
    ends = [hiding.open_until(course, rule.mute, event, rule.name, doubt=False) for part in parts for event in part]
    known = [end for end in ends if end is not None]
    return max(known) if ends and len(known) == len(ends) else None


def _personal(rule: Rule, sinks: Iterable[str]) -> bool:
    """Whether they read it only because what is in it is theirs."""
    options = rule.options
    return OWNER in options.notify and not {*options.notify, *(options.fallback or ())} & {*sinks}


def _by_sinks(course: Course, rule: Rule, period: Period) -> dict[tuple[str, ...], list[Event]]:
    """Each sink's own events: a person who is `owner` reads of her own jobs."""
    by_sink: dict[str, list[Event]] = {}
    for event in _between(course, rule, period):
        if _takes(course, rule, event):
            for sink in audience(course.ruleset, rule.options.notify, event, rule.options.fallback):
                by_sink.setdefault(sink, []).append(event)
    shared: dict[tuple[int, ...], list[str]] = {}
    for sink, events in by_sink.items():
        shared.setdefault(tuple(event.seq for event in events), []).append(sink)
    return {tuple(sinks): by_sink[sinks[0]] for sinks in shared.values()}


def _between(course: Course, rule: Rule, period: Period) -> Iterator[Event]:
    """What was taken since the last report. It goes by the numbers: one that was detected before the last report and
    stored after it is not lost."""
    newest = course.memory.marks.get(TAKEN)
    if newest is None or period.after is None:
        return
    for event in course.recall.between(rule.types, period.since - LAG, period.due + LAG):
        if period.after < event.seq <= newest:
            yield event


def _takes(course: Course, rule: Rule, event: Event) -> bool:
    """As it was decided when the event came: no earlier rule has stopped it."""
    for each in course.ruleset.by_type.get(event.type, ()):
        stops = each.options.stop and not each.options.shadow
        if (each is not rule and not stops) or (event.type in ABOUT_RULES and event.subject == f"rule/{each.name}"):
            continue
        matched = each.when is None or each.when.decide(course.bind(event, event.detected_at)).matched
        if each is rule:
            return matched
        if matched:
            return False
    return False


def _next(rule: Rule, after: datetime) -> datetime:
    digest = rule.options.digest
    assert digest is not None
    return next_time(digest.at, digest.days, ZoneInfo(digest.timezone), after)
