"""Deliveries a page at a time, newest first, and how many wait or are lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select

from monitor.model import DeliveryState
from monitor.store.columns import like_any
from monitor.store.delivery_list import DeliveryRow, delivery_rows, row_of
from monitor.store.notification_list import first_notification_since
from monitor.store.tables import deliveries, notifications
from monitor.store.vitals import read_backlogs
from monitor.store.walk import Walked, merged, unindexed, walk

_COMMON = frozenset({DeliveryState.DELIVERED, DeliveryState.COLLAPSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """`states`: any of these, without one all. `notification`: its id. `since`: its message was written then or later.
    `search`: part of the message's title or text or of what came of it, in any case."""

    sink: str | None = None
    states: Sequence[DeliveryState] = ()
    rule: str | None = None
    notification: str | None = None
    since: datetime | None = None
    search: str | None = None


def page_deliveries(
    conn: Connection, wanted: DeliveryFilter, *, behind: int | None = None, limit: int = 50
) -> tuple[list[DeliveryRow], int | None]:
    """Newest first, and the number behind which the next page begins."""
    narrow, filters = _conditions(conn, wanted)
    place = None if behind is None else (behind,)

    def one(*more: ColumnElement[bool]) -> Walked:
        within = [*narrow, *more]
        return walk(conn, delivery_rows(), (deliveries.c.n,), narrow=within, filters=filters, after=place, limit=limit)

    states = sorted(set(wanted.states)) if "state" in _first(wanted) else []
    # The index keeps the order within one state only.
    found = merged([one(deliveries.c.state == state.value) for state in states], limit) if states else one()
    return [row_of(row) for row in found.rows], found.number


def oldest_waiting(conn: Connection) -> datetime | None:
    """Since when the message waits that waits for longest; None where none waits."""
    return min((each.since for each in read_backlogs(conn).values()), default=None)


def _conditions(
    conn: Connection, wanted: DeliveryFilter
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """What one index serves together with the order, and the rest; the states that are looked for first are left to
    the caller."""
    table = deliveries.c
    narrow: list[ColumnElement[bool]] = []
    filters: list[ColumnElement[bool]] = []
    if wanted.notification is not None:
        of_it = select(notifications.c.n).where(notifications.c.id == wanted.notification).scalar_subquery()
        narrow.append(table.notification == of_it)
    first = _first(wanted)
    for name in ("sink", "rule"):
        column, word = table[name], getattr(wanted, name)
        if word is not None:
            (narrow.append(column == word)) if name in first else filters.append(unindexed(column) == word)
    if wanted.states and "state" not in first:
        filters.append(unindexed(table.state).in_([state.value for state in wanted.states]))
    if wanted.since is not None:
        narrow.append(table.n >= _first_since(conn, wanted.since))
    if wanted.search:
        pattern = like_any(wanted.search)
        said = (notifications.c.title, notifications.c.plain, table.detail)
        filters.append(or_(*(column.ilike(pattern, escape="\\") for column in said)))
    return narrow, filters


def _first(wanted: DeliveryFilter) -> tuple[str, ...]:
    """The columns whose index is walked. Most deliveries are delivered, so that a state is looked for first only where
    few have it."""
    if wanted.notification is not None:
        return ()
    if wanted.sink is not None:
        return ("sink", "state")
    few = wanted.states and _COMMON.isdisjoint(wanted.states)
    return ("state",) if few or wanted.rule is None else ("rule",)


def _first_since(conn: Connection, since: datetime) -> int:
    """The first delivery of the first notification since then: both are numbered in the order of commits."""
    first = first_notification_since(conn, since)
    mine = select(func.min(deliveries.c.n)).where(deliveries.c.notification == first)
    later = select(deliveries.c.n).where(deliveries.c.notification > first)
    later = later.order_by(deliveries.c.notification, deliveries.c.n).limit(1)
    found = conn.execute(mine).scalar() or conn.execute(later).scalar()
    return int(found or 1 << 62)
