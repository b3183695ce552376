"""A stock that flips too often to be worth a message each: told once with the count, and once when it has settled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from monitor.model import Event, EventType
from monitor.rules.compile import Rule
from monitor.rules.effects import Flapping
from monitor.rules.engine.course import Course
from monitor.rules.globs import matching_types
from monitor.rules.holding import STOCK, subject_of
from monitor.rules.state import Flips


def named(rule: Rule) -> bool:
    """Whether the rule names the flapping; others take it in place of the changes that they name."""
    return any(EventType.FLAVOR_FLAPPING in matching_types(pattern) for pattern in rule.options.on)


def settled(event: Event) -> bool:
    """It ends what an event of its type told before."""
    return event.type is EventType.FLAVOR_FLAPPING and event.data.get("settled") is True


def absorb(course: Course, event: Event) -> bool:
    """Counts a change of stock. True where it is part of a flapping, which is told instead of it."""
    if event.type not in STOCK or (options := course.ruleset.flapping) is None:
        return False
    within = timedelta(seconds=options.within)
    key, now = subject_of(event), course.now
    row = course.memory.flips.get(key)
    times = tuple(at for at in (row.times if row is not None else ()) if at > now - within)
    times = (*times, now)[-options.changes :]
    since, count = (row.since, row.count + 1) if row is not None else (None, 1)
    if since is None:
        count = len(times)
        if count >= options.changes:
            since = times[0]
            course.effects.append(Flapping(event=event, changes=count, since=since, settled=False, at=now))
    flips = Flips(subject=key, times=times, seq=event.seq, since=since, count=count, due=now + within)
    course.memory.flips.set(key, flips)
    return since is not None


def fall_due(course: Course, keys: Iterable[str]) -> None:
    """It has kept still: what was flapping is told as it is now."""
    for key in keys:
        row = course.memory.flips.get(key)
        course.memory.flips.put(key, None)
        event = course.event(row.seq) if row is not None else None
        if row is not None and row.since is not None and event is not None:
            course.effects.append(
                Flapping(event=event, changes=row.count, since=row.since, settled=True, at=course.now)
            )


def shift(course: Course, by: timedelta) -> None:
    for key, row in course.memory.flips.rows().items():
        moved = tuple(at + by for at in row.times)
        since = row.since + by if row.since is not None else None
        course.memory.flips.put(key, replace(row, times=moved, since=since, due=row.due + by))
