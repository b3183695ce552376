"""The life of a delivery: claimed in order, settled with its receipt, made due again after a crash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from monitor.model import Delivery, DeliveryState, Outcome, Receipt
from monitor.store.columns import chunks
from monitor.store.errors import StoreError
from monitor.store.notifications import BLOCKED, load_notifications
from monitor.store.tables import attempts, deliveries, unsettled

CRASHED = "the daemon ended before the answer"

_CLAIM = (
    select(deliveries)
    .where(deliveries.c.sink == bindparam("of_sink"), deliveries.c.ready.is_(True))
    .where(deliveries.c.next_at <= bindparam("moment", type_=deliveries.c.next_at.type))
    .order_by(deliveries.c.n)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_SEND = (
    update(deliveries)
    .where(deliveries.c.n == bindparam("of_n"))
    .values(state=DeliveryState.SENDING.value, ready=False, attempt=bindparam("now_attempt"))
)


def claim(conn: Connection, sink: str, *, now: datetime, limit: int) -> list[Delivery]:
    """Takes what is due for the sink, in order, and opens an attempt for each. A delivery with an earlier unsettled
    one of the same rule and sink that shares a subject is not given out (promise 4)."""
    rows = conn.execute(_CLAIM, {"of_sink": sink, "moment": now, "most": limit}).all()
    if not rows:
        return []
    conn.execute(_SEND, [{"of_n": row.n, "now_attempt": row.attempt + 1} for row in rows])
    opened = [{"delivery": row.n, "attempt": row.attempt + 1, "started_at": now, "detail": ""} for row in rows]
    conn.execute(insert(attempts), opened)
    return load_deliveries(conn, rows, started=1)


def settle(
    conn: Connection,
    delivery_id: str,
    *,
    state: DeliveryState,
    receipt: Receipt,
    now: datetime,
    next_at: datetime | None = None,
) -> None:
    """Closes the open attempt with its receipt. `state` PENDING asks for another attempt at `next_at`; every other one
    is the end and frees the subjects. A delivery that ended meanwhile (its sink was removed) keeps that end."""
    row = conn.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one_or_none()
    if row is None:
        raise StoreError(f"There is no delivery {delivery_id} in the store.")
    if state is DeliveryState.SENDING or (state is DeliveryState.PENDING) != (next_at is not None):
        raise ValueError("a settled delivery has no next time, a pending one needs it")
    _close_attempts(conn, [row.n], receipt, now)
    if row.state != DeliveryState.SENDING.value:
        return
    finish(conn, [row.n], state, receipt.detail, now, next_at)


def recover_claims(conn: Connection, *, now: datetime) -> int:
    """For the start: what was being sent when the last run ended is due again; its attempt is closed as unknown."""
    where = (deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.settled_at.is_(None))
    numbers = list(conn.execute(select(deliveries.c.n).where(*where)).scalars())
    _close_attempts(conn, numbers, Receipt(outcome=Outcome.UNKNOWN, detail=CRASHED), now)
    finish(conn, numbers, DeliveryState.PENDING, CRASHED, now, now)
    return len(numbers)


def next_due(conn: Connection, sink: str) -> datetime | None:
    """When the next claim of this sink can give something out; None: not before something is settled or written."""
    query = select(func.min(deliveries.c.next_at)).where(deliveries.c.sink == sink, deliveries.c.ready.is_(True))
    due: datetime | None = conn.execute(query).scalar_one()
    return due


def finish(
    conn: Connection, numbers: Sequence[int], state: DeliveryState, detail: str, now: datetime, next_at: datetime | None
) -> None:
    """Moves open deliveries into `state`; where that is an end, what waited behind them may go."""
    changes: dict[str, Any] = {"state": state.value, "detail": detail, "next_at": next_at}
    changes |= {"ready": not state.settled, "settled_at": now if state.settled else None}
    for some in chunks(numbers):
        conn.execute(update(deliveries).where(deliveries.c.n.in_(some)).values(**changes))
    if state.settled:
        _release(conn, numbers)


def load_deliveries(conn: Connection, rows: Sequence[Row[Any]], *, started: int = 0) -> list[Delivery]:
    """Delivery rows with their notifications; `started` attempts are counted on top of what the rows say."""
    said = load_notifications(conn, (row.notification for row in rows))
    return [
        Delivery(id=row.id, sink=row.sink, attempt=row.attempt + started, notification=said[row.notification])
        for row in rows
    ]


def _close_attempts(conn: Connection, numbers: Iterable[int], receipt: Receipt, now: datetime) -> None:
    for some in chunks(list(numbers)):
        conn.execute(
            update(attempts)
            .where(attempts.c.delivery.in_(some), attempts.c.ended_at.is_(None))
            .values(ended_at=now, outcome=receipt.outcome.value, detail=receipt.detail, reference=receipt.reference)
        )


def _release(conn: Connection, numbers: Sequence[int]) -> None:
    """Frees the subjects of settled deliveries and lets those go that are now the first of all their subjects."""
    freed: dict[tuple[str, str], set[str]] = {}
    for some in chunks(numbers):
        where = unsettled.c.delivery.in_(some)
        for row in conn.execute(select(unsettled).where(where)):
            freed.setdefault((row.sink, row.rule), set()).add(row.subject)
        conn.execute(delete(unsettled).where(where))
    heads: set[int] = set()
    for (sink, rule), subjects in freed.items():
        for names in chunks(sorted(subjects)):
            of_these = (unsettled.c.sink == sink, unsettled.c.rule == rule, unsettled.c.subject.in_(names))
            first = select(func.min(unsettled.c.delivery)).where(*of_these).group_by(unsettled.c.subject)
            heads.update(conn.execute(first).scalars())
    for ns in chunks(sorted(heads)):
        waiting = (deliveries.c.n.in_(ns), deliveries.c.state == DeliveryState.PENDING.value, ~BLOCKED)
        conn.execute(update(deliveries).where(*waiting).values(ready=True))
