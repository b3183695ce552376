"""Begins and keeps the record of a message that was told and has to be looked after."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Event, Severity
from monitor.rules.compile import Rule
from monitor.rules.engine.course import Course
from monitor.rules.holding import state_of, subject_of, watch_of
from monitor.rules.state import Followed, Standing


def begin(course: Course, rule: Rule, event: Event, sinks: tuple[str, ...], severity: Severity, group: str) -> None:
    """Somebody was told: from now on it stands, if the rule looks after its messages and the state still lasts."""
    options = rule.options
    if not options.follows:
        return
    state, subject = state_of(event), subject_of(event)
    row = course.memory.follow(subject, watch_of(event), state)
    if row.state != state:
        return
    before = row.standings.get(rule.name)
    if before is not None:  # told to more people by another way
        sinks = (*before.sinks, *(sink for sink in sinks if sink not in before.sinks))
        keep(course, rule, row, replace(before, sinks=sinks))
        return
    remind = course.now + timedelta(seconds=options.remind_every) if options.remind_every is not None else None
    told = Standing(
        seq=event.seq,
        latest=event.seq,
        sinks=sinks,
        severity=severity,
        told_at=course.now,
        group=group,
        remind_at=remind if state is not None else None,
        escalate_at=step_at(rule, course.now, 0),
    )
    keep(course, rule, row, told)


def step_at(rule: Rule, told_at: datetime, taken: int) -> datetime | None:
    """When the next step of the escalation is due, after so many were taken."""
    steps = rule.options.escalate or []
    return told_at + timedelta(seconds=steps[taken].after) if taken < len(steps) else None


def keep(course: Course, rule: Rule, row: Followed, told: Standing) -> None:
    """Stores it; a message for which nothing can follow any more is forgotten."""
    lasts = told.due is not None or (rule.options.resolves and row.state is not None)
    standings = {name: each for name, each in row.standings.items() if name != rule.name}
    course.memory.keep(replace(row, standings={**standings, rule.name: told} if lasts else standings))
