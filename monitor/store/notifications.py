"""Notifications with their events, and one delivery per sink in the order that promise 4 asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, bindparam, exists, select, update

from monitor.model import DeliveryState, Notification, Reason, Severity, Text
from monitor.store import counters
from monitor.store.columns import chunks
from monitor.store.event_query import load_events
from monitor.store.prepared import Prepared, insert_into
from monitor.store.tables import deliveries, notification_events, notifications, unsettled


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationWrite:
    """A notification to store. `subjects` are `<account>|<subject>`; `sinks` are told each once."""

    id: str
    rule: str
    severity: Severity
    reason: Reason
    text: Text
    created_at: datetime
    event_seqs: tuple[int, ...]
    subjects: tuple[str, ...]
    sinks: tuple[str, ...]
    shadow: bool = False
    """Of a rule on trial: stored, delivered to nobody."""


_mine = unsettled.alias("mine")
_earlier = unsettled.alias("earlier")
BLOCKED = exists(
    select(1)
    .select_from(_mine)
    .join(
        _earlier,
        (_earlier.c.sink == _mine.c.sink)
        & (_earlier.c.rule == _mine.c.rule)
        & (_earlier.c.subject == _mine.c.subject)
        & (_earlier.c.delivery < _mine.c.delivery),
    )
    .where(_mine.c.delivery == deliveries.c.n)
)
"""An earlier unsettled delivery of the same rule and sink shares a subject with this one."""
_HOLD_BACK = Prepared(
    update(deliveries).where(deliveries.c.n.between(bindparam("first"), bindparam("last")), BLOCKED).values(ready=False)
)
_KNOWN = Prepared(select(notifications.c.n).where(notifications.c.id == bindparam("of_id")))
_NOTIFICATION = insert_into(
    notifications, "n", "id", "rule", "severity", "reason", "title", "plain", "markdown", "created_at", "shadow"
)
_LINK = insert_into(notification_events, "notification", "seq")
_DELIVERY = insert_into(
    deliveries,
    *("n", "id", "notification", "rule", "sink", "state", "ready", "attempt", "created_at", "next_at", "detail"),
)
_UNSETTLED = insert_into(unsettled, "sink", "rule", "subject", "delivery")


def delivery_id(notification: str, sink: str) -> str:
    """The same notification to the same sink always has this id."""
    return blake2b(f"{notification}\0{sink}".encode(), digest_size=16).hexdigest()


def write_notifications(conn: Connection, writes: Sequence[NotificationWrite]) -> None:
    """Stores the notifications that are not stored yet, in this order, and their deliveries as pending and due."""
    once = {write.id: write for write in writes}
    fresh = [write for write in once.values() if not _KNOWN.rows(conn, {"of_id": write.id})]
    if not fresh:
        return
    first = counters.take(conn, "notification", len(fresh))
    _NOTIFICATION.many(conn, [_columns(first + i, write) for i, write in enumerate(fresh)])
    links = [{"notification": first + i, "seq": seq} for i, w in enumerate(fresh) for seq in sorted(set(w.event_seqs))]
    _LINK.many(conn, links)
    sent = [(first + i, write, sink) for i, write in enumerate(fresh) if not write.shadow for sink in write.sinks]
    _write_deliveries(conn, sent)


def load_notifications(conn: Connection, numbers: Iterable[int]) -> dict[int, Notification]:
    """Those notifications by their numbers, with their events in the order of seq."""
    wanted = sorted(set(numbers))
    seqs: dict[int, list[int]] = {n: [] for n in wanted}
    for some in chunks(wanted):
        links = notification_events.c
        query = (
            select(links.notification, links.seq)
            .where(links.notification.in_(some))
            .order_by(links.notification, links.seq)
        )
        for n, seq in conn.execute(query):
            seqs[n].append(seq)
    known = load_events(conn, (seq for some_seqs in seqs.values() for seq in some_seqs))
    found: dict[int, Notification] = {}
    for some in chunks(wanted):
        for row in conn.execute(select(notifications).where(notifications.c.n.in_(some))):
            found[row.n] = Notification(
                id=row.id,
                rule=row.rule,
                severity=Severity(row.severity),
                reason=Reason(row.reason),
                text=Text(title=row.title, plain=row.plain, markdown=row.markdown),
                created_at=row.created_at,
                events=tuple(known[seq] for seq in seqs[row.n]),
            )
    return found


def _columns(n: int, write: NotificationWrite) -> dict[str, object]:
    return {
        "n": n,
        "id": write.id,
        "rule": write.rule,
        "severity": write.severity.value,
        "reason": write.reason.value,
        "title": write.text.title,
        "plain": write.text.plain,
        "markdown": write.text.markdown,
        "created_at": write.created_at,
        "shadow": write.shadow,
    }


def _write_deliveries(conn: Connection, made: Sequence[tuple[int, NotificationWrite, str]]) -> None:
    if not made:
        return
    first = counters.take(conn, "delivery", len(made))
    rows = [
        {
            "n": first + i,
            "id": delivery_id(write.id, sink),
            "notification": n,
            "rule": write.rule,
            "sink": sink,
            "state": DeliveryState.PENDING.value,
            "ready": True,
            "attempt": 0,
            "created_at": write.created_at,
            "next_at": write.created_at,
            "detail": "",
        }
        for i, (n, write, sink) in enumerate(made)
    ]
    _DELIVERY.many(conn, rows)
    subjects = [
        {"sink": sink, "rule": write.rule, "subject": subject, "delivery": first + i}
        for i, (_, write, sink) in enumerate(made)
        for subject in dict.fromkeys(write.subjects)
    ]
    if subjects:
        _UNSETTLED.many(conn, subjects)
        _HOLD_BACK.many(conn, [{"first": first, "last": first + len(made) - 1}])
