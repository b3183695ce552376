"""Timers (`for`): started by the event that sets a state, ended by the one that ends it, fired when it has lasted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Event, Reason
from monitor.rules import asides
from monitor.rules.compile import Rule
from monitor.rules.engine import standing, telling
from monitor.rules.engine.course import Course
from monitor.rules.engine.telling import Saying
from monitor.rules.holding import state_of, subject_of, watch_of
from monitor.rules.options import UNMATCHED
from monitor.rules.state import Followed, Timer


def start(course: Course, rule: Rule, event: Event) -> None:
    """A second match does not start it anew. It runs from when the state began, by the platform's clock where that is
    behind ours, and falls due now at the earliest."""
    assert rule.options.lasting is not None
    row = course.memory.follow(subject_of(event), watch_of(event), state_of(event))
    if rule.name in row.timers or rule.name in row.standings:
        return
    due = min(event.time, event.detected_at) + timedelta(seconds=rule.options.lasting)
    timer = Timer(seq=event.seq, latest=event.seq, due=max(due, event.detected_at))
    course.memory.keep(replace(row, timers={**row.timers, rule.name: timer}))


def observe(course: Course, event: Event) -> None:
    """What an event means for who waits for its subject."""
    row = course.memory.followed.get(subject_of(event))
    if row is None:
        return
    state = state_of(event)
    if state is not None and state != row.state:
        ended = row.standings
        course.memory.keep(replace(row, state=state, timers={}, standings={}))
        standing.resolve(course, ended, event)
        return
    course.memory.keep(_still(course, row, event))


def _still(course: Course, row: Followed, event: Event) -> Followed:
    """The state lasts; what a `while` does not let go on ends."""
    timers = {
        name: replace(timer, latest=event.seq) for name, timer in row.timers.items() if _goes_on(course, name, event)
    }
    standings = {
        name: replace(told, latest=event.seq) for name, told in row.standings.items() if _goes_on(course, name, event)
    }
    return replace(row, timers=timers, standings=standings)


def _goes_on(course: Course, name: str, event: Event) -> bool:
    rule = course.ruleset.named(name)
    return rule is None or course.holds(rule.holds, event, name)


def fall_due(course: Course, keys: Iterable[str], when: datetime) -> None:
    """Timers that fell due are told, in the order of the file; then reminders and steps of escalations."""
    rows = [row for key in keys if (row := course.memory.followed.get(key)) is not None]
    order = {rule.name: index for index, rule in enumerate(course.ruleset.rules)}
    fired = [
        (order.get(name, -1), timer.seq, row.subject, name)
        for row in rows
        for name, timer in row.timers.items()
        if timer.due <= when
    ]
    for _, _, subject, name in sorted(fired):
        _fire(course, subject, name)
    standing.fall_due(course, [row.subject for row in rows], when)


def _fire(course: Course, subject: str, name: str) -> None:
    row, rule = course.memory.followed.get(subject), course.ruleset.named(name)
    timer = row.timers.get(name) if row is not None else None
    if row is None or rule is None or timer is None:
        return
    course.memory.keep(replace(row, timers={each: kept for each, kept in row.timers.items() if each != name}))
    event, latest = course.event(timer.seq), course.event(timer.latest)
    if event is not None and latest is not None and course.holds(rule.holds, latest, name):
        late = asides.missed(course, row.watch, timer.due)
        told = telling.tell(course, Saying(name, rule, Reason.NEW, lasted=True, asides=late), event)
        if not told and not rule.options.shadow:
            telling.net(course, event)


def forsake(course: Course) -> None:
    """A rule that is not in the file any more waits for nothing."""
    names = {rule.name for rule in course.ruleset.rules} | {UNMATCHED}
    for row in course.memory.followed.rows().values():
        timers = {name: timer for name, timer in row.timers.items() if name in names}
        standings = {name: told for name, told in row.standings.items() if name in names}
        if len(timers) != len(row.timers) or len(standings) != len(row.standings):
            course.memory.keep(replace(row, timers=timers, standings=standings))


def shift(course: Course, by: timedelta) -> None:
    """The wall clock was set by so much; what has lasted has lasted."""
    for key, row in course.memory.followed.rows().items():
        timers = {name: replace(timer, due=timer.due + by) for name, timer in row.timers.items()}
        standings = {name: standing.shifted(told, by) for name, told in row.standings.items()}
        course.memory.followed.put(key, replace(row, timers=timers, standings=standings))
