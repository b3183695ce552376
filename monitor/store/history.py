"""The event log and what came of it at full speed, for who reads all of a long stretch: a back-test of rules."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, select, type_coerce

from monitor.model import DeliveryState, Event, EventType, Reason, Severity
from monitor.store.columns import EPOCH
from monitor.store.event_query import first_since, last_before
from monitor.store.notification_list import first_notification_since
from monitor.store.tables import deliveries, events, notifications

_COLUMNS = (
    *(events.c.seq, events.c.id, events.c.type, events.c.account, events.c.subject, events.c.revision),
    *(type_coerce(each, BigInteger).label(each.name) for each in (events.c.time, events.c.detected_at)),
    *(events.c.severity, events.c.late, events.c.quiet, events.c.data),
)
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class SentRow:
    """A message that was written. `sinks`: those that it went to by itself, not in a message that caught up."""

    n: int
    rule: str
    created_at: datetime
    shadow: bool
    sinks: tuple[str, ...]


def stretch(conn: Connection, since: datetime, until: datetime) -> tuple[int, int]:
    """The numbers between which lies all that was detected from `since` on and before `until`, both left out."""
    return first_since(conn, since) - 1, last_before(conn, until) + 1


def read_log(conn: Connection, after: int, before: int, limit: int) -> list[Event]:
    """Events with `after` < seq < `before`, in the order of seq."""
    within = (events.c.seq > after, events.c.seq < before)
    rows = conn.execute(select(*_COLUMNS).where(*within).order_by(events.c.seq).limit(limit))
    types, severities = {each.value: each for each in EventType}, {each.value: each for each in Severity}
    return [
        Event(
            seq=seq,
            id=name,
            type=types[kind],
            account=account or None,
            subject=subject,
            revision=revision,
            time=EPOCH + timedelta(0, 0, 0, time),
            detected_at=EPOCH + timedelta(0, 0, 0, detected_at),
            severity=severities[severity],
            data=_decode(data),
            late=late,
            quiet=quiet,
        )
        for seq, name, kind, account, subject, revision, time, detected_at, severity, late, quiet, data in rows
    ]


def read_sent(conn: Connection, since: datetime, after: int, limit: int) -> list[SentRow]:
    """Messages with a greater number than `after` that were written at `since` or later, trials left out."""
    said = notifications.c
    first = max(after + 1, first_notification_since(conn, since))
    query = select(said.n, said.rule, said.created_at, said.shadow).where(said.n >= first)
    rows = conn.execute(query.where(said.reason != Reason.TEST.value).order_by(said.n).limit(limit)).all()
    if not rows:
        return []
    sinks: dict[int, list[str]] = defaultdict(list)
    sent = deliveries.c
    went = select(sent.notification, sent.sink).where(sent.notification.between(rows[0].n, rows[-1].n))
    for n, sink in conn.execute(went.where(sent.state != DeliveryState.COLLAPSED.value).order_by(sent.n)):
        sinks[n].append(sink)
    return [SentRow(n, rule, created_at, shadow, tuple(sinks[n])) for n, rule, created_at, shadow in rows]
