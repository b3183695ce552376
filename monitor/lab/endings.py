"""Which event ended what another one began, and whether a rule told the end without taking it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.lab.known import Known, Told
from monitor.model import Event, Reason, rfc3339
from monitor.rules import RuleState
from monitor.rules.holding import state_of
from monitor.rules.state import Entry

_KEPT = (Reason.DIGEST, Reason.CATCH_UP)
"""Why an end is told that something kept back."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a rule had told, and when first; None: that is too long ago. `narrowed`: the state lasts, and is not any
    more as the rule's `while` asks."""

    event: Event | None
    at: datetime | None
    narrowed: bool = False

    def words(self) -> str:
        """A sentence without a dot."""
        when = f" at {rfc3339(self.at)}" if self.at is not None else " before"
        what = f"event {self.event.seq}, {self.event.type.value}," if self.event is not None else "something"
        over = "by this event its `while` does not hold any more" if self.narrowed else "this event ended that"
        return f"it told {what}{when}; {over}"


def ending(event: Event, later: Sequence[Event]) -> Event | None:
    """The event that ended the state which this one set."""
    state = state_of(event)
    return next((each for each in later if state is not None and state_of(each) not in (None, state)), None)


def begun(state: RuleState, rule: str, event: Event, known: Known) -> Begun | None:
    """What the rule had told that this event is the end of; None where it told, or tells, no such end."""
    waiting = next((entry for entry in _entries(state, rule, event.seq) if entry.over), None)
    told = [row for row in known.told if row.rule == rule]
    hidden = any(row.rule == rule for row in known.hidden)
    if waiting is not None and waiting.begun is not None:
        first = next((each for each in known.earlier if each.seq == waiting.begun), None)
        return Begun(first, waiting.told_at, first is not None and _lasts(first, event))
    found = _first_told(rule, event, known)
    if waiting is not None or any(row.reason is Reason.RESOLVED for row in told):
        return found or Begun(None, None)
    return found if hidden or any(row.reason in _KEPT for row in told) else None


def _entries(state: RuleState, rule: str, seq: int) -> list[Entry]:
    return [entry for pile in state.piles.values() if pile.rule == rule for entry in pile.entries if entry.seq == seq]


def _first_told(rule: str, event: Event, known: Known) -> Begun | None:
    """The first message of the rule about the state that was until the event."""
    lasted: dict[int, Event] = {}
    former: str | None = None
    for each in reversed(known.earlier):
        state = state_of(each)
        if state is None:
            continue
        former = former or state
        if state != former:
            break
        lasted[each.seq] = each
    rows = [row for row in known.before if row.rule == rule and row.seq in lasted and row.reason is not Reason.RESOLVED]
    first = min(rows, key=_age, default=None)
    return Begun(lasted[first.seq], first.at, _lasts(lasted[first.seq], event)) if first is not None else None


def _lasts(begun: Event, event: Event) -> bool:
    return state_of(event) in (None, state_of(begun))


def _age(row: Told) -> tuple[datetime, int]:
    return row.at, row.seq
