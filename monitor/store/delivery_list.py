"""Deliveries as people ask for them: lists, and one with all its attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from monitor.model import DeliveryState, Notification, Outcome, Severity
from monitor.store.notifications import load_notifications
from monitor.store.tables import attempts, deliveries, notifications


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One line of a list. `detail` is what the last attempt said, or why it ended."""

    n: int
    id: str
    notification: str
    rule: str
    sink: str
    state: DeliveryState
    attempt: int
    severity: Severity
    title: str
    created_at: datetime
    next_at: datetime | None
    settled_at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt; `ended_at` and `outcome` are None while it runs."""

    attempt: int
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    detail: str
    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    row: DeliveryRow
    notification: Notification
    attempts: tuple[AttemptRow, ...]


def list_deliveries(
    conn: Connection,
    *,
    sink: str | None = None,
    state: DeliveryState | None = None,
    notification: str | None = None,
    limit: int = 50,
) -> list[DeliveryRow]:
    """Newest first; `notification` is a notification's id."""
    query = delivery_rows()
    if sink is not None:
        query = query.where(deliveries.c.sink == sink)
    if state is not None:
        query = query.where(deliveries.c.state == state.value)
    if notification is not None:
        query = query.where(notifications.c.id == notification)
    return [row_of(row) for row in conn.execute(query.order_by(deliveries.c.n.desc()).limit(limit))]


def get_delivery(conn: Connection, id: str) -> DeliveryRecord | None:
    """The delivery with this id, its notification and all its attempts in order."""
    row = conn.execute(delivery_rows().where(deliveries.c.id == id)).one_or_none()
    if row is None:
        return None
    made = conn.execute(select(attempts).where(attempts.c.delivery == row.n).order_by(attempts.c.attempt))
    said = load_notifications(conn, [row.notification])[row.notification]
    return DeliveryRecord(row=row_of(row), notification=said, attempts=tuple(_attempt(each) for each in made))


def delivery_rows() -> Select[Any]:
    """The columns that `row_of` reads."""
    said = (notifications.c.id.label("notification_id"), notifications.c.severity, notifications.c.title)
    return select(deliveries, *said).join_from(deliveries, notifications)


def row_of(row: Row[Any]) -> DeliveryRow:
    """The delivery in a row of `delivery_rows`."""
    return DeliveryRow(
        n=row.n,
        id=row.id,
        notification=row.notification_id,
        rule=row.rule,
        sink=row.sink,
        state=DeliveryState(row.state),
        attempt=row.attempt,
        severity=Severity(row.severity),
        title=row.title,
        created_at=row.created_at,
        next_at=row.next_at,
        settled_at=row.settled_at,
        detail=row.detail,
    )


def _attempt(row: Row[Any]) -> AttemptRow:
    return AttemptRow(
        attempt=row.attempt,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        detail=row.detail,
        reference=row.reference,
    )


def count_deliveries(conn: Connection) -> dict[str, dict[str, int]]:
    """By sink: how many deliveries wait (`waiting`, those being sent included) and how many were `given_up`. Counted in
    the index, so it costs those, and not what was ever sent."""
    counts: dict[str, dict[str, int]] = {}
    last = ""
    while (sink := conn.execute(_NEXT_SINK, {"last": last}).scalar()) is not None:
        found = {"waiting": 0, "given_up": 0}
        for state, count in conn.execute(_COUNT, {"of_sink": sink}):
            found["waiting" if state in _OPEN else "given_up"] += count
        if any(found.values()):
            counts[sink] = found
        last = sink
    return counts


_OPEN = (DeliveryState.PENDING.value, DeliveryState.SENDING.value)
_COUNTED = (*_OPEN, DeliveryState.DEAD.value, DeliveryState.REFUSED.value)
_NEXT_SINK = select(deliveries.c.sink).where(deliveries.c.sink > bindparam("last")).order_by(deliveries.c.sink).limit(1)
_COUNT = (
    select(deliveries.c.state, func.count())
    .where(deliveries.c.sink == bindparam("of_sink"), deliveries.c.state.in_(_COUNTED))
    .group_by(deliveries.c.state)
)
