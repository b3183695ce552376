"""Notifications as people ask for them: what was said, of what, and how it fared at each sink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from monitor.model import Reason, Severity
from monitor.store.columns import chunks, like_any
from monitor.store.delivery_list import DeliveryRow, delivery_rows, row_of
from monitor.store.tables import deliveries, events, notification_events, notifications
from monitor.store.walk import unindexed, walk

MOST_EVENTS = 100
"""How many events of one notification are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRow:
    """`events`: the numbers of the first hundred of `event_count`, `subjects` theirs as (account, subject). `shadow`: a
    rule on trial would have said it; it has no deliveries."""

    n: int
    id: str
    rule: str
    severity: Severity
    reason: Reason
    title: str
    plain: str
    created_at: datetime
    shadow: bool
    events: tuple[int, ...]
    event_count: int
    subjects: tuple[tuple[str, str], ...]
    deliveries: tuple[DeliveryRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRow:
    """That a rule said something of the event `seq`, why and when."""

    seq: int
    id: str
    rule: str
    reason: Reason
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFilter:
    """`search`: part of the title or the text, in any case. `since`: written then or later. `shadow`: only what rules
    on trial would have said, or nothing of it; None: both."""

    rule: str | None = None
    sink: str | None = None
    severity: str | None = None
    reason: str | None = None
    since: datetime | None = None
    search: str | None = None
    shadow: bool | None = None


def page_notifications(
    conn: Connection, wanted: NotificationFilter, *, behind: int | None = None, limit: int = 50
) -> tuple[list[NotificationRow], int | None]:
    """Newest first, and the number behind which the next page begins."""
    narrow, filters = _conditions(conn, wanted)
    query, key, place = select(notifications), notifications.c.n, None if behind is None else (behind,)
    found = walk(conn, query, (key,), narrow=narrow, filters=filters, after=place, limit=limit)
    return _whole(conn, found.rows), found.number


def get_notification(conn: Connection, id: str) -> NotificationRow | None:
    rows = conn.execute(select(notifications).where(notifications.c.id == id)).all()
    return next(iter(_whole(conn, rows)), None)


def notifications_of(conn: Connection, seq: int, limit: int = 100) -> list[NotificationRow]:
    """What was said of this event, oldest first."""
    said = select(notification_events.c.notification).where(notification_events.c.seq == seq)
    query = select(notifications).where(notifications.c.n.in_(said)).order_by(notifications.c.n).limit(limit)
    return _whole(conn, conn.execute(query).all())


def told_of(conn: Connection, seqs: Sequence[int]) -> list[ToldRow]:
    """What was said of these events, oldest first; what rules on trial would have said too."""
    link, said = notification_events.c, notifications.c
    columns = (link.seq, said.n, said.id, said.rule, said.reason, said.created_at)
    found: list[Row[Any]] = []
    for some in chunks(seqs):
        query = select(*columns).join(notifications, said.n == link.notification)
        found += conn.execute(query.where(link.seq.in_(some)))
    return [
        ToldRow(seq=row.seq, id=row.id, rule=row.rule, reason=Reason(row.reason), at=row.created_at)
        for row in sorted(found, key=lambda row: (row.n, row.seq))
    ]


def first_notification_since(conn: Connection, since: datetime) -> int:
    """The number of the first notification that was written then or later; one beyond all where there is none."""
    written = notifications.c.created_at
    query = select(notifications.c.n).where(written >= since).order_by(written, notifications.c.n).limit(1)
    return int(conn.execute(query).scalar() or 1 << 62)


def last_told(conn: Connection, rule: str) -> datetime | None:
    """When the rule last said something."""
    said = select(notifications.c.created_at).where(notifications.c.rule == rule)
    told: datetime | None = conn.execute(said.order_by(notifications.c.n.desc()).limit(1)).scalar()
    return told


def _conditions(
    conn: Connection, wanted: NotificationFilter
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    table = notifications.c
    narrow: list[ColumnElement[bool]] = []
    filters: list[ColumnElement[bool]] = []
    for column, word in ((table.rule, wanted.rule), (table.severity, wanted.severity)):
        if word is not None:
            (filters.append(unindexed(column) == word)) if narrow else narrow.append(column == word)
    if wanted.since is not None:
        narrow.append(table.n >= first_notification_since(conn, wanted.since))
    if wanted.shadow:
        filters.append(table.shadow.is_(True)) if narrow else narrow.append(table.shadow.is_(True))
    elif wanted.shadow is not None:
        filters.append(table.shadow.is_(False))
    if wanted.reason is not None:
        filters.append(table.reason == wanted.reason)
    if wanted.sink is not None:
        mine = select(1).where(deliveries.c.notification == table.n, unindexed(deliveries.c.sink) == wanted.sink)
        filters.append(mine.exists())
    if wanted.search:
        pattern = like_any(wanted.search)
        filters.append(or_(table.title.ilike(pattern, escape="\\"), table.plain.ilike(pattern, escape="\\")))
    return narrow, filters


def _whole(conn: Connection, rows: Sequence[Row[Any]]) -> list[NotificationRow]:
    numbers = [row.n for row in rows]
    links = _links(conn, numbers)
    sent: dict[int, list[DeliveryRow]] = {n: [] for n in numbers}
    for some in chunks(numbers):
        query = delivery_rows().where(deliveries.c.notification.in_(some)).order_by(deliveries.c.n)
        for row in conn.execute(query):
            sent[row.notification].append(row_of(row))
    return [_row(row, links.get(row.n, []), sent[row.n]) for row in rows]


def _links(conn: Connection, numbers: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The first events of each notification, with how many there are."""
    found: dict[int, list[Row[Any]]] = {}
    link = notification_events.c
    for some in chunks(numbers):
        counted = (
            select(
                link.notification,
                link.seq,
                func.row_number().over(partition_by=link.notification, order_by=link.seq).label("place"),
                func.count().over(partition_by=link.notification).label("of"),
            )
            .where(link.notification.in_(some))
            .subquery()
        )
        query = select(counted, events.c.account, events.c.subject).join(events, events.c.seq == counted.c.seq)
        for row in conn.execute(query.where(counted.c.place <= MOST_EVENTS)):
            found.setdefault(row.notification, []).append(row)
    return {n: sorted(rows, key=lambda row: int(row.place)) for n, rows in found.items()}


def _row(row: Row[Any], links: Sequence[Row[Any]], sent: Sequence[DeliveryRow]) -> NotificationRow:
    return NotificationRow(
        n=row.n,
        id=row.id,
        rule=row.rule,
        severity=Severity(row.severity),
        reason=Reason(row.reason),
        title=row.title,
        plain=row.plain,
        created_at=row.created_at,
        shadow=row.shadow,
        events=tuple(link.seq for link in links),
        event_count=links[0].of if links else 0,
        subjects=tuple(dict.fromkeys((link.account, link.subject) for link in links)),
        deliveries=tuple(sent),
    )
