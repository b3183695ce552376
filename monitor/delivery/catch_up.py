"""A backlog told at once (promise 4): what waited too long for a sink becomes one message per rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.model import Delivery, Event, Reason
from monitor.rules.message import render
from monitor.store import Connection, NotificationWrite, backlog, collapse


def catch_up(conn: Connection, sink: str, *, after: float, now: datetime, names: Mapping[str, str]) -> int:
    """Collapses, rule by rule, what waits where its oldest was written, or asked for again, more than `after` seconds
    ago; gives how many messages that made.

    The young ones of the rule go into it too: sent by themselves they would come before the older story of the same
    job. One message that waits alone stays as it is, and so do tests. `names`: what people are called.
    """
    made = 0
    limit = now - timedelta(seconds=after)
    for rule, waiting in backlog(conn, sink, older_than=now + timedelta(seconds=1)):
        told = [each for each in waiting if each.notification.reason is not Reason.TEST]
        if len(told) > 1 and min(each.renewed_at or each.notification.created_at for each in told) < limit:
            collapse(conn, [each.id for each in told], _message(rule, sink, told, now, names))
            made += 1
    return made


def _message(
    rule: str, sink: str, waiting: Sequence[Delivery], now: datetime, names: Mapping[str, str]
) -> NotificationWrite:
    events: dict[int, Event] = {event.seq: event for each in waiting for event in each.notification.events}
    ordered = [events[seq] for seq in sorted(events)]
    severity = max((each.notification.severity for each in waiting), key=lambda severity: severity.rank)
    ids = "\0".join((sink, rule, *(each.id for each in waiting)))
    return NotificationWrite(
        id=blake2b(ids.encode(), digest_size=16).hexdigest(),
        rule=rule,
        severity=severity,
        reason=Reason.CATCH_UP,
        text=render(ordered, rule=rule, reason=Reason.CATCH_UP, severity=severity, now=now, names=names),
        created_at=now,
        event_seqs=tuple(event.seq for event in ordered),
        subjects=tuple(dict.fromkeys(f"{event.account or ''}|{event.subject}" for event in ordered)),
        sinks=(sink,),
    )
