"""`canary` of a sink: a small message at a fixed period through the real outbox, so that silence means that all is
well."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_hex

from monitor.delivery.breaker import CANARY
from monitor.fields import format_duration
from monitor.model import Reason, Severity
from monitor.rules.message.story import Line, told
from monitor.store import Connection, NotificationWrite, write_notifications
from monitor.store.backlog import waits_of_rule
from monitor.store.sink_health import SinkHealth


def canary_at(health: SinkHealth, every: float | None, now: datetime) -> datetime | None:
    """When the next one is due; None where the sink has none. The first one comes a period after the sink was first
    seen, and after a pause of many periods one comes, not many."""
    if every is None:
        return None
    last = health.canary_at
    # A last one that is yet to come: the clock was set back.
    return now if last is None or last > now else last + timedelta(seconds=every)


def let_fly(conn: Connection, health: SinkHealth, every: float, now: datetime) -> SinkHealth:
    """Writes a canary that is due, unless the one before it has not arrived yet."""
    if health.canary_at is not None and not waits_of_rule(conn, health.sink, CANARY):
        write_notifications(conn, [_canary(health.sink, every, now)])
    return replace(health, canary_at=now)


def _canary(sink: str, every: float, now: datetime) -> NotificationWrite:
    lines = [
        Line("", "Messages of the training monitor arrive here."),
        Line("", f"This one comes every {format_duration(every)}; if it stays away, something is wrong."),
    ]
    return NotificationWrite(
        id=token_hex(16),
        rule=CANARY,
        severity=Severity.INFO,
        reason=Reason.TEST,
        text=told("Canary: the training monitor reaches you", lines),
        created_at=now,
        event_seqs=(),
        subjects=(),
        sinks=(sink,),
    )
