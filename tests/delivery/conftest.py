"""A real store, a real server for webhooks and a clock that stands still: what every test of delivery works with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from monitor.delivery import Outbox, SinkEntry
from monitor.fields.bell import Bell
from monitor.model import DeliveryState
from monitor.sinks.webhook.options import Options
from monitor.sinks.webhook.sink import build
from monitor.store import DeliveryRecord, Store, get_delivery, open_store, read_events
from monitor.wire import Http, new_session
from tests.kit.outbox import HookServer, SteppedClock, eventually, hook_server


class Bench:
    """One store, one server, and outboxes started on them."""

    def __init__(self, store: Store, server: HookServer, http: Http) -> None:
        self.store = store
        self.server = server
        self.clock = SteppedClock()
        self.events = Bell()
        self.ended = anyio.Event()
        self._http = http

    def entry(self, name: str, **options: Any) -> SinkEntry:
        url = f"http://127.0.0.1:{self.server.port}/{name}"
        made = Options(**{"name": name, "type": "webhook", "url": url, "timeout": "5s", **options})
        return SinkEntry(sink=build(made, self._http, self.clock), options=made)

    @asynccontextmanager
    async def running(
        self, *entries: SinkEntry | str, grace: float = 5.0, names: Mapping[str, str] | None = None
    ) -> AsyncIterator[Outbox]:
        sinks = [self.entry(each) if isinstance(each, str) else each for each in entries]
        outbox = Outbox(self.store, sinks, self.clock, events=self.events, names=names)
        self.ended = anyio.Event()
        async with anyio.create_task_group() as group:

            async def run() -> None:
                await outbox.run(grace=grace)
                self.ended.set()

            group.start_soon(run)
            yield outbox
            group.cancel_scope.cancel()

    async def record(self, id: str) -> DeliveryRecord:
        found = await self.store.read(lambda conn: get_delivery(conn, id))
        assert found is not None
        return found

    async def reaches(self, id: str, state: DeliveryState) -> DeliveryRecord:
        async def there() -> bool:
            return (await self.record(id)).row.state is state

        await eventually(there)
        return await self.record(id)

    async def attempted(self, id: str, times: int) -> DeliveryRecord:
        """Waits until that many attempts are over."""

        async def there() -> bool:
            return sum(each.ended_at is not None for each in (await self.record(id)).attempts) >= times

        await eventually(there)
        return await self.record(id)

    async def events_of(self, type: str) -> list[Any]:
        return await self.store.read(lambda conn: read_events(conn, types=[type]))


@pytest.fixture
def bench(tmp_path: Path) -> Callable[[], AbstractAsyncContextManager[Bench]]:
    @asynccontextmanager
    async def made() -> AsyncIterator[Bench]:
        store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
        async with hook_server() as server, new_session() as session:
            try:
                yield Bench(store, server, Http(session))
            finally:
                await store.aclose()

    return made
