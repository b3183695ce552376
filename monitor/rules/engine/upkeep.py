"""Begins and keeps the record of a message that was told and has to be looked after."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Event, Severity
from monitor.rules.compile import Rule
from monitor.rules.engine.course import Course
from monitor.rules.holding import ENDLESS, state_of
from monitor.rules.state import Followed, Standing


def begin(
    course: Course,
    rule: Rule,
    event: Event,
    sinks: tuple[str, ...],
    severity: Severity,
    group: str,
    *,
    escalated: bool = False,
) -> None:
    """Somebody was told: from now on it stands, if the rule or a sink wants more of it and the state still lasts."""
    options = rule.options
    if not options.follows and course.ruleset.ending.isdisjoint(sinks):
        return
    state, row = state_of(event), course.memory.follow(event)
    bound = state is not None
    if bound and (row.state != state or row.since > event.seq):
        return
    remind = course.now + timedelta(seconds=options.remind_every) if options.remind_every is not None else None
    before = row.standings.get(rule.name)
    if before is not None:  # told to more people, or of more about the same
        told = replace(before, sinks=(*before.sinks, *(sink for sink in sinks if sink not in before.sinks)))
        if bound and not before.bound:
            told = replace(told, seq=event.seq, bound=True, remind_at=remind)
        elif told.remind_at is not None and not told.snoozed and not escalated:
            told = replace(told, remind_at=remind)  # it was told again by now
        keep(course, rule, row, told)
        return
    told = Standing(
        seq=event.seq,
        sinks=sinks,
        severity=severity,
        told_at=course.now,
        group=group,
        remind_at=remind if bound else None,
        escalate_at=step_at(rule, course.now, 0),
        bound=bound,
    )
    keep(course, rule, row, told)


def step_at(rule: Rule, told_at: datetime, taken: int) -> datetime | None:
    """When the next step of the escalation is due, after so many were taken."""
    steps = rule.options.escalate or []
    return told_at + timedelta(seconds=steps[taken].after) if taken < len(steps) else None


def keep(course: Course, rule: Rule, row: Followed, told: Standing) -> bool:
    """Stores it as long as its state lasts. False where it is forgotten: nothing can follow, and no end would come."""
    lasts = told.due is not None or (told.bound and _ends(course, told))
    standings = {name: each for name, each in row.standings.items() if name != rule.name}
    course.memory.keep(replace(row, standings={**standings, rule.name: told} if lasts else standings))
    return lasts


def _ends(course: Course, told: Standing) -> bool:
    event = course.event(told.seq)
    return event is not None and event.type not in ENDLESS
