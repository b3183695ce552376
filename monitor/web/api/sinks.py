"""The sinks of the config: how the last message fared, and what waits or was lost."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from monitor import store
from monitor.model import DeliveryState, rfc3339
from monitor.sinks.options import SinkOptions
from monitor.store import Connection
from monitor.store.sink_health import SinkHealth, all_sink_health
from monitor.store.vitals import Backlog, read_backlogs, sink_word
from monitor.web.api.cursor import cut
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time, told
from monitor.web.api.route import Answer, Listed, Page, Route


class LastDelivery(Answer, frozen=True, kw_only=True):
    """The newest one; `at` is when it ended, or was written where it has not ended."""

    id: str
    state: DeliveryState
    at: Time
    attempts: int
    detail: str


class SinkWord(StrEnum):
    OK = "ok"
    FAILING = "failing"
    """Its last attempts failed; it is still tried."""
    OPEN = "open"
    """It is held back: one message is tried now and then, the rest waits."""


class SinkItem(Answer, frozen=True, kw_only=True):
    """`waiting`: not ended yet. `given_up`: dead or refused, and not dropped."""

    name: str
    type: str
    state: SinkWord
    reason: Annotated[str | None, msgspec.Meta(description="What the last failure came to, while it fails.")]
    since: Annotated[Time | None, msgspec.Meta(description="When it began to fail, while it does.")]
    probe_at: Annotated[Time | None, msgspec.Meta(description="While it is held back: when it is tried next.")]
    waiting_since: Annotated[
        Time | None, msgspec.Meta(description="Since when the message waits that waits for longest.")
    ]
    delivered_at: Annotated[Time | None, msgspec.Meta(description="When it last took a message, a canary included.")]
    last_delivery: LastDelivery | None
    waiting: int
    given_up: int


def _list(conn: Connection, inside: Inside, asked: Listed) -> Page[SinkItem]:
    counts = store.count_deliveries(conn)
    page = cut("sinks", inside.settings.sinks, asked)
    backlogs, healths = read_backlogs(conn), all_sink_health(conn)
    items = [
        _item(
            conn,
            sink,
            counts.get(sink.name, {}),
            backlogs.get(sink.name),
            healths.get(sink.name, SinkHealth(sink=sink.name)),
        )
        for sink in page.items
    ]
    return Page(items=items, next=page.next)


def _item(
    conn: Connection, sink: SinkOptions, counts: dict[str, int], backlog: Backlog | None, health: SinkHealth
) -> SinkItem:
    last, word = None, SinkWord(sink_word(health))
    for row in store.list_deliveries(conn, sink=sink.name, limit=1):
        at = rfc3339(row.settled_at or row.created_at)
        last = LastDelivery(id=row.id, state=row.state, at=at, attempts=row.attempt, detail=row.detail)
    return SinkItem(
        name=sink.name,
        type=sink.type,
        state=word,
        reason=(health.detail or None) if word is not SinkWord.OK else None,
        since=told(health.since) if word is not SinkWord.OK else None,
        probe_at=told(health.probe_at),
        waiting_since=told(backlog.since) if backlog else None,
        delivered_at=told(health.delivered_at),
        last_delivery=last,
        waiting=counts.get("waiting", 0),
        given_up=counts.get("given_up", 0),
    )


ROUTES = (
    Route(path="/api/v1/sinks", summary="The sinks of the config.", fn=_list, asked=Listed, answer=Page[SinkItem]),
)
