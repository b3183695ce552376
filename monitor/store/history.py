"""The event log at full speed, for who reads all of a long stretch of it: a back-test of rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from monitor.model import Event, EventType, Severity
from monitor.store.event_query import first_since, last_before
from monitor.store.tables import events

_COLUMNS = (
    *(events.c.seq, events.c.id, events.c.type, events.c.account, events.c.subject, events.c.revision),
    *(events.c.time, events.c.detected_at, events.c.severity, events.c.late, events.c.quiet, events.c.data),
)
_decode = msgspec.json.Decoder(dict[str, Any]).decode


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
            time=time,
            detected_at=detected_at,
            severity=severities[severity],
            data=_decode(data),
            late=late,
            quiet=quiet,
        )
        for seq, name, kind, account, subject, revision, time, detected_at, severity, late, quiet, data in rows
    ]
