"""A PostgreSQL server that gives no further connection, and more readers than we have connections."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from monitor.store import StoreError, StoreUnavailable, append_events, last_seq, open_store
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


async def test_more_readers_than_connections_wait_for_their_turn(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    store = await open_store(postgres_server.database(), state_dir=tmp_path, lock=True)
    done = await asyncio.gather(*(store.read(last_seq) for _ in range(100)), return_exceptions=True)
    await store.aclose()
    assert [each for each in done if isinstance(each, StoreError)] == []
    assert set(done) == {0}
