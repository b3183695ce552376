"""Digest rules: nothing at once, and at their time one report of all that they took since the last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.fields.window import next_time
from monitor.model import Event, Reason
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.engine import telling
from monitor.rules.engine.course import Course
from monitor.rules.engine.telling import Saying
from monitor.rules.state import Period


def begin(course: Course, now: datetime | None = None) -> None:
    """A digest rule that is new reports from now on; one that was removed reports no more."""
    rules = {rule.name: rule for rule in course.ruleset.digests}
    for name in course.memory.periods.rows():
        if name not in rules:
            course.memory.periods.put(name, None)
    for name, rule in rules.items():
        if course.memory.periods.get(name) is None:
            since = now or course.now
            course.memory.periods.put(name, Period(since=since, due=_next(rule, since)))


def fall_due(course: Course, keys: Iterable[str]) -> None:
    for name in keys:
        period, rule = course.memory.periods.get(name), course.ruleset.named(name)
        if period is None or rule is None or rule.options.digest is None:
            continue
        course.memory.periods.put(name, Period(since=period.due, due=_next(rule, course.now)))
        for sinks, events in _by_sinks(course, rule, period).items():
            saying = Saying(name, rule, Reason.DIGEST, since=period.since, mark=period.due.isoformat())
            telling.fall_due(course, saying, events, sinks)


def _by_sinks(course: Course, rule: Rule, period: Period) -> dict[tuple[str, ...], list[Event]]:
    """Each sink's own events: a person who is `owner` reads of her own jobs."""
    by_sink: dict[str, list[Event]] = {}
    for event in course.recall.between(rule.types, period.since, period.due):
        if course.holds(rule.when, event, rule.name):
            for sink in audience(course.ruleset, rule.options.notify, event, rule.options.fallback):
                by_sink.setdefault(sink, []).append(event)
    shared: dict[tuple[int, ...], list[str]] = {}
    for sink, events in by_sink.items():
        shared.setdefault(tuple(event.seq for event in events), []).append(sink)
    return {tuple(sinks): by_sink[sinks[0]] for sinks in shared.values()}


def _next(rule: Rule, after: datetime) -> datetime:
    digest = rule.options.digest
    assert digest is not None
    return next_time(digest.at, digest.days, ZoneInfo(digest.timezone), after)
