"""What the heartbeat asks the store: does anything wait for longer than it should? Costs as much as the backlog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from monitor.store.rules import get_cursor
from monitor.store.sink_health import SinkHealth, all_sink_health
from monitor.store.tables import deliveries, events


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits for one sink, being sent included. `since`: how long the one waits that waits for longest; one that
    was asked for again waits from then on."""

    count: int
    since: datetime


SINK_WORDS: Final = ("ok", "failing", "open")


def sink_word(health: SinkHealth | None) -> str:
    """`open`: only a probe is sent now and then; `failing`: the last attempts failed, and it is still tried."""
    if health is not None and health.probe_at is not None:
        return "open"
    return "ok" if health is None or health.since is None else "failing"


def held_back(conn: Connection, sinks: Iterable[str]) -> dict[str, str]:
    """Of these sinks those that take nothing, in the same order, with what they answer."""
    known = all_sink_health(conn)
    there = {sink: known[sink] for sink in sinks if sink in known}
    return {sink: health.detail for sink, health in there.items() if sink_word(health) == "open"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """On one snapshot, by sink; one of which there is nothing to tell is left out."""

    unrouted_since: datetime | None
    """When the oldest event was found that routing has not taken yet; None where it has taken all."""
    waiting: Mapping[str, Backlog]
    sinks: Mapping[str, SinkHealth]


def read_vitals(conn: Connection, *, routing: str) -> Vitals:
    """`routing` is the name of the cursor by which the event log is routed."""
    return Vitals(
        unrouted_since=oldest_unrouted(conn, routing), waiting=read_backlogs(conn), sinks=all_sink_health(conn)
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
