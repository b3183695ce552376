"""Piles that fell due: told as one message each, with what of it still holds where something hid them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.model import Event, Reason
from monitor.rules.engine import hiding, piling, telling
from monitor.rules.engine.course import Course
from monitor.rules.engine.telling import Saying
from monitor.rules.message.facts import counted
from monitor.rules.message.story import Line
from monitor.rules.state import Entry, Pile


def fall_due(course: Course, names: Iterable[str]) -> None:
    """Sinks whose piles hold the same events of a rule share a message."""
    shared: dict[tuple[str, str, str, Reason, tuple[int, ...]], list[Pile]] = {}
    for name in names:
        pile = course.memory.piles.get(name)
        if pile is None:
            continue
        if not pile.entries:
            course.memory.piles.put(name, None)
            continue
        entries = piling.lasting(course, pile) if pile.kind == "hide" else list(pile.entries)
        shared.setdefault((pile.kind, pile.rule, pile.key, pile.reason, _seqs(entries)), []).append(pile)
        _take_off(course, name, pile)
    for (kind, _, _, _, seqs), piles in sorted(shared.items(), key=lambda each: each[1][0].seqs):
        _tell(course, kind, seqs, piles)


def _seqs(entries: Sequence[Entry]) -> tuple[int, ...]:
    return tuple(entry.seq for entry in entries)


def _take_off(course: Course, name: str, pile: Pile) -> None:
    rule = course.ruleset.named(pile.rule)
    if pile.kind == "group" and rule is not None and rule.options.gathers:
        piling.take_off(course, name, pile, closed_until=course.now + telling.pace(rule)[1])
    else:
        piling.take_off(course, name, pile)


def _tell(course: Course, kind: str, seqs: tuple[int, ...], piles: Sequence[Pile]) -> None:
    sinks = _sinks(course, piles)
    events = [event for _, event in sorted(course.recall.events(seqs).items())]
    first = piles[0]
    rule = course.ruleset.named(first.rule)
    if not sinks:
        return
    if kind == "hide" and not events and first.key.startswith(hiding.SILENCE):
        _note(course, first, sinks)
        return
    if not events:
        return
    reason = {"late": Reason.CATCH_UP, "group": first.reason}.get(kind, Reason.DIGEST)
    if kind == "group" and reason is Reason.NEW and len(events) > 1:
        reason = Reason.DIGEST
    severity = max((pile.severity for pile in piles), key=lambda each: each.rank)
    lasted = rule is not None and rule.options.lasting is not None
    asides = _hidden(course, first, len(events)) if kind == "hide" else ()
    saying = Saying(
        first.rule, rule, reason, severity=severity, lasted=lasted, asides=asides, group=first.key * (kind == "group")
    )
    telling.fall_due(course, saying, events, sinks)


def _sinks(course: Course, piles: Sequence[Pile]) -> tuple[str, ...]:
    """A sink that was removed from the file meanwhile has nobody behind it: then the net."""
    sinks = tuple(pile.sink for pile in piles if pile.sink in course.ruleset.sinks)
    if not sinks and course.ruleset.unmatched is not None:
        sinks = tuple(dict.fromkeys(course.ruleset.unmatched.notify))
    return sinks


def _hidden(course: Course, pile: Pile, held: int) -> tuple[Line, ...]:
    over = len(pile.entries) - held
    rest = f"; {counted(over, 'other is', 'others are')} over" if over > 0 else ""
    return (Line("Kept back", f"{_by(course, pile)}{rest}"),)


def _by(course: Course, pile: Pile) -> str:
    return "by a mute window that has closed" if pile.key == hiding.MUTE else "by a silence that has ended"


def _note(course: Course, pile: Pile, sinks: tuple[str, ...]) -> None:
    """Nothing of what a silence hid still holds: people hear that it was so."""
    events: list[Event] = [event for _, event in sorted(course.recall.events(pile.seqs).items())]
    if not events:
        return
    asides = (
        Line("Note", f"a silence has ended; it hid {counted(len(events), 'message')}, nothing of it still holds"),
    )
    saying = Saying(pile.rule, course.ruleset.named(pile.rule), Reason.DIGEST, severity=pile.severity, asides=asides)
    telling.say(course, saying, events, sinks)
