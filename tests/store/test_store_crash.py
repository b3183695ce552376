"""The store after the worst: killed processes, a full disk, a PostgreSQL server that dies under it."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from monitor.store import (
    Store,
    StoreFull,
    StoreLocked,
    StoreUnavailable,
    append_events,
    last_seq,
    open_store,
    read_events,
)
from tests.kit.forked import python
from tests.kit.made import draft
from tests.kit.postgres import PostgresServer

KILLS = 20
WRITER = """
import asyncio, os, random, select, signal, sqlite3, sys, time
from functools import partial
from pathlib import Path
from monitor.store import alembic, append_events, first_sight, open_store
from tests.kit.made import draft

folder, kills = Path(sys.argv[1]), int(sys.argv[2])

async def write_for_ever(life, pipe):
    store = await open_store("sqlite:monitor.db", state_dir=folder, lock=True)
    async def produce(producer):
        number = 0
        while True:
            number += 1
            drafts = [(draft(subject=f"job/{life}-{producer}"), 2 * number + i) for i in range(2)]
            def both(conn):
                first_sight(conn, "north", "fact", f"{life}-{producer}-{number}")
                return append_events(conn, store.epoch, drafts)
            told = await store.write(both)
            os.write(pipe, b"%d\\n" % told[-1].seq)
    await asyncio.gather(*(produce(producer) for producer in range(8)))

def one_life(life, seconds):
    ears, mouth = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ears)
        asyncio.run(write_for_ever(life, mouth))
    os.close(mouth)
    said, until = b"", time.monotonic() + 30
    if seconds > 0.05:
        select.select([ears], [], [], 30)  # the clock starts with the first acknowledged write
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while chunk := os.read(ears, 65536):
        said += chunk
    os.close(ears)
    return [int(line) for line in said.decode().split("\\n")[:-1]]

def stored():
    raw = sqlite3.connect(folder / "monitor.db")
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    if not raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall():
        assert raw.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)  # half a migration never shows
        return 0
    seqs = [seq for (seq,) in raw.execute("SELECT seq FROM events ORDER BY seq")]
    assert seqs == list(range(1, len(seqs) + 1)), "gaps or duplicates"
    assert raw.execute("SELECT count(*) FROM first_sights").fetchone() == (len(seqs) // 2,), "half a write"
    assert raw.execute("SELECT value FROM counters WHERE name = 'event'").fetchone() == (len(seqs),)
    raw.close()
    return len(seqs)

dice = random.Random(7)
total = 0
for life in range(kills):
    acknowledged = one_life(life, dice.uniform(0, 0.05) if life % 4 == 0 else dice.uniform(0.05, 0.25))
    total = stored()
    assert all(seq <= total for seq in acknowledged), "an acknowledged write is lost"
print(total)
"""


def test_no_kill_loses_an_acknowledged_write_or_leaves_half_of_one(tmp_path: Path) -> None:
    """The first kills come while the database is still being made."""
    done = python(WRITER, tmp_path, KILLS)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


async def test_a_full_disk_fails_writes_plainly_and_the_store_works_again_when_there_is_room(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 60_000)
    store = await open_store("sqlite:monitor.db", state_dir=small_disk, lock=True)
    large = draft(data={"filler": "y" * 5_000})
    kept, refused = 0, 0
    for turn in range(40):
        writes = [
            store.write(partial(append_events, epoch=store.epoch, drafts=[(large, 100 * turn + i)])) for i in range(4)
        ]
        for result in await asyncio.gather(*writes, return_exceptions=True):
            kept += isinstance(result, list)
            refused += isinstance(result, StoreFull)
            assert isinstance(result, list | StoreFull), result
    assert kept > 0
    assert refused > 0
    assert await store.read(last_seq) == kept
    (small_disk / "ballast").unlink()
    await store.write(partial(append_events, epoch=store.epoch, drafts=[(draft(subject="job/last"), 1)]))
    assert [event.seq for event in await store.read(partial(read_events, limit=9999))] == list(range(1, kept + 2))
    await store.aclose()
    raw = sqlite3.connect(small_disk / "monitor.db")
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()


async def test_a_database_copied_under_load_is_whole(sqlite_home) -> None:
    from monitor.store.copying import copy_sqlite

    store = await sqlite_home.open()
    path = sqlite_home.state_dir / "monitor.db"
    copied = asyncio.create_task(asyncio.to_thread(copy_sqlite, path, path.with_name("copy.db")))
    number = 0
    while not copied.done():
        number += 1
        await store.write(partial(append_events, epoch=store.epoch, drafts=[(draft(), number)]))
    await copied
    await store.aclose()
    raw = sqlite3.connect(path.with_name("copy.db"))
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()


async def eventually(store: Store, number: int) -> None:
    """Writes one event, again after every lost connection, as a poll does."""
    for _ in range(200):
        try:
            await store.write(partial(append_events, epoch=store.epoch, drafts=[(draft(), number)]))
            return
        except StoreUnavailable:
            await asyncio.sleep(0.05)
        except StoreLocked:  # the server has not yet seen that our last connection is dead
            await asyncio.sleep(0.05)
    pytest.fail("the store did not come back")


@pytest.mark.postgres
async def test_a_postgres_that_is_killed_under_the_store_is_found_again(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    store = await open_store(postgres_server.database(), state_dir=tmp_path, lock=True)
    for life in range(3):
        await eventually(store, 2 * life)
        flying = [
            asyncio.create_task(
                store.write(partial(append_events, epoch=store.epoch, drafts=[(draft(subject=f"job/{life}-{i}"), 1)]))
            )
            for i in range(30)
        ]
        await asyncio.sleep(0.002 * life)
        await asyncio.to_thread(postgres_server.kill)
        for result in await asyncio.gather(*flying, return_exceptions=True):
            assert isinstance(result, list | StoreUnavailable), result
        with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
            await store.read(last_seq)
        assert caught.value.hint
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await store.write(last_seq)
        await asyncio.to_thread(postgres_server.start)
        await eventually(store, 2 * life + 1)
    seqs = [event.seq for event in await store.read(partial(read_events, limit=9999))]
    assert seqs == list(range(1, len(seqs) + 1))
    await store.aclose()


@pytest.mark.postgres
async def test_a_connection_that_the_server_ends_costs_one_write_at_most(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = postgres_server.database()
    store = await open_store(url, state_dir=tmp_path, lock=True)
    await eventually(store, 1)
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    postgres_server.execute(f"{kill} AND pid <> pg_backend_pid()", url.rpartition("/")[2])
    await eventually(store, 2)
    assert await store.read(last_seq) == 2
    with pytest.raises(StoreLocked):  # and the lock was taken anew
        await open_store(url, state_dir=tmp_path, lock=True)
    await store.aclose()


def test_a_lock_file_that_a_dead_process_left_is_no_obstacle(tmp_path: Path, migrated_file: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "monitor.db")
    (tmp_path / "monitor.db.lock").write_text("1\n")

    async def open_and_close() -> None:
        await (await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)).aclose()

    asyncio.run(open_and_close())
