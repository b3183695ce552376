"""A backlog told at once (promise 4): what waited too long for a sink becomes one message per rule.

A backlog of more than a thousand events becomes as many messages as it takes, each with its events in order: who
takes them by machine misses nothing, and no message grows beyond what a sink can take.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.model import Delivery, Event, Reason
from monitor.rules.message import render
from monitor.store import Connection, NotificationWrite, backlog, collapse, delivery_id
from monitor.store.backlog import piece

MOST_EVENTS = 1000
"""Events in one catch-up message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The one message that stands for so many, by the id of its delivery, and how many events it tells."""

    delivery: str
    messages: int
    events: int


def overdue(conn: Connection, sink: str, *, after: float | None, now: datetime) -> list[str]:
    """The rules of which more than one message waits, the oldest written, or asked for again, more than `after` seconds
    ago; None: however long ago."""
    limit = now - timedelta(seconds=after or 0.0)
    found = backlog(conn, sink)
    return [each.rule for each in found if each.count > 1 and (after is None or each.oldest < limit)]


def catch_up(
    conn: Connection, sink: str, rule: str, *, now: datetime, names: Mapping[str, str], made: Collection[str] = ()
) -> Together | None:
    """Collapses the oldest part of what waits of the rule into one message; None: nothing waits but what was `made` so,
    by the ids of its deliveries. Until then nothing else of the sink may be claimed, or it would overtake.

    The young ones of the rule go into it too: sent by themselves they would come before the older story of the same
    job. `names`: what people are called.
    """
    waiting = piece(conn, sink, rule, most=MOST_EVENTS, without=made)
    if not waiting:
        return None
    write = _message(rule, sink, waiting, now, names)
    collapse(conn, [each.id for each in waiting], write)
    return Together(delivery=delivery_id(write.id, sink), messages=len(waiting), events=len(write.event_seqs))


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
