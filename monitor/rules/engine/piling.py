"""Piles: events that are kept to be told as one, by what they wait for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Event, Reason, Severity
from monitor.rules.engine.course import Course
from monitor.rules.holding import state_of, subject_of, watch_of
from monitor.rules.options import UNMATCHED
from monitor.rules.state import AT_MOST, FULL, QUIET_FOR, Entry, Pile


def key_of(kind: str, rule: str, key: str, reason: Reason, sink: str) -> str:
    return "|".join((kind, rule, reason.value, key, sink))


def add(
    course: Course,
    *,
    kind: str,
    rule: str,
    key: str,
    reason: Reason,
    severity: Severity,
    sinks: Iterable[str],
    events: Iterable[Event],
    due: datetime,
) -> None:
    """Puts the events on one pile for each sink. A pile that is there keeps its own `due`, except that late events make
    it wait for more of them. What lies there already is not put there again."""
    for event in events:
        entry = Entry(event.seq, subject_of(event), state_of(event))
        for sink in sinks:
            name = key_of(kind, rule, key, reason, sink)
            pile = course.memory.piles.get(name)
            if pile is None:
                pile = Pile(
                    rule=rule,
                    sink=sink,
                    kind=kind,
                    key=key,
                    reason=reason,
                    severity=severity,
                    entries=(),
                    first=course.now,
                    last=course.now,
                    due=due,
                )
            if entry.seq in (each.seq for each in pile.entries[-FULL:]) and kind != "late":
                continue
            _count(course, entry, event, 1)
            course.memory.piles.put(name, _with(pile, entry, severity, course.now))


def _with(pile: Pile, entry: Entry, severity: Severity, now: datetime) -> Pile:
    severity = max(pile.severity, severity, key=lambda each: each.rank) if pile.entries else severity
    first = min(pile.first, now) if pile.entries else now
    last = max(pile.last, now)
    grown = replace(pile, entries=(*pile.entries, entry), severity=severity, first=first, last=last)
    if len(grown.entries) >= FULL:
        return replace(grown, due=now)
    return replace(grown, due=min(last + QUIET_FOR, first + AT_MOST)) if pile.kind == "late" else grown


def take_off(course: Course, name: str, pile: Pile, *, closed_until: datetime | None = None) -> None:
    """Its events were dealt with. With `closed_until` an empty pile stays, so that what comes before then waits."""
    kept = replace(pile, entries=(), due=closed_until) if closed_until is not None else None
    course.memory.piles.put(name, kept)
    for entry in pile.entries:
        _count(course, entry, None, -1)


def lasting(course: Course, pile: Pile) -> list[Entry]:
    """What still is as its event said."""
    found = []
    for entry in pile.entries:
        row = course.memory.followed.get(entry.subject)
        if entry.state is not None and row is not None and row.state == entry.state:
            found.append(entry)
    return found


def _count(course: Course, entry: Entry, event: Event | None, by: int) -> None:
    if entry.state is None:
        return
    watch = watch_of(event) if event is not None else None
    row = course.memory.follow(entry.subject, watch, entry.state)
    course.memory.keep(replace(row, piled=max(0, row.piled + by)))


def forsake(course: Course) -> None:
    """What a rule kept that is not in the file any more is told next."""
    names = {rule.name for rule in course.ruleset.rules} | {UNMATCHED}
    for name, pile in course.memory.piles.rows().items():
        if pile.rule not in names and pile.entries and not pile.key.startswith("silence/"):
            course.memory.piles.put(name, replace(pile, due=pile.first))


def shift(course: Course, by: timedelta) -> None:
    """The wall clock was set by so much; windows and silences end by that clock and stay."""
    for name, pile in course.memory.piles.rows().items():
        if pile.kind in ("late", "group"):
            moved = replace(pile, first=pile.first + by, last=pile.last + by, due=pile.due + by)
            course.memory.piles.put(name, moved)


def close(course: Course, rule: str, key: str, reason: Reason, sink: str, severity: Severity, until: datetime) -> None:
    """What comes of this group before then waits until then."""
    empty = Pile(
        rule=rule,
        sink=sink,
        kind="group",
        key=key,
        reason=reason,
        severity=severity,
        entries=(),
        first=course.now,
        last=course.now,
        due=until,
    )
    course.memory.piles.put(key_of("group", rule, key, reason, sink), empty)
