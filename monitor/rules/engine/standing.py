"""What was told and is not over: reminders, the message that it is over, escalation until somebody acknowledges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Event, EventType, Reason, Severity
from monitor.rules import asides
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.engine import telling, upkeep
from monitor.rules.engine.course import Course
from monitor.rules.engine.telling import Saying
from monitor.rules.holding import words
from monitor.rules.state import Standing
from monitor.rules.verdict import MATCHED
from monitor.rules.view import moment

_Together = dict[tuple[str, str, tuple[str, ...]], list[tuple[Standing, Event, bool, str]]]
"""By rule, group and sinks: what was told, its event, whether more can follow, and why it comes late if it does."""
_ANSWERS = (EventType.NOTIFICATION_ACKNOWLEDGED, EventType.NOTIFICATION_SNOOZED)


def resolve(course: Course, ended: Mapping[str, Standing], event: Event, *, narrowed: bool = False) -> bool:
    """What was told does not hold any more: the state is over or (`narrowed`) not as the rule's `while` asks. A rule
    that takes the event that ends the state tells it itself. True where somebody is told."""
    somebody = False
    for name, told in ended.items():
        rule = course.ruleset.named(name)
        sinks = _hear(course, rule, told.sinks) if rule is not None else ()
        if rule is None or not sinks:
            continue
        if not narrowed and takes(course, rule, event):
            continue
        begun = course.event(told.seq)
        saying = Saying(name, rule, Reason.RESOLVED, severity=Severity.INFO, since=told.told_at, begun=begun)
        telling.pass_on(course, replace(saying, over=frozenset((event.seq,))), event, sinks)
        somebody = somebody or (rule.options.resolves and not rule.options.shadow)
    return somebody


def _hear(course: Course, rule: Rule, sinks: Iterable[str]) -> tuple[str, ...]:
    """Who is told that it is over: all, or those that cannot do without."""
    there = _there(course, sinks)
    return there if rule.options.resolves else tuple(sink for sink in there if sink in course.ruleset.ending)


def takes(course: Course, rule: Rule, event: Event) -> bool:
    return event.type in rule.types and course.holds(rule.when, event, rule.name)


def _there(course: Course, sinks: Iterable[str]) -> tuple[str, ...]:
    """Those that are in the file still."""
    return tuple(sink for sink in sinks if sink in course.ruleset.sinks)


def fall_due(course: Course, subjects: Iterable[str], when: datetime) -> None:
    """Reminders that are due at one moment, of one group and for the same sinks, are one message."""
    together: _Together = {}
    for subject in subjects:
        row = course.memory.followed.get(subject)
        for name in list(row.standings) if row is not None else ():
            _look_after(course, subject, name, when, together)
    for (name, _, sinks), reminded in together.items():
        rule = course.ruleset.named(name)
        saying = Saying(
            name,
            rule,
            Reason.REMINDER,
            severity=max((told.severity for told, *_ in reminded), key=lambda each: each.rank),
            since=min(told.told_at for told, *_ in reminded),
            mark=when.isoformat(),
            times=max(told.times for told, *_ in reminded) + 1,
            over=frozenset(event.seq for _, event, follows, _ in reminded if not follows),
            asides=asides.snoozed(told for told, *_ in reminded),
            missed={event.seq: late for _, event, _, late in reminded if late},
        )
        telling.fall_due(course, saying, [event for _, event, *_ in reminded], sinks)


def _look_after(
    course: Course,
    subject: str,
    name: str,
    when: datetime,
    together: _Together,
) -> None:
    """Takes the step of an escalation that is due, and puts a reminder that is due beside others."""
    row, rule = course.memory.followed.get(subject), course.ruleset.named(name)
    told = row.standings.get(name) if row is not None else None
    if row is None or rule is None or told is None or told.due is None or told.due > when:
        return
    event = course.event(told.seq)
    latest = event if row.latest == told.seq else course.event(row.latest)
    verdict = course.decide(rule.holds, latest, name) if latest is not None else MATCHED
    if event is None or latest is None or not verdict.matched:
        standings = {each: kept for each, kept in row.standings.items() if each != name}
        course.memory.keep(replace(row, standings=standings))
        if latest is not None and told.bound and verdict.error is None and not verdict.matched:
            resolve(course, {name: told}, latest, narrowed=True)
        return
    reminds = told.remind_at is not None and told.remind_at <= when
    escalates = told.escalate_at is not None and told.escalate_at <= when
    later = _reminded(course, rule, told) if reminds else told
    if escalates:
        taken = told.steps + 1
        later = replace(later, steps=taken, escalate_at=upkeep.step_at(rule, told.told_at, taken))
    follows = upkeep.keep(course, rule, row, later)
    if reminds and (sinks := _there(course, told.sinks)):
        late = asides.missed(course, row.watch, told.remind_at)
        together.setdefault((name, told.group or subject, sinks), []).append((told, event, follows, late))
    if escalates:
        _escalate(course, rule, told, event, follows, asides.missed(course, row.watch, told.escalate_at))


def _reminded(course: Course, rule: Rule, told: Standing) -> Standing:
    again = rule.options.remind_every
    at = course.now + timedelta(seconds=again) if again is not None and told.bound else None
    return replace(told, remind_at=at, snoozed=False, times=told.times + 1)


def _escalate(course: Course, rule: Rule, told: Standing, event: Event, follows: bool, late: str) -> None:
    """The next step, to those of its sinks that were not told yet. Whoever is told by it belongs to the message from
    then on."""
    steps = rule.options.escalate or []
    if told.steps >= len(steps):
        return  # the file has fewer by now
    reached = audience(course.ruleset, steps[told.steps].notify, event)
    sinks = tuple(sink for sink in reached if sink not in told.sinks)
    if sinks:
        saying = Saying(
            rule.name,
            rule,
            Reason.REMINDER,
            severity=told.severity,
            since=told.told_at,
            mark=f"step {told.steps + 1}",
            escalated=True,
            told_to=told.sinks,
            missed={event.seq: late} if late else {},
            over=frozenset() if follows else frozenset((event.seq,)),
        )
        telling.fall_due(course, saying, [event], sinks)


def obey(course: Course, event: Event) -> None:
    """Somebody acknowledged a message, or wants to hear of it later."""
    if event.type not in _ANSWERS:
        return
    name, by = words(event.data.get("rule")), words(event.data.get("by") or "somebody")
    rule = course.ruleset.named(name)
    until = moment(event.data.get("until"))
    subjects = event.data.get("subjects")
    for subject in subjects if isinstance(subjects, list) and rule is not None else ():
        row = course.memory.followed.get(str(subject))
        told = row.standings.get(name) if row is not None else None
        if row is None or rule is None or told is None:
            continue
        if event.type is EventType.NOTIFICATION_ACKNOWLEDGED:
            told = replace(told, remind_at=None, escalate_at=None, snoozed=False, acknowledged_by=by)
        elif until is not None:
            later = max(told.escalate_at, until) if told.escalate_at is not None else None
            told = replace(told, remind_at=until, escalate_at=later, snoozed=True)
        upkeep.keep(course, rule, row, told)


def shifted(told: Standing, by: timedelta) -> Standing:
    """A snooze ends by the wall clock, as the person said it."""
    remind = told.remind_at
    return replace(
        told,
        told_at=told.told_at + by,
        remind_at=remind + by if remind is not None and not told.snoozed else remind,
        escalate_at=told.escalate_at + by if told.escalate_at is not None else None,
    )
