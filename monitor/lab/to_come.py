"""What the rules would still tell after the end of a case, if nothing more happened: what waits is not the same as
nothing."""

from __future__ import annotations

from typing import Final

from monitor.model import Reason
from monitor.rules import Engine, Notify, Recall, RuleSet, RuleState

_LOOKS: Final = 2_000
"""Moments that are gone through at most; reminders may lie between."""


def to_come(ruleset: RuleSet, state: RuleState, recall: Recall, *, reports: bool) -> tuple[Notify, ...]:
    """In order of time. Reminders, and what goes on to more people, are left out: they follow what was told. `reports`:
    whether the next one of each rule that makes some counts too."""
    engine = Engine(ruleset, state, recall)
    last = max((period.due for period in state.periods.values()), default=None) if reports else None
    found: list[Notify] = []
    for _ in range(_LOOKS):
        due = engine.next_due()
        if due is None or not (_waits(engine) or (last is not None and due <= last)):
            break
        found += [effect for effect in engine.advance(due, wall=due) if isinstance(effect, Notify)]
    skipped = frozenset() if reports else frozenset(rule.name for rule in ruleset.digests)
    return tuple(each for each in found if each.reason is not Reason.REMINDER and each.rule not in skipped)


def _waits(engine: Engine) -> bool:
    """Whether a message is kept back, or a state must last."""
    memory = engine.memory
    return any(pile.entries for pile in memory.piles) or any(
        timer.due is not None for row in memory.followed for timer in row.timers.values()
    )
