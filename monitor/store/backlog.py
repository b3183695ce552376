"""A backlog told at once: what waits too long for a sink, and its end in catch-up messages."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, func, select

from monitor.model import Delivery, DeliveryState, Reason
from monitor.store.columns import chunks
from monitor.store.deliveries import finish, load_deliveries
from monitor.store.notifications import NotificationWrite, write_notifications
from monitor.store.tables import deliveries, notification_events, notifications

_OPEN = deliveries.c.settled_at.is_(None)
_PENDING = deliveries.c.state == DeliveryState.PENDING.value
_begun = func.coalesce(deliveries.c.renewed_at, deliveries.c.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many messages of a rule wait for a sink, and when the oldest was written, or asked for again."""

    rule: str
    count: int
    oldest: datetime


def backlog(conn: Connection, sink: str) -> list[Waiting]:
    """The pending deliveries of the sink by rule, without tests."""
    query = (
        select(deliveries.c.rule, func.count(), func.min(_begun))
        .join(notifications, notifications.c.n == deliveries.c.notification)
        .where(deliveries.c.sink == sink, _OPEN, _PENDING, notifications.c.reason != Reason.TEST.value)
        .group_by(deliveries.c.rule)
        .order_by(deliveries.c.rule)
    )
    return [Waiting(rule=rule, count=count, oldest=oldest) for rule, count, oldest in conn.execute(query)]


def piece(conn: Connection, sink: str, rule: str, *, most: int, without: Collection[str]) -> list[Delivery]:
    """The oldest of the rule's backlog, in the order of its events: at least one message, and no more than have `most`
    events together. `without`: ids of deliveries that are left out."""
    first = func.min(notification_events.c.seq)
    query = (
        select(deliveries.c.n, deliveries.c.id, func.count(notification_events.c.seq).label("size"))
        .join(notifications, notifications.c.n == deliveries.c.notification)
        .outerjoin(notification_events, notification_events.c.notification == deliveries.c.notification)
        .where(deliveries.c.sink == sink, deliveries.c.rule == rule, _OPEN, _PENDING)
        .where(notifications.c.reason != Reason.TEST.value)
        .group_by(deliveries.c.n, deliveries.c.id)
        .order_by(func.coalesce(first, 0), deliveries.c.n)
        .limit(most + len(without))
    )
    numbers: list[int] = []
    size = 0
    for n, id_, events in conn.execute(query):
        if id_ in without:
            continue
        size += max(1, events)
        if numbers and size > most:
            break
        numbers.append(n)
    return _loaded(conn, numbers)


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


def expire(conn: Connection, sink: str, reason: str, *, before: datetime, now: datetime) -> list[str]:
    """Ends the sink's deliveries that wait since before a moment; gives the ids of those that are no tests, in their
    order."""
    query = (
        select(deliveries.c.n, deliveries.c.id, notifications.c.reason)
        .join(notifications, notifications.c.n == deliveries.c.notification)
        .where(deliveries.c.sink == sink, _OPEN, _PENDING, _begun < before)
    )
    found = conn.execute(query.order_by(deliveries.c.n)).all()
    finish(conn, [row.n for row in found], DeliveryState.DEAD, reason, now, None)
    return [row.id for row in found if row.reason != Reason.TEST.value]


def waiting_sinks(conn: Connection) -> set[str]:
    """For which anything waits, being sent included."""
    return set(conn.execute(select(deliveries.c.sink).where(_OPEN).distinct()).scalars())


def count_waiting(conn: Connection, sink: str, most: int = 1_000_000) -> int:
    """How many deliveries of the sink are open, being sent included; counted up to `most`."""
    some = select(deliveries.c.n).where(deliveries.c.sink == sink, _OPEN).limit(most).subquery()
    return int(conn.execute(select(func.count()).select_from(some)).scalar_one())


def waits_of_rule(conn: Connection, sink: str, rule: str) -> bool:
    query = select(deliveries.c.n).where(deliveries.c.sink == sink, deliveries.c.rule == rule, _OPEN).limit(1)
    return conn.execute(query).first() is not None


def from_ahead(conn: Connection, sink: str, now: datetime) -> bool:
    """Whether something waits that was written in what is the future now: the clock was set back."""
    later = now + timedelta(minutes=1)
    query = select(deliveries.c.n).where(deliveries.c.sink == sink, _OPEN, _begun > later).limit(1)
    return conn.execute(query).first() is not None


def _loaded(conn: Connection, numbers: list[int]) -> list[Delivery]:
    rows: list[Row[tuple[object, ...]]] = []
    for some in chunks(numbers):
        rows += conn.execute(select(deliveries).where(deliveries.c.n.in_(some)))
    place = {n: at for at, n in enumerate(numbers)}
    return load_deliveries(conn, sorted(rows, key=lambda row: place[row.n]))
