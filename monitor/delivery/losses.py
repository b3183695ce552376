"""Messages that were given up, as events: the first of a cause at once, the rest of an hour as one.

A wrong address refuses every message, and a sink that was down for days ends all of them; one critical message for
each would bury what it says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.diff import deliveries_dead, delivery_dead
from monitor.model import Delivery, EventDraft, EventType, Reason
from monitor.store import Connection
from monitor.store.sink_losses import LossRow, load_losses, save_losses

TOGETHER = timedelta(hours=1)
"""One event for each cause in that time."""
MOST_CAUSES = 8
"""Different ones of a sink in that time; what more there are is told as one."""
MANY_CAUSES = "many causes"
_OWN = frozenset({EventType.DELIVERY_DEAD, EventType.SINK_FAILING, EventType.SINK_RECOVERED})
_NUMBERS = re.compile(r"[0-9a-f]*[0-9][0-9a-f]{3,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Messages that ended together: one, or `count` of which `delivery` is the last."""

    detail: str
    delivery: str
    title: str = ""
    rule: str | None = None
    attempts: int = 0
    count: int = 1


def worth_telling(delivery: Delivery) -> bool:
    """The failure to tell of a sink makes no further event; a test's outcome is seen by who asked for it."""
    said = delivery.notification
    only_of_sinks = bool(said.events) and all(event.type in _OWN for event in said.events)
    return said.reason is not Reason.TEST and not only_of_sinks


def add_losses(conn: Connection, sink: str, losses: Sequence[Loss], now: datetime) -> list[EventDraft]:
    """Keeps account of what was lost now, and gives what is to be told of it and of what was lost before."""
    known = {cause: row for cause, row in load_losses(conn, sink).items() if row.count or not _over(row, now)}
    drafts = []
    for cause, row in known.items():
        if row.count and _over(row, now):
            drafts.append(_untold(row, now))
            known[cause] = replace(row, count=0, told_at=now)
    for loss in losses:
        cause = _cause(loss.detail)
        if cause not in known and len(known) >= MOST_CAUSES:
            cause = MANY_CAUSES
        before = known.get(cause)
        if before is None:
            drafts.append(_one(sink, loss, now) if loss.count == 1 else _of(sink, loss, now))
            known[cause] = LossRow(sink=sink, cause=cause, told_at=now, count=0, last=loss.delivery)
        else:
            known[cause] = replace(before, count=before.count + loss.count, last=loss.delivery)
    save_losses(conn, sink, known)
    return drafts


def untold_losses(conn: Connection, sink: str, now: datetime) -> list[EventDraft]:
    """What of its losses was not told yet, for it is the last time that anybody asks for this sink."""
    return [_untold(row, now) for row in load_losses(conn, sink).values() if row.count]


def _over(row: LossRow, now: datetime) -> bool:
    """One that was told in the future: the clock was set back."""
    return not now - TOGETHER < row.told_at <= now


def _cause(detail: str) -> str:
    """What differs from message to message is no cause of its own."""
    return _NUMBERS.sub("#", detail)[:120]


def _one(sink: str, loss: Loss, now: datetime) -> EventDraft:
    return delivery_dead(
        sink,
        rule=loss.rule,
        title=loss.title,
        attempts=loss.attempts,
        detail=loss.detail,
        now=now,
        delivery=loss.delivery,
    )


def _of(sink: str, loss: Loss, now: datetime) -> EventDraft:
    return deliveries_dead(sink, count=loss.count, detail=loss.detail, now=now, delivery=loss.delivery)


def _untold(row: LossRow, now: datetime) -> EventDraft:
    return deliveries_dead(row.sink, count=row.count, detail=row.cause, now=now, delivery=row.last)
