"""What the heartbeat asks the store: does anything wait for longer than it should? Costs as much as the backlog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from monitor.store.rules import get_cursor
from monitor.store.tables import deliveries, events, sink_health


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits for one sink, being sent included. `since`: how long the one waits that waits for longest; one that
    was asked for again waits from then on."""

    count: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkState:
    """`told_at`: its failing was told as an event, and it takes nothing yet. `probe_at`: until then nothing is sent to
    it, and then one message. `paced_to`: its rate is used up to then."""

    failing_since: datetime | None
    told_at: datetime | None
    probe_at: datetime | None
    paced_to: datetime | None


SINK_WORDS: Final = ("ok", "failing", "open")


def sink_word(state: SinkState | None) -> str:
    """`open`: only a probe is sent now and then; `failing`: the last attempts failed, and it is still tried."""
    if state is None or state.failing_since is None:
        return "ok"
    return "failing" if state.probe_at is None else "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """On one snapshot, by sink; one of which there is nothing to tell is left out."""

    unrouted_since: datetime | None
    """When the oldest event was found that routing has not taken yet; None where it has taken all."""
    waiting: Mapping[str, Backlog]
    sinks: Mapping[str, SinkState]


def read_vitals(conn: Connection, *, routing: str) -> Vitals:
    """`routing` is the name of the cursor by which the event log is routed."""
    return Vitals(
        unrouted_since=oldest_unrouted(conn, routing), waiting=read_backlogs(conn), sinks=read_sink_states(conn)
    )


def oldest_unrouted(conn: Connection, routing: str) -> datetime | None:
    after = events.c.seq > get_cursor(conn, routing)
    found: datetime | None = conn.execute(
        select(events.c.detected_at).where(after).order_by(events.c.seq).limit(1)
    ).scalar()
    return found


def read_backlogs(conn: Connection) -> dict[str, Backlog]:
    since = func.min(
        func.coalesce(deliveries.c.renewed_at, deliveries.c.created_at), type_=deliveries.c.created_at.type
    )
    query = (
        select(deliveries.c.sink, func.count(), since)
        .where(deliveries.c.settled_at.is_(None))
        .group_by(deliveries.c.sink)
    )
    return {sink: Backlog(count=int(count), since=oldest) for sink, count, oldest in conn.execute(query)}


def read_sink_states(conn: Connection) -> dict[str, SinkState]:
    table = sink_health.c
    rows = conn.execute(select(table.sink, table.since, table.told_at, table.probe_at, table.paced_to))
    return {
        sink: SinkState(failing_since=since, told_at=told, probe_at=probe, paced_to=paced)
        for sink, since, told, probe, paced in rows
    }
