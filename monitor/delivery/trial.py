"""`sinks test`: a message that takes the whole way through the outbox, so that what it proves is the real thing."""

from __future__ import annotations

from datetime import datetime
from secrets import token_hex

from monitor.fields import Clock
from monitor.model import Reason, Severity
from monitor.rules.message import render
from monitor.store import NotificationWrite, Store, delivery_id, write_notifications
from monitor.store.deliveries import TEST_RULE


async def send_test(store: Store, sink: str, clock: Clock) -> str:
    """Writes a test message for `sink` and returns the delivery's id; whoever runs the outbox sends it.

    Raises StoreError.
    """
    write = trial_message(sink, clock.now())
    await store.write(lambda conn: write_notifications(conn, [write]))
    return delivery_id(write.id, sink)


def trial_message(sink: str, now: datetime) -> NotificationWrite:
    """A test message that is not written yet."""
    return NotificationWrite(
        id=token_hex(16),
        rule=TEST_RULE,
        severity=Severity.INFO,
        reason=Reason.TEST,
        text=render((), rule=TEST_RULE, reason=Reason.TEST, severity=Severity.INFO, now=now),
        created_at=now,
        event_seqs=(),
        subjects=(),
        sinks=(sink,),
    )
