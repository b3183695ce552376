"""Changes of a stock that were not told one by one, for there were too many: `flavor.flapping` was told instead."""

from __future__ import annotations

from monitor.lab.known import Known
from monitor.lab.pending import Step
from monitor.model import Event, EventType
from monitor.rules import RuleState
from monitor.rules.holding import STOCK, subject_of


def flapped(state: RuleState, event: Event, known: Known) -> list[Step]:
    """One step where the event is such a change, else none."""
    if event.type not in STOCK:
        return []
    before = next((each for each in reversed(known.earlier) if _flaps(each)), None)
    after = next((each for each in known.later if _flaps(each)), None)
    begins = next((each for each in known.later if _flaps(each) or each.type in STOCK), None)
    if before is not None and not _settled(before):
        told = f" (event {before.seq}"
        told += f"; event {after.seq} says how it settled)" if after is not None and _settled(after) else ")"
    elif begins is not None and _flaps(begins) and not _settled(begins):
        told = f" (event {begins.seq})"
    else:
        flips = state.flips.get(subject_of(event))
        if flips is None or flips.since is None or flips.since > event.detected_at:
            return []
        told = ""
    return [Step(event.detected_at, f"the stock changed too often: told as flavor.flapping instead{told}")]


def _flaps(event: Event) -> bool:
    return event.type is EventType.FLAVOR_FLAPPING


def _settled(event: Event) -> bool:
    return bool(event.data.get("settled"))
