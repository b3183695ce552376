"""Writes share transactions, but not each other's failures; the order of numbers is the order of commits."""

from __future__ import annotations

import asyncio
from functools import partial

import anyio
import pytest
from sqlalchemy import text

from monitor.model import EventType
from monitor.store import (
    Connection,
    StaleWrite,
    Store,
    StoreClosed,
    StoreConflict,
    StoreError,
    append_events,
    last_seq,
    open_store,
    read_events,
)
from monitor.telemetry.meter import Meter
from tests.kit.made import draft


class Counted(Meter):
    def __init__(self) -> None:
        self.writes = self.failed = 0

    def committed(self, writes: int, failed: int, seconds: float) -> None:
        self.writes += writes
        self.failed += failed


def failing(conn: Connection) -> None:
    conn.execute(text("INSERT INTO cursors (name, seq) VALUES ('failing', 1)"))
    raise StaleWrite("this one alone")


def named(conn: Connection, name: str, seq: int = 1) -> str:
    conn.execute(text("INSERT INTO cursors (name, seq) VALUES (:name, :seq)"), {"name": name, "seq": seq})
    return name


def names(conn: Connection) -> list[str]:
    return list(conn.execute(text("SELECT name FROM cursors ORDER BY name")).scalars())


async def test_one_failing_write_of_a_group_fails_alone(store: Store) -> None:
    writes = [
        partial(named, name="a"),
        failing,
        partial(named, name="b"),
        partial(named, name="a"),
        partial(named, name="c"),
    ]
    results = await asyncio.gather(*(store.write(fn) for fn in writes), return_exceptions=True)
    assert [results[0], results[2], results[4]] == ["a", "b", "c"]
    assert isinstance(results[1], StaleWrite)
    assert isinstance(results[3], StoreConflict)
    assert await store.read(names) == ["a", "b", "c"]


async def test_what_was_refused_is_no_failure_of_the_store(home) -> None:
    """Alerts look at the failures: a person's 404 and a row that had moved are none, what the database refused is."""
    count = Counted()
    store = await open_store(home.url, state_dir=home.state_dir, lock=True, meter=count)

    def asked_in_vain(conn: Connection) -> None:
        raise LookupError("there is no such delivery")

    writes = [partial(named, name="a"), asked_in_vain, failing, partial(named, name="a")]
    await asyncio.gather(*(store.write(fn) for fn in writes), return_exceptions=True)
    await store.aclose()
    assert (count.writes, count.failed) == (2, 1)


async def test_writes_that_wait_share_one_transaction(store: Store) -> None:
    def transaction(conn: Connection) -> object:
        if conn.dialect.name == "postgresql":
            return conn.execute(text("SELECT pg_current_xact_id()::text")).scalar_one()
        return conn.execute(text("SELECT count(*) FROM cursors")).scalar_one()  # grows only by what commits

    first, *rest = await asyncio.gather(*(store.write(transaction) for _ in range(20)))
    assert set(rest) == {first}


async def test_seq_follows_the_order_of_commits_under_concurrent_writers(store: Store) -> None:
    seen: list[int] = []

    async def produce(producer: int) -> None:
        for number in range(10):
            what = draft(subject=f"job/{producer}-{number}")
            (event,) = await store.write(partial(append_events, epoch=store.epoch, drafts=[(what, 1)]))
            assert event.seq <= await store.read(last_seq)
            seen.append(event.seq)

    async with anyio.create_task_group() as producers:
        for producer in range(20):
            producers.start_soon(produce, producer)
    stored = await store.read(partial(read_events, limit=1000))
    assert [event.seq for event in stored] == list(range(1, 201))
    assert sorted(seen) == list(range(1, 201))


