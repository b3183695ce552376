"""The wall clock was set: what is measured in passed time moves with it, and messages say what has really passed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from monitor.rules.engine import flapping, following, piling, seeing
from monitor.rules.engine.course import Course


def set_clock(course: Course, by: timedelta) -> None:
    """It shows `by` more than has really passed. Windows are of the wall clock and stay."""
    for part in (following, piling, flapping, seeing):
        part.shift(course, by)
    _note(course, by.total_seconds())


def _note(course: Course, seconds: float) -> None:
    """Of all events that are remembered it is known from now on that they came before it. Those of which none is left
    have to be told of none."""
    seqs = list(_remembered(course))
    oldest = min(seqs, default=None)
    for key in course.memory.clock.rows():
        if oldest is None or int(key) < oldest:
            course.memory.clock.put(key, None)
    if seqs:
        last = str(max(seqs))
        course.memory.clock.put(last, (course.memory.clock.get(last) or 0.0) + seconds)


def _remembered(course: Course) -> Iterator[int]:
    for row in course.memory.followed:
        yield from (row.since, row.latest)
        yield from (timer.seq for timer in row.timers.values())
        yield from (told.seq for told in row.standings.values())
    for pile in course.memory.piles:
        yield from pile.seqs
        yield from (entry.begun for entry in pile.entries if entry.begun is not None)
