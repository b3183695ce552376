"""What was told and is not over: reminders, the message that it is over, escalation until somebody acknowledges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Event, EventType, Reason, Severity
from monitor.rules.audience import audience
from monitor.rules.compile import Rule
from monitor.rules.engine import telling, upkeep
from monitor.rules.engine.course import Course
from monitor.rules.engine.telling import Saying
from monitor.rules.state import Standing
from monitor.rules.view import moment

_ANSWERS = (EventType.NOTIFICATION_ACKNOWLEDGED, EventType.NOTIFICATION_SNOOZED)


def resolve(course: Course, ended: Mapping[str, Standing], event: Event) -> None:
    """The state that was told is over. A rule that takes the ending event tells it itself."""
    for name, told in ended.items():
        rule = course.ruleset.named(name)
        if rule is None or not rule.options.resolves:
            continue
        if event.type in rule.types and course.holds(rule.when, event, name):
            continue
        saying = Saying(
            name, rule, Reason.RESOLVED, severity=Severity.INFO, since=told.told_at, begun=course.event(told.seq)
        )
        telling.pass_on(course, saying, event, told.sinks)


def fall_due(course: Course, subjects: Iterable[str], when: datetime) -> None:
    """Reminders that are due at one moment, of one group and for the same sinks, are one message."""
    together: dict[tuple[str, str, tuple[str, ...]], list[tuple[Standing, Event]]] = {}
    for subject in subjects:
        row = course.memory.followed.get(subject)
        for name, told in list(row.standings.items()) if row is not None else ():
            rule, event, latest = course.ruleset.named(name), course.event(told.seq), course.event(told.latest)
            if rule is None or event is None or latest is None or not course.holds(rule.holds, latest, name):
                _drop(course, subject, name)
                continue
            if told.escalate_at is not None and told.escalate_at <= when:
                told = _escalate(course, rule, told, event)
            if told.remind_at is not None and told.remind_at <= when:
                key = (name, told.group or subject, told.sinks)
                together.setdefault(key, []).append((told, event))
                told = _reminded(course, rule, told)
            row = course.memory.followed.get(subject)
            if row is not None:
                upkeep.keep(course, rule, row, told)
    for (name, _, sinks), reminded in together.items():
        rule = course.ruleset.named(name)
        severity = max((told.severity for told, _ in reminded), key=lambda each: each.rank)
        since = min(told.told_at for told, _ in reminded)
        times = max(told.times for told, _ in reminded) + 1
        mark = when.isoformat()
        saying = Saying(name, rule, Reason.REMINDER, severity=severity, since=since, mark=mark, times=times)
        telling.fall_due(course, saying, [event for _, event in reminded], sinks)


def _reminded(course: Course, rule: Rule, told: Standing) -> Standing:
    again = rule.options.remind_every
    at = course.now + timedelta(seconds=again) if again is not None else None
    return replace(told, remind_at=at, snoozed=False, times=told.times + 1)


def _escalate(course: Course, rule: Rule, told: Standing, event: Event) -> Standing:
    """The next step, to those of its sinks that were not told yet."""
    steps = rule.options.escalate or []
    step = steps[told.steps]
    sinks = tuple(sink for sink in audience(course.ruleset, step.notify, event) if sink not in told.sinks)
    taken = told.steps + 1
    if sinks:
        mark = f"step {taken}"
        saying = Saying(
            rule.name,
            rule,
            Reason.REMINDER,
            severity=told.severity,
            since=told.told_at,
            mark=mark,
            escalated=True,
            told_to=told.sinks,
        )
        telling.fall_due(course, saying, [event], sinks)
    return replace(
        told, steps=taken, sinks=(*told.sinks, *sinks), escalate_at=upkeep.step_at(rule, told.told_at, taken)
    )


def _drop(course: Course, subject: str, name: str) -> None:
    row = course.memory.followed.get(subject)
    if row is not None:
        standings = {each: told for each, told in row.standings.items() if each != name}
        course.memory.keep(replace(row, standings=standings))


def obey(course: Course, event: Event) -> None:
    """Somebody acknowledged a message, or wants to hear of it later."""
    if event.type not in _ANSWERS:
        return
    name, by = str(event.data.get("rule")), str(event.data.get("by") or "somebody")
    rule = course.ruleset.named(name)
    until = moment(event.data.get("until"))
    subjects = event.data.get("subjects")
    for subject in subjects if isinstance(subjects, list) and rule is not None else ():
        row = course.memory.followed.get(str(subject))
        told = row.standings.get(name) if row is not None else None
        if row is None or rule is None or told is None:
            continue
        if event.type is EventType.NOTIFICATION_ACKNOWLEDGED:
            told = replace(told, remind_at=None, escalate_at=None, acknowledged_by=by)
        elif until is not None:
            later = max(told.escalate_at, until) if told.escalate_at is not None else None
            told = replace(told, remind_at=until, escalate_at=later, snoozed=True)
        upkeep.keep(course, rule, row, told)


def shifted(told: Standing, by: timedelta) -> Standing:
    return replace(
        told,
        remind_at=told.remind_at + by if told.remind_at is not None else None,
        escalate_at=told.escalate_at + by if told.escalate_at is not None else None,
    )
