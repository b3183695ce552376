"""What budgets need of the store: the ledger's rows one by one, and the marks of what was told of a budget."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Row, Select, delete, func, literal, select, tuple_, type_coerce

from monitor.store.bookings import BookingRow
from monitor.store.tables import bookings, budget_marks
from monitor.store.upsert import insert_new

_labels = msgspec.json.Decoder(dict[str, str]).decode
_at = type_coerce(bookings.c.at, BigInteger())
_number = bookings.c.id
Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A row of the ledger and its number, which grows with each commit. `place`: where a walk goes on behind it."""

    id: int
    place: Place
    row: BookingRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that was told of a budget in a period."""

    budget: str
    period: str
    threshold: str
    at: datetime


def last_booking(conn: Connection) -> int:
    """The number of the newest row; 0 where there is none."""
    return int(conn.execute(select(func.max(_number))).scalar() or 0)


def bookings_behind(conn: Connection, id: int, limit: int) -> list[Booked]:
    """The first `limit` rows that were written after the row `id`, in their order."""
    return _rows(conn, _query().where(_number > id).order_by(_number).limit(limit))


def bookings_since(
    conn: Connection, since: datetime, *, upto: int, behind: Place | None = None, limit: int
) -> list[Booked]:
    """The first `limit` rows with `since` <= at, and none newer than the row `upto`, in order of time; of a walk those
    behind the `place` of its last one."""
    query = _query().where(bookings.c.at >= since, _number <= upto)
    if behind is not None:
        last = tuple_(*(literal(value, BigInteger()) for value in behind))
        query = query.where(tuple_(_at, _number) > last)
    return _rows(conn, query.order_by(bookings.c.at, _number).limit(limit))


def load_marks(conn: Connection, budget: str | None = None) -> list[Mark]:
    """Of one budget, or of all, those that left the config among them."""
    query = select(budget_marks)
    if budget is not None:
        query = query.where(budget_marks.c.budget == budget)
    return [
        Mark(budget=row.budget, period=row.period, threshold=row.threshold, at=row.reached_at)
        for row in conn.execute(query)
    ]


def add_marks(conn: Connection, marks: Collection[Mark]) -> None:
    """One that is there stays as it is."""
    for each in marks:
        row = {"budget": each.budget, "period": each.period, "threshold": each.threshold, "reached_at": each.at}
        insert_new(conn, budget_marks, row)


def drop_marks(conn: Connection, budget: str, period: str, thresholds: Collection[str] | None = None) -> None:
    """None: all of that period."""
    where = [budget_marks.c.budget == budget, budget_marks.c.period == period]
    if thresholds is not None:
        where.append(budget_marks.c.threshold.in_(thresholds))
    conn.execute(delete(budget_marks).where(*where))


def _query() -> Select[Any]:
    return select(bookings, _at.label("at_ms"))


def _rows(conn: Connection, query: Select[Any]) -> list[Booked]:
    found: Sequence[Row[Any]] = conn.execute(query).all()
    return [Booked(id=row.id, place=(int(row.at_ms), row.id), row=_booking(row)) for row in found]


def _booking(row: Row[Any]) -> BookingRow:
    return BookingRow(
        account=row.account,
        provider=row.provider,
        region=row.region,
        scope_id=row.scope_id,
        job_id=row.job_id,
        job_name=row.job_name,
        kind=row.kind,
        model=row.model,
        flavor=row.flavor,
        workspace=row.workspace,
        creator=row.creator,
        labels=_labels(row.labels),
        at=row.at,
        tokens=row.tokens,
        node_ms=row.node_ms,
        card_ms=row.card_ms,
        cost=None if row.cost is None else Decimal(row.cost),
        currency=row.currency,
        correction=row.correction,
    )
