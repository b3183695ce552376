"""What the rules may look up, read from the store as of one turn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from monitor.model import Event, EventType
from monitor.store import Connection
from monitor.store.event_query import events_between, load_events
from monitor.store.flavors import stock_of


class Stored:
    """A `rules.Recall` over one read of the store."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def events(self, seqs: Collection[int]) -> Mapping[int, Event]:
        return load_events(self._conn, seqs)

    def between(self, types: Collection[EventType], since: datetime, until: datetime) -> Iterable[Event]:
        return events_between(self._conn, [each.value for each in types], since, until)

    def stock(self, account: str, flavor: str) -> Mapping[str, str]:
        return stock_of(self._conn, account, flavor)
