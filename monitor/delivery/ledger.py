"""What delivery writes, each a plain function of one transaction: outcomes, the events they make, claims."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from monitor.delivery.policy import Settlement
from monitor.diff import delivery_dead
from monitor.model import Delivery, DeliveryState, EventDraft, EventType, Outcome, Reason, Receipt
from monitor.store import (
    Connection,
    StoreError,
    append_events,
    claim,
    get_delivery,
    list_deliveries,
    next_due,
    next_revision,
    settle,
)

UNSURE = "whether this claim was stored was unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An attempt that is over and has to be settled."""

    delivery: Delivery
    receipt: Receipt
    at: datetime
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction brought: what to send now, when to come back, whether an event was written."""

    claimed: Sequence[Delivery]
    due: datetime | None
    told: bool


def take_turn(conn: Connection, epoch: str, sink: str, *, ended: Sequence[Ended], free: int, now: datetime) -> Turn:
    """Settles what ended and claims as much as may be sent, in one transaction."""
    lost: list[EventDraft] = []
    for each in ended:
        state, next_at = each.settlement.state, each.settlement.next_at
        given_up = state in (DeliveryState.DEAD, DeliveryState.REFUSED)
        if given_up and _worth_telling(each.delivery) and _still_open(conn, each.delivery.id):
            lost.append(_dead(each, now))
        with suppress(StoreError):  # it is no longer there: dropped or pruned while it was being sent
            settle(conn, each.delivery.id, state=state, receipt=each.receipt, now=each.at, next_at=next_at)
    told = append_events(conn, epoch, [(draft, next_revision(conn, None, draft.subject)) for draft in lost])
    claimed = claim(conn, sink, now=now, limit=free) if free > 0 else []
    return Turn(claimed, next_due(conn, sink) if len(claimed) < free else None, bool(told))


def release_unsure(conn: Connection, sink: str, in_hand: Collection[str], now: datetime) -> int:
    """After a claim that may or may not have been committed: what is marked as being sent and is in nobody's hand
    becomes due again."""
    marked = list_deliveries(conn, sink=sink, state=DeliveryState.SENDING, limit=1000)
    orphans = [row.id for row in marked if row.id not in in_hand]
    receipt = Receipt(outcome=Outcome.UNKNOWN, detail=UNSURE)
    for orphan in orphans:
        settle(conn, orphan, state=DeliveryState.PENDING, receipt=receipt, now=now, next_at=now)
    return len(orphans)


def _still_open(conn: Connection, delivery_id: str) -> bool:
    """False where this very settlement was stored before, though the store could not confirm it: one event is enough.
    Or where the sink was removed meanwhile, which was told."""
    found = get_delivery(conn, delivery_id)
    return found is not None and not found.row.state.settled


def _worth_telling(delivery: Delivery) -> bool:
    """The failure to tell of a dead delivery makes no further event; a test's outcome is seen by who asked for it."""
    said = delivery.notification
    only_of_deaths = bool(said.events) and all(event.type is EventType.DELIVERY_DEAD for event in said.events)
    return said.reason is not Reason.TEST and not only_of_deaths


def _dead(ended: Ended, now: datetime) -> EventDraft:
    said = ended.delivery.notification
    return delivery_dead(
        ended.delivery.sink,
        rule=said.rule,
        title=said.text.title,
        attempts=ended.delivery.attempt,
        detail=ended.receipt.detail,
        now=now,
        delivery=ended.delivery.id,
    )
