"""The stored history as events, a page at a time: read from the store beside a running daemon, else asked of it.

The store is read where its file may be read, for that costs the daemon nothing; who is only of the socket's group asks
the daemon page by page, between which it does its own work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from monitor.cli.asking import Asker
from monitor.model import Event, EventType, Severity, rfc3339

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.store import Connection, Store

T = TypeVar("T")

PIECE = 2000
SILENCES = ("silence.added", "silence.ended")
"""What people said of silences counts long after; there is little of it."""


class Sent(NamedTuple):
    """A message that was written. `sinks`: those that it went to by itself, not in a message that caught up."""

    rule: str
    at: datetime
    shadow: bool
    sinks: tuple[str, ...]


class History(Protocol):
    """Events in the order of seq."""

    def events(self, since: datetime, until: datetime) -> Iterator[Event]:
        """What was detected from `since` on and before `until`."""
        ...

    def silences(self, until: datetime) -> Iterator[Event]:
        """What people said of silences before then."""
        ...

    def sent(self, since: datetime) -> Iterator[Sent]:
        """Messages that were written then or later."""
        ...

    def close(self) -> None: ...


class FromStore:
    """Each page is a short read of its own. Raises StoreError where the store cannot be opened."""

    def __init__(self, settings: Settings) -> None:
        from monitor.store import open_store

        self._runner = asyncio.Runner()
        self._store: Store | None = None
        try:
            opening = open_store(settings.store, state_dir=settings.state_dir, lock=False)
            self._store = self._runner.run(opening)
        except BaseException:
            self._runner.close()
            raise

    def events(self, since: datetime, until: datetime) -> Iterator[Event]:
        from monitor.store.history import read_log, stretch

        after, before = self._read(lambda conn: stretch(conn, since, until))
        while True:
            place = after
            found = self._read(lambda conn: read_log(conn, place, before, PIECE))  # noqa: B023
            yield from found
            if len(found) < PIECE:
                return
            after = found[-1].seq

    def silences(self, until: datetime) -> Iterator[Event]:
        from monitor.store import EventFilter, page_events

        behind: int | None = None
        wanted = EventFilter(types=SILENCES)
        while True:
            place = behind
            found, behind = self._read(
                lambda conn: page_events(conn, wanted, behind=place, limit=PIECE, ascending=True)  # noqa: B023
            )
            yield from (event for event in found if event.detected_at < until)
            if behind is None:
                return

    def sent(self, since: datetime) -> Iterator[Sent]:
        from monitor.store.history import read_sent

        after = 0
        while True:
            place = after
            found = self._read(lambda conn: read_sent(conn, since, place, PIECE))  # noqa: B023
            yield from (Sent(row.rule, row.created_at, row.shadow, row.sinks) for row in found)
            if len(found) < PIECE:
                return
            after = found[-1].n

    def _read(self, fn: Callable[[Connection], T]) -> T:
        assert self._store is not None
        return self._runner.run(self._store.read(fn))

    def close(self) -> None:
        try:
            if self._store is not None:
                self._runner.run(self._store.aclose())
        finally:
            self._runner.close()


class Asked:
    """Over the API, by whatever way the asker has."""

    def __init__(self, ask: Asker) -> None:
        self._ask = ask

    def events(self, since: datetime, until: datetime) -> Iterator[Event]:
        return self._items(since=rfc3339(since), until=rfc3339(until))

    def silences(self, until: datetime) -> Iterator[Event]:
        return self._items(type=list(SILENCES), until=rfc3339(until))

    def sent(self, since: datetime) -> Iterator[Sent]:
        for item in self._ask.items("/api/v1/notifications", 1 << 62, since=rfc3339(since)):
            if item["reason"] != "test":
                sinks = tuple(each["sink"] for each in item["deliveries"] if each["state"] != "collapsed")
                at = datetime.fromisoformat(item["created_at"])
                yield Sent(item["rule"], at, item.get("shadow", False), sinks)

    def _items(self, **asked: Any) -> Iterator[Event]:
        for item in self._ask.items("/api/v1/events", 1 << 62, order="oldest", **asked):
            yield event_of(item)

    def close(self) -> None:
        """The asker is its owner's."""


def event_of(item: Mapping[str, Any]) -> Event:
    """The event in a document of the API."""
    return Event(
        seq=item["seq"],
        id=item["id"],
        type=EventType(item["type"]),
        account=item["account"],
        subject=item["subject"],
        revision=0,
        time=datetime.fromisoformat(item["time"]),
        detected_at=datetime.fromisoformat(item["detected"]),
        severity=Severity(item["severity"]),
        data=item["data"],
        late=item["late"],
        quiet=item["quiet"],
    )


def whole(history: History, begin: datetime, until: datetime) -> Iterator[Event]:
    """What was found out from `begin` until before `until`, and before that what people silenced."""
    yield from history.silences(begin)
    yield from history.events(begin, until)
