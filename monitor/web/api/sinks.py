"""The sinks of the config: how the last message fared, and what waits or was lost."""

from __future__ import annotations

from monitor import store
from monitor.model import DeliveryState, rfc3339
from monitor.store import Connection
from monitor.web.api.cursor import cut
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time
from monitor.web.api.route import Answer, Listed, Page, Route


class LastDelivery(Answer, frozen=True, kw_only=True):
    """The newest one; `at` is when it ended, or was written where it has not ended."""

    id: str
    state: DeliveryState
    at: Time
    attempts: int
    detail: str


class SinkItem(Answer, frozen=True, kw_only=True):
    """`waiting`: not ended yet. `given_up`: dead or refused, and not dropped."""

    name: str
    type: str
    last_delivery: LastDelivery | None
    waiting: int
    given_up: int


def _list(conn: Connection, inside: Inside, asked: Listed) -> Page[SinkItem]:
    counts = store.count_deliveries(conn)
    page = cut("sinks", inside.settings.sinks, asked)
    items = [_item(conn, sink.name, sink.type, counts.get(sink.name, {})) for sink in page.items]
    return Page(items=items, next=page.next)


def _item(conn: Connection, name: str, kind: str, counts: dict[str, int]) -> SinkItem:
    last = None
    for row in store.list_deliveries(conn, sink=name, limit=1):
        at = rfc3339(row.settled_at or row.created_at)
        last = LastDelivery(id=row.id, state=row.state, at=at, attempts=row.attempt, detail=row.detail)
    return SinkItem(
        name=name, type=kind, last_delivery=last, waiting=counts.get("waiting", 0), given_up=counts.get("given_up", 0)
    )


ROUTES = (
    Route(path="/api/v1/sinks", summary="The sinks of the config.", fn=_list, asked=Listed, answer=Page[SinkItem]),
)
