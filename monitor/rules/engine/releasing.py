"""Piles that fell due: told as one message each, with what of it still holds where something hid them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.model import Event, Reason, Severity
from monitor.rules import asides
from monitor.rules.engine import hiding, piling, telling, waiting
from monitor.rules.engine.course import Course
from monitor.rules.engine.telling import Saying
from monitor.rules.message.facts import counted
from monitor.rules.message.story import Line
from monitor.rules.state import FULL, Entry, Pile

_NOW_DIGEST = {"late": Reason.CATCH_UP, "hold": Reason.DIGEST, "hide": Reason.DIGEST}


@dataclass(slots=True)
class _Share:
    """Piles of several sinks that come to one message. `entries`: what is told; `all`: what they held."""

    entries: Sequence[Entry]
    all: Sequence[Entry]
    piles: list[tuple[str, Pile]] = field(default_factory=list)

    @property
    def first(self) -> Pile:
        return self.piles[0][1]


def fall_due(course: Course, names: Iterable[str]) -> None:
    """Sinks whose piles hold the same events of a rule share a message."""
    shares: dict[tuple[object, ...], _Share] = {}
    for name in names:
        pile = course.memory.piles.get(name)
        if pile is None:
            continue
        piling.take_off(course, name, closed_until=course.now + pace if (pace := _pace(course, pile)) else None)
        if pile.kind == "hide":
            pile = waiting.put_off(course, pile, _silence(course, pile))
        if pile.entries:
            entries = piling.lasting(course, pile) if pile.kind == "hide" else pile.entries
            over = () if entries else _seqs(pile.entries)
            key = (pile.kind, pile.rule, pile.key, pile.reason, pile.due, _seqs(entries), over)
            shares.setdefault(key, _Share(entries, pile.entries)).piles.append((name, pile))
    try:
        for share in sorted(shares.values(), key=lambda share: _seqs(share.all)):
            _tell(course, share)
    finally:  # until here their subjects were followed: a message says how they are by now
        for share in shares.values():
            for _, pile in share.piles:
                piling.forget(course, pile.entries)


def _seqs(entries: Sequence[Entry]) -> tuple[int, ...]:
    return tuple(entry.seq for entry in entries)


def _pace(course: Course, pile: Pile) -> timedelta | None:
    """How long a group waits after this until it is told again."""
    rule = course.ruleset.named(pile.rule)
    if pile.kind != "group" or not pile.entries or rule is None or not rule.options.gathers:
        return None
    return telling.pace(rule)[1]


def _tell(course: Course, share: _Share) -> None:
    first, sinks = share.first, _sinks(course, share)
    events = [event for _, event in sorted(course.recall.events(_seqs(share.entries)).items())]
    if not sinks:
        return
    told = False
    for start in range(0, len(events), FULL):
        part = events[start : start + FULL]
        told = telling.fall_due(course, _saying(course, share, part), part, sinks) or told
    if not events and first.kind == "hide" and first.key.startswith(hiding.SILENCE):
        _note(course, share, sinks)
    if not told and first.kind == "group":  # nobody heard of it: nothing has to be waited for
        for name, _ in share.piles:
            piling.take_off(course, name)


def _saying(course: Course, share: _Share, events: Sequence[Event]) -> Saying:
    first, rule = share.first, course.ruleset.named(share.first.rule)
    reason = _NOW_DIGEST.get(first.kind, first.reason)
    if reason is Reason.NEW and len(events) > 1:
        reason = Reason.DIGEST
    ends = share.entries if reason is Reason.RESOLVED else ()
    told_before = [entry.told_at for entry in ends if entry.told_at is not None]
    begun = ends[0].begun if len(ends) == 1 else None
    late = asides.missed(course, first.watch, first.due) if first.watch is not None else ""
    seen = waiting.last_seen(course, events) if first.kind != "hide" else waiting.SEEN
    return Saying(
        first.rule,
        rule,
        reason,
        since=min(told_before, default=None),
        begun=course.event(begun) if begun is not None else None,
        severity=max((pile.severity for _, pile in share.piles), key=lambda each: each.rank),
        lasted=first.kind == "hide",
        asides=(*_kept_back(course, share, len(events)), *seen.asides),
        last_seen=seen.none,
        missed={entry.seq: why for entry in share.entries if (why := entry.missed or late)},
        mark=_mark(first),
        group=first.key if first.kind == "group" else "",
        over=frozenset(entry.seq for entry in share.entries if entry.over),
    )


def _mark(pile: Pile) -> str:
    """The same events of a rule may lie on piles of other sinks that fall due at another time."""
    what = f"{pile.key} " if pile.kind == "hide" else ""
    what += f"{pile.watch} " if pile.watch is not None else ""
    return f"{what}{pile.due.isoformat()}"


def _sinks(course: Course, share: _Share) -> tuple[str, ...]:
    """A sink that was removed from the file meanwhile has nobody behind it: then the net."""
    sinks = tuple(pile.sink for _, pile in share.piles if pile.sink in course.ruleset.sinks)
    if not sinks and course.ruleset.unmatched is not None:
        sinks = tuple(dict.fromkeys(course.ruleset.unmatched.notify))
    return sinks


def _kept_back(course: Course, share: _Share, held: int) -> tuple[Line, ...]:
    if share.first.kind == "hold":
        return (Line("Kept back", "by the rule's window, which has closed"),)
    if share.first.kind != "hide":
        return ()
    over = len({entry.subject for entry in share.all}) - held
    rest = f"; {counted(over, 'other is', 'others are')} over" if over > 0 else ""
    if share.first.key == hiding.MUTE:
        return (Line("Kept back", f"by a mute window that has closed{rest}"),)
    return (Line("Kept back", f"by {_silence(course, share.first)}, which has ended{rest}"),)


def _silence(course: Course, pile: Pile) -> str:
    return pile.by or asides.hidden_by(course.memory.silences.get(pile.key.removeprefix(hiding.SILENCE)))


def _note(course: Course, share: _Share, sinks: tuple[str, ...]) -> None:
    """Nothing of what a silence hid still holds: people hear that it was so."""
    first = share.first
    events = [event for _, event in sorted(course.recall.events(_seqs(share.all)).items())]
    if not events:
        return
    messages = max(pile.messages for _, pile in share.piles) or len(events)
    what = f"{_silence(course, first)} has ended; it kept back {counted(messages, 'message')}, "
    what += "and nothing of it still holds"
    saying = Saying(
        first.rule,
        course.ruleset.named(first.rule),
        Reason.DIGEST,
        severity=Severity.INFO,
        headline=what,
        mark=_mark(first),
        over=frozenset(_seqs(share.all)),
    )
    telling.say(course, saying, events, sinks)