async def test_a_reader_never_sees_a_number_before_all_smaller_ones(home, store: Store) -> None:
    """Two stores write at once, as `sinks test` beside the daemon does."""
    other = await home.open(lock=False)
    done = False

    async def produce(through: Store, name: str) -> None:
        for number in range(25):
            what = draft(subject=f"job/{name}-{number}")
            await through.write(partial(append_events, epoch=through.epoch, drafts=[(what, 1), (what, 2)]))

    async def watch() -> None:
        while not done:
            seqs = [event.seq for event in await store.read(partial(read_events, limit=1000))]
            assert seqs == list(range(1, len(seqs) + 1))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        async with anyio.create_task_group() as producers:
            producers.start_soon(produce, store, "one")
            producers.start_soon(produce, other, "two")
        done = True
    await other.aclose()
    assert await store.read(last_seq) == 100


async def test_a_cancelled_caller_hears_of_it_after_the_commit_which_is_kept(store: Store) -> None:
    caller = asyncio.create_task(store.write(partial(named, name="kept")))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await store.read(names) == ["kept"]


async def test_a_cancel_scope_ends_after_the_commit_with_its_result_known(store: Store) -> None:
    known = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        known.append(await store.write(partial(named, name="kept")))
        await anyio.sleep(0)
        known.append("never")
    assert known == ["kept"]
    assert await store.read(names) == ["kept"]


async def test_close_commits_what_waits_and_takes_no_more(home, store: Store) -> None:
    waiting = [asyncio.create_task(store.write(partial(named, name=name))) for name in "abc"]
    await asyncio.sleep(0)
    await store.aclose()
    assert await asyncio.gather(*waiting) == ["a", "b", "c"]
    with pytest.raises(StoreClosed):
        await store.write(names)
    with pytest.raises(StoreClosed):
        await store.read(names)
    again = await home.open()
    assert await again.read(names) == ["a", "b", "c"]
    await again.aclose()


async def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError, match=r"read.?only|may not be written"):
        await store.read(partial(named, name="sneaked in"))
    assert await store.read(names) == []


async def test_a_read_sees_one_snapshot(store: Store) -> None:
    """What another commits between two statements of a read does not show in it."""
    loop = asyncio.get_running_loop()
    await store.write(partial(named, name="before"))

    def twice(conn: Connection) -> tuple[list[str], list[str]]:
        first = names(conn)
        committed.append(asyncio.ensure_future(store.write(partial(named, name="between")), loop=loop))
        for _ in range(20_000):
            conn.execute(text("SELECT 1"))  # gives the loop to the write
            if committed[0].done():
                break
        assert committed[0].done()
        return first, names(conn)

    committed: list[asyncio.Future[str]] = []
    assert await store.read(twice) == (["before"], ["before"])
    assert await store.read(names) == ["before", "between"]


async def test_the_types_of_events_survive(store: Store) -> None:
    await store.write(partial(append_events, epoch=store.epoch, drafts=[(draft(type=EventType.JOB_GONE), 1)]))
    (event,) = await store.read(partial(read_events))
    assert event.type is EventType.JOB_GONE


def test_an_ending_event_loop_leaves_whole_transactions(sqlite_home) -> None:
    """A program that ends without closing the store: its callers are cancelled, its database is whole."""
    ended: list[BaseException] = []

    async def main() -> None:
        store = await sqlite_home.open()

        async def caller(name: str) -> None:
            try:
                await store.write(partial(named, name=name))
            except BaseException as error:
                ended.append(error)
                raise

        await store._readers.dispose()
        tasks = [asyncio.create_task(caller(name)) for name in "abc"]
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
        stores.append(store)
        callers.extend(tasks)

    stores: list[Store] = []
    callers: list[asyncio.Task[None]] = []
    asyncio.run(main())
    assert all(task.cancelled() for task in callers)
    assert {type(error) for error in ended} == {asyncio.CancelledError}
    with pytest.raises(StoreClosed):
        asyncio.run(stores[0].write(names))
    stores[0]._held.release()
    again = asyncio.run(read_again(sqlite_home))
    assert again in ([], ["a", "b", "c"])


async def read_again(home) -> list[str]:
    store = await home.open()
    found = await store.read(names)
    await store.aclose()
    return found
