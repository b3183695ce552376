"""Sinks that the config no longer names: what waits for them ends, what was told of them is over, nobody asks again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from monitor.delivery.losses import untold_losses
from monitor.diff import deliveries_dead, sink_recovered
from monitor.model import EventDraft
from monitor.store import Connection, append_events, kill_sink, next_revision
from monitor.store.backlog import waiting_sinks
from monitor.store.sink_health import SinkHealth, all_sink_health, forget_sinks
from monitor.store.sink_losses import sinks_with_losses

REMOVED = "the sink was removed from the config"


def end_removed(conn: Connection, epoch: str, wanted: Collection[str], now: datetime) -> int:
    """What is known of any other sink than those `wanted` is told for the last time and forgotten. How many events
    that made."""
    waiting, known, lossy = waiting_sinks(conn), all_sink_health(conn), sinks_with_losses(conn)
    gone = sorted((waiting | known.keys() | lossy).difference(wanted))
    drafts: list[EventDraft] = []
    for sink in gone:
        drafts += untold_losses(conn, sink, now) if sink in lossy else ()
        if sink in waiting:
            drafts.append(deliveries_dead(sink, count=kill_sink(conn, sink, REMOVED, now), detail=REMOVED, now=now))
        drafts += _over(known[sink], now) if sink in known else ()
    for draft in drafts:
        append_events(conn, epoch, [(draft, next_revision(conn, None, draft.subject))])
    forget_sinks(conn, gone)
    return len(drafts)


def _over(health: SinkHealth, now: datetime) -> list[EventDraft]:
    """Who was told that it fails hears that this is over; else they would be reminded of it for ever."""
    if health.told_at is None or health.since is None:
        return []
    return [sink_recovered(health.sink, since=health.since, waiting=0, now=now, removed=True)]
