"""PostgreSQL gives no further connection, dies under the daemon, or is behind a network that drops everything."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from monitor.app.liveness import PROBE_PATIENCE
from monitor.store import StoreError, StoreLocked, StoreUnavailable, append_events, last_seq, open_store, postgres
from tests.faults.scene import GOES_ON, WAITS, scene
from tests.kit.made import draft
from tests.kit.postgres import PostgresServer, postgres_server

__all__ = ["postgres_server"]
pytestmark = pytest.mark.postgres


async def test_a_server_without_a_free_connection_is_named_and_costs_no_write(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    address = postgres_server.database()
    name = address.rpartition("/")[2]
    postgres_server.execute("CREATE ROLE few LOGIN CONNECTION LIMIT 2")
    postgres_server.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO few", name)
    store = await open_store(postgres_server.url(name, user="few"), state_dir=tmp_path, lock=True)
    reads = [store.read(last_seq) for _ in range(8)]
    done = await asyncio.gather(*reads, return_exceptions=True)
    refused = {str(error) for error in done if isinstance(error, StoreUnavailable)}
    others = [each for each in done if isinstance(each, BaseException) and not isinstance(each, StoreUnavailable)]
    (event,) = await store.write(partial(append_events, epoch=store.epoch, drafts=[(draft(), 1)]))
    assert await store.read(last_seq) == event.seq
    await store.aclose()
    assert (len(refused), others) == (1, [])
    assert refused.pop().endswith(" has no free connection.")
    (hint,) = {error.hint for error in done if isinstance(error, StoreUnavailable)}
    assert hint.startswith("Raise its max_connections")


async def test_more_readers_than_connections_wait_for_their_turn(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    store = await open_store(postgres_server.database(), state_dir=tmp_path, lock=True)
    done = await asyncio.gather(*(store.read(last_seq) for _ in range(100)), return_exceptions=True)
    await store.aclose()
    assert [each for each in done if isinstance(each, StoreError)] == []
    assert set(done) == {0}


class Wire:
    """Between us and the server. While it is cut whatever is sent vanishes, the end of a connection too, and nobody is
    told; what was open then stays silent for ever. What would carry `shut_at` is shut instead."""

    def __init__(self, shut_at: bytes = b"") -> None:
        self.cut = False
        self._shut_at = shut_at
        self._talks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def to(self, port: int) -> AsyncIterator[int]:
        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while self.cut:
                await asyncio.sleep(0.05)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            self._talks.append(asyncio.create_task(self._carry(reader, far_writer)))
            self._talks.append(asyncio.create_task(self._carry(far_reader, writer)))

        server = await asyncio.start_server(meet, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for talk in self._talks:
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while (data := await source.read(65_536)) and not self.cut:
                if self._shut_at and self._shut_at in data:
                    break
                sink.write(data)
                await sink.drain()
            if self.cut:
                await asyncio.sleep(3600)
        finally:
            sink.close()


async def test_a_network_that_drops_everything_is_noticed_in_time_and_its_end_too(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server does not know that the session with the lock is lost, and would keep it for hours."""
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(postgres, "WRITE_SECONDS", 1.5)
    address, wire = postgres_server.database(), Wire()
    async with wire.to(postgres_server.port) as port:
        url = address.replace(f":{postgres_server.port}/", f":{port}/")
        store = await open_store(url, state_dir=tmp_path, lock=True)
        write = partial(append_events, epoch=store.epoch, drafts=[(draft(), 1)])
        (event,) = await store.write(write)
        wire.cut = True
        for _ in range(2):
            begun = time.monotonic()
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                await store.write(last_seq)
            assert time.monotonic() - begun < 20
        wire.cut = False
        assert await store.write(last_seq) == event.seq
        with pytest.raises(StoreLocked, match=str(os.getpid())):
            await open_store(address, state_dir=tmp_path, lock=True)
        await store.aclose()


async def test_a_server_that_dies_while_the_lock_is_taken_is_named(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    address, wire = postgres_server.database(), Wire(shut_at=b"pg_try_advisory_lock")
    async with wire.to(postgres_server.port) as port:
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await open_store(address.replace(f":{postgres_server.port}/", f":{port}/"), state_dir=tmp_path, lock=True)


def test_a_server_that_is_silent_is_no_writer_that_hangs() -> None:
    """The watchdog must not end a daemon that only waits: a statement, the way out and in again are less."""
    to_drop = 2.0
    assert postgres.WRITE_SECONDS + postgres.CONNECT_SECONDS + 2 * to_drop < PROBE_PATIENCE


async def test_a_server_that_dies_under_the_daemon_is_waited_for(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    async with scene(tmp_path, store=postgres_server.database()) as it:
        jobs = await it.begin(2)
        await asyncio.to_thread(postgres_server.kill)
        it.end(*jobs)
        await it.until_said(WAITS)
        await asyncio.to_thread(postgres_server.start)
        await it.until_said(GOES_ON)
        await it.told(*jobs)
    assert "cannot be reached" in it.reasons(WAITS)[0]
