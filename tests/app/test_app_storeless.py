"""A store that could not be written for a while says so once, when it can again; what is short is not told."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from monitor.app.storeless import CALM, GRACE, LOOK_EVERY, Storeless
from monitor.model import Event, EventDraft
from monitor.store import (
    Connection,
    Store,
    StoreFull,
    append_events,
    last_seq,
    next_revision,
    open_store,
    read_events,
    set_cursor,
)
from tests.kit.clock import VirtualClock
from tests.kit.made import draft
from tests.kit.postgres import PostgresServer, postgres_server
from tests.kit.until import until

__all__ = ["postgres_server"]
LARGE = {"filler": "y" * 2_000_000}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


class Meanwhile(VirtualClock):
    """While somebody sleeps other things happen, each once its second has come."""

    def __init__(self) -> None:
        super().__init__()
        self.happens: list[tuple[float, Callable[[], object]]] = []

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        while self.happens and self.monotonic() >= 1000 + self.happens[0][0]:
            self.happens.pop(0)[1]()
        await asyncio.sleep(0)


@asynccontextmanager
async def watched(
    store: Store, clock: Meanwhile, storeless: Storeless | None = None
) -> AsyncIterator[Callable[[], float]]:
    async def tell(made: EventDraft) -> None:
        def write(conn: Connection) -> None:
            append_events(conn, store.epoch, [(made, next_revision(conn, None, made.subject))])

        await store.write(write)

    task = asyncio.create_task((storeless or Storeless(store, clock)).run(tell))
    yield clock.monotonic
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def told(store: Store) -> list[Event]:
    return await store.read(partial(read_events, types=["store.degraded"]))


async def refused(store: Store) -> None:
    with pytest.raises(StoreFull):
        await store.write(partial(append_events, epoch=store.epoch, drafts=[(draft(data=LARGE), 99)]))


async def test_a_disk_that_was_full_for_long_is_told_once_with_its_cause(small_disk: Path) -> None:
    clock = Meanwhile()
    store = await open_store("sqlite:monitor.db", state_dir=small_disk, lock=True)
    ballast = small_disk / "ballast"
    filled(ballast)
    await refused(store)
    clock.happens = [(300, ballast.unlink)]
    async with watched(store, clock) as now:
        await until(lambda: now() > 1000 + 900, why="time stands still")
    (event,) = await told(store)
    await store.aclose()
    assert event.data["what"] == f"The database {small_disk}/monitor.db cannot grow: the disk is full"
    assert 300 - LOOK_EVERY <= event.data["down_for"] <= 330


def filled(ballast: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(b"x" * 3_000_000)


async def test_while_real_writes_fail_the_store_is_no_good_though_a_small_one_fits(small_disk: Path) -> None:
    clock = Meanwhile()
    store = await open_store("sqlite:monitor.db", state_dir=small_disk, lock=True)
    storeless = Storeless(store, clock)
    assert (storeless.failing(), storeless.troubles()) == (None, [])
    await refused(store)
    await store.write(lambda conn: set_cursor(conn, "probe", 1))
    trouble = f"the store cannot be written: The database {small_disk}/monitor.db cannot grow: the disk is full"
    assert storeless.troubles() == [trouble], "known at once"
    seen: list[list[str]] = []
    clock.happens = [(at, lambda: seen.append(storeless.troubles())) for at in (LOOK_EVERY, CALM, 2 * CALM)]
    async with watched(store, clock, storeless):
        await until(lambda: len(seen) == 3, why="time stands still")
    assert seen == [[trouble], [trouble], []], "until none has failed for a while"
    await store.aclose()


async def test_two_outages_that_meet_are_told_with_both_causes_and_without_the_time_between(small_disk: Path) -> None:
    clock = Meanwhile()
    store = await open_store("sqlite:monitor.db", state_dir=small_disk, lock=True)
    ballast, database = small_disk / "ballast", small_disk / "monitor.db"
    away = database.with_name("away")
    filled(ballast)
    await refused(store)
    clock.happens = [
        (100, ballast.unlink),
        (108, lambda: database.rename(away)),
        (200, lambda: away.rename(database)),
    ]
    async with watched(store, clock) as now:
        await until(lambda: now() > 1000 + 500, why="time stands still")
    (event,) = await told(store)
    await store.aclose()
    full, gone = f"The database {database} cannot grow: the disk is full", "was removed while it was in use"
    assert event.data["what"] == f"{full}; then: The database {database} {gone}"
    assert event.data["down_for"] == 95 + 90, "not what lay between them"


async def test_what_lasted_no_minute_is_not_told(small_disk: Path) -> None:
    clock = Meanwhile()
    store = await open_store("sqlite:monitor.db", state_dir=small_disk, lock=True)
    await refused(store)
    async with watched(store, clock) as now:
        await until(lambda: now() > 1000 + 5 * GRACE, why="time stands still")
    assert await told(store) == []
    await store.aclose()


@pytest.mark.postgres
async def test_a_server_that_was_away_is_told_when_it_is_back(postgres_server: PostgresServer, tmp_path: Path) -> None:
    clock = Meanwhile()
    store = await open_store(postgres_server.database(), state_dir=tmp_path, lock=True)
    await store.write(last_seq)
    postgres_server.kill()
    with pytest.raises(Exception, match="cannot be reached"):
        await store.write(last_seq)
    clock.happens = [(200, postgres_server.start)]
    async with watched(store, clock) as now:
        await until(lambda: now() > 1000 + 400, within=30, why="time stands still")
    (event,) = await told(store)
    await store.aclose()
    assert "cannot be reached" in event.data["what"]
    assert event.data["down_for"] >= 200 - LOOK_EVERY
