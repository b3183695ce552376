"""A stock that flips too often to be worth a message each: told once with the count, and once when it has settled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from monitor.model import Event
from monitor.rules.effects import Flapping
from monitor.rules.engine.course import Course
from monitor.rules.holding import STOCK, subject_of
from monitor.rules.state import Flips


def absorb(course: Course, event: Event) -> bool:
    """Counts a change of stock. True where it is part of a flapping, which is told instead of it."""
    options = course.ruleset.flapping
    if options is None or event.type not in STOCK:
        return False
    within = timedelta(seconds=options.within)
    key, now = subject_of(event), course.now
    row = course.memory.flips.get(key)
    times = tuple(at for at in (row.times if row is not None else ()) if at > now - within)
    times = (*times, now)[-options.changes :]
    flips = Flips(
        subject=key,
        times=times,
        seq=event.seq,
        since=row.since if row is not None else None,
        count=(row.count if row is not None else 0) + 1,
        due=now + within,
    )
    if flips.since is None:
        flips = replace(flips, count=len(times))
        if len(times) >= options.changes:
            flips = replace(flips, since=times[0])
            course.effects.append(Flapping(event=event, changes=len(times), since=times[0], settled=False, at=now))
    course.memory.flips.put(key, flips)
    return flips.since is not None


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
