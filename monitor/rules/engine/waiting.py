"""What was hidden and nobody can see when that ends: whether it still holds is told when it is seen again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.model import Event
from monitor.rules import asides
from monitor.rules.engine import piling, seeing
from monitor.rules.engine.course import Course
from monitor.rules.holding import state_of, subject_of, watch_of
from monitor.rules.message.story import Line
from monitor.rules.state import Dark, Entry, Pile


def put_off(course: Course, pile: Pile, by: str) -> Pile:
    """What of it can be told now. The rest waits on piles of its own until its watch can be seen; where nothing else of
    it holds, all of it does. `by`: the silence in words."""
    holding = piling.lasting(course, pile)
    unseen = {entry.subject: watch for entry in holding if (watch := _unseen(course, entry)) is not None}
    if not unseen:
        return pile
    every = next(iter(unseen.values())) if len(unseen) == len(holding) else None
    parts: dict[str | None, list[Entry]] = {}
    for entry in pile.entries:
        parts.setdefault(unseen.get(entry.subject, every), []).append(entry)
    for watch, entries in parts.items():
        if watch is not None:
            _keep(course, replace(pile, entries=tuple(entries), watch=watch, by=by), whole=every is not None)
    return replace(pile, entries=tuple(parts.get(None, ())))


def _unseen(course: Course, entry: Entry) -> str | None:
    """The account or watch that has to be seen before anybody knows whether this still is so."""
    row = course.memory.followed.get(entry.subject)
    if row is None or not seeing.changes(row.state) or not seeing.unseen(course, row.watch):
        return None
    dark = seeing.darkness(course.memory.dark.get, row.watch)
    if row.watch not in course.blind and dark is not None and _seen_since(course, entry, dark[1]):
        return None
    return row.watch if row.watch in course.blind or dark is None or dark[0] == "*" else dark[0]


def _seen_since(course: Course, entry: Entry, dark: Dark) -> bool:
    """Whether it came to light only after the daemon had started, or the account could be seen again."""
    event = course.event(entry.seq)
    return event is not None and dark.until is not None and event.detected_at >= dark.until - seeing.SETTLE


def _keep(course: Course, part: Pile, *, whole: bool) -> None:
    name = f"{piling.key_of(part.kind, part.rule, part.key, part.reason, part.sink)}|{part.watch}"
    part = part if whole else replace(part, messages=0)
    before = course.memory.piles.get(name)
    if before is not None:
        known = frozenset(before.seqs)
        more = tuple(entry for entry in part.entries if entry.seq not in known)
        piling.forget(course, [entry for entry in part.entries if entry.seq in known])
        severity = max(before.severity, part.severity, key=lambda each: each.rank)
        messages = before.messages + part.messages
        part = replace(before, entries=(*before.entries, *more), severity=severity, messages=messages)
    course.memory.piles.set(name, part)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of how the things of a message are now. `none`: of nothing that may change."""

    asides: tuple[Line, ...] = ()
    none: bool = False


SEEN = Seen()


def last_seen(course: Course, events: Sequence[Event]) -> Seen:
    """Of what has happened and is told together later: that some of it cannot be seen by then."""
    now = {subject_of(event): event for event in events if _may_change(course, event)}
    unseen = {watch for event in now.values() if seeing.unseen(course, watch := watch_of(event))}
    if not unseen:
        return SEEN
    none = all(watch_of(event) in unseen for event in now.values())
    return Seen(asides.last_seen(course, unseen), none)


def _may_change(course: Course, event: Event) -> bool:
    """What sets no state (a checkpoint) names the one that its job is in."""
    row = course.memory.followed.get(subject_of(event))
    state = row.state if row is not None else state_of(event)
    return state is None or seeing.changes(state)
