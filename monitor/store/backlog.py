"""A backlog told at once: what waits too long for a sink, and its end in one catch-up message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, func, select

from monitor.model import Delivery, DeliveryState
from monitor.store.columns import chunks
from monitor.store.deliveries import finish, load_deliveries
from monitor.store.notifications import NotificationWrite, write_notifications
from monitor.store.tables import deliveries

_OPEN = deliveries.c.settled_at.is_(None)
_PENDING = deliveries.c.state == DeliveryState.PENDING.value


def backlog(conn: Connection, sink: str, *, older_than: datetime) -> list[tuple[str, list[Delivery]]]:
    """The pending deliveries of the sink that were written (or asked for again) before `older_than`, by rule, in
    order."""
    begun = func.coalesce(deliveries.c.renewed_at, deliveries.c.created_at)
    query = select(deliveries).where(deliveries.c.sink == sink, _OPEN, _PENDING, begun < older_than)
    rows = conn.execute(query.order_by(deliveries.c.rule, deliveries.c.n)).all()
    return [
        (rule, load_deliveries(conn, list(of_rule))) for rule, of_rule in groupby(rows, key=lambda row: str(row.rule))
    ]


def collapse(conn: Connection, delivery_ids: Iterable[str], into: NotificationWrite) -> None:
    """Ends those of the deliveries that are still pending, and writes the one message that tells of them. `into` is
    written even if none of them was left; ask `backlog` in the same transaction."""
    numbers: list[int] = []
    for some in chunks(list(delivery_ids)):
        numbers += conn.execute(select(deliveries.c.n).where(deliveries.c.id.in_(some), _PENDING)).scalars()
    finish(conn, numbers, DeliveryState.COLLAPSED, f"told in {into.id}", into.created_at, None)
    write_notifications(conn, [into])


def kill_sink(conn: Connection, sink: str, reason: str, now: datetime) -> int:
    """Ends all open deliveries of a sink that was removed; gives how many there were."""
    numbers = list(conn.execute(select(deliveries.c.n).where(deliveries.c.sink == sink, _OPEN)).scalars())
    finish(conn, numbers, DeliveryState.DEAD, reason, now, None)
    return len(numbers)
