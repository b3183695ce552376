"""Piles: events that are kept to be told as one, by what they wait for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Event, Reason, Severity
from monitor.rules.engine.course import Course
from monitor.rules.holding import state_of, subject_of, there_and_back
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
    over: Collection[int] = (),
    told_at: datetime | None = None,
    begun: Event | None = None,
    missed: str = "",
) -> None:
    """Puts the events on one pile for each sink. A pile that is there keeps its own `due`, except that late events make
    it wait for more of them. What lies there already is not put there again. `over`: those that ended something, which
    `begun` had begun and which was told at `told_at`. `missed`: why they come only now."""
    names = [(sink, key_of(kind, rule, key, reason, sink)) for sink in sinks]
    for event in events:
        end = event.seq in over
        entry = Entry(
            event.seq,
            subject_of(event),
            state_of(event),
            end,
            told_at if end else None,
            begun.seq if end and begun is not None else None,
            missed,
        )
        for sink, name in names:
            pile = course.memory.piles.get(name)
            if pile is None:
                now = course.now
                pile = Pile(
                    rule=rule,
                    sink=sink,
                    kind=kind,
                    key=key,
                    reason=reason,
                    severity=severity,
                    entries=(),
                    first=now,
                    last=now,
                    due=due,
                )
            elif _lies_in(pile, entry.seq):
                continue
            _count_in(course, entry, event)
            course.memory.piles.set(name, _with(pile, entry, severity, course.now))


def _lies_in(pile: Pile, seq: int) -> bool:
    """Events come in order, so that mostly a look at the last one is enough."""
    entries = pile.entries
    return bool(entries) and seq <= entries[-1].seq and any(entry.seq == seq for entry in entries)


def _with(pile: Pile, entry: Entry, severity: Severity, now: datetime) -> Pile:
    entries = pile.entries
    worst = max(pile.severity, severity, key=lambda each: each.rank) if entries else severity
    first, last = (min(pile.first, now), max(pile.last, now)) if entries else (now, now)
    due = pile.due
    if pile.kind == "late":
        due = min(last + QUIET_FOR, first + AT_MOST)
    if len(entries) + 1 >= FULL and pile.kind in ("late", "group"):
        due = now  # not where something keeps it back: it would be kept back again, for ever
    return Pile(
        rule=pile.rule,
        sink=pile.sink,
        kind=pile.kind,
        key=pile.key,
        reason=pile.reason,
        severity=worst,
        entries=(*entries, entry),
        first=first,
        last=last,
        due=due,
        messages=pile.messages,
        watch=pile.watch,
        by=pile.by,
    )


def take_off(course: Course, name: str, *, closed_until: datetime | None = None) -> None:
    """The pile is about to be told. With `closed_until` an empty one stays, so that what comes before then waits."""
    pile = course.memory.piles.get(name)
    empty = replace(pile, entries=(), due=closed_until) if pile is not None and closed_until is not None else None
    course.memory.piles.set(name, empty)


def forget(course: Course, entries: Iterable[Entry]) -> None:
    """They were dealt with: of their subjects nobody has to know the state any more on their account."""
    for entry in entries:
        row = course.memory.followed.get(entry.subject) if entry.state is not None else None
        if row is not None:
            course.memory.keep(replace(row, piled=max(0, row.piled - 1)))


def lasting(course: Course, pile: Pile) -> list[Entry]:
    """What still is as its event said, and was so all the time; of each subject the newest. What went away and came
    back while it was hidden is as people know it."""
    found: dict[str, Entry] = {}
    first: dict[str, str | None] = {}
    for entry in pile.entries:
        before = first.setdefault(entry.subject, entry.state)
        if there_and_back(before, entry.state):
            found.pop(entry.subject, None)
            continue
        row = course.memory.followed.get(entry.subject)
        if entry.state is not None and row is not None and row.state == entry.state and row.since <= entry.seq:
            found[entry.subject] = entry
    return sorted(found.values(), key=lambda entry: entry.seq)


def _count_in(course: Course, entry: Entry, event: Event) -> None:
    if entry.state is not None:
        row = course.memory.follow(event)
        course.memory.keep(replace(row, piled=row.piled + 1))


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
    course.memory.piles.set(key_of("group", rule, key, reason, sink), empty)
