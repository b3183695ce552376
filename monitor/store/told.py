"""Which events lately became messages, for those who ask what a silence would have kept from whom."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from monitor.model import Reason
from monitor.store.columns import chunks
from monitor.store.notification_list import first_notification_since
from monitor.store.tables import deliveries, notification_events, notifications

_BESIDE = (Reason.TEST.value, Reason.CATCH_UP.value)
"""Of these the rules have not said the words: a trial; what delivery told late instead of each by itself."""


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One event of one message that was sent to somebody."""

    notification: int
    rule: str
    seq: int


def told_since(conn: Connection, since: datetime, limit: int) -> list[ToldRow]:
    """Newest messages first, at most so many rows."""
    message, link = notifications.c, notification_events.c
    query = (
        select(message.n, message.rule, link.seq)
        .join(notification_events, link.notification == message.n)
        .where(message.n >= first_notification_since(conn, since))
        .where(message.shadow.is_(False), message.reason.not_in(_BESIDE))
        .order_by(message.n.desc(), link.seq)
        .limit(limit)
    )
    return [ToldRow(n, rule, seq) for n, rule, seq in conn.execute(query)]


def sinks_told(conn: Connection, numbers: Collection[int]) -> dict[int, list[str]]:
    """The sinks of these messages, by the message's number."""
    found: dict[int, list[str]] = {}
    for some in chunks(sorted(set(numbers))):
        query = select(deliveries.c.notification, deliveries.c.sink).where(deliveries.c.notification.in_(some))
        for n, sink in conn.execute(query.order_by(deliveries.c.notification, deliveries.c.n)):
            found.setdefault(n, []).append(sink)
    return found
