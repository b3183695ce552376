"""The daemon removes what is over by itself: once an hour, by the retention that holds then, and in nobody's way."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from structlog.testing import capture_logs

from monitor.app.pruning import EVERY, FIRST, keep_pruning
from monitor.fields import Clock
from monitor.fields.clock import FastClock
from monitor.store import Store, append_events, open_store, read_events, set_cursor
from monitor.store.options import RetentionOptions
from tests.kit.clock import VirtualClock
from tests.kit.living import living
from tests.kit.made import draft
from tests.kit.until import until

YEAR = RetentionOptions(events="365d", deliveries="90d")
MONTH = RetentionOptions(events="30d", deliveries="30d")


async def filled(folder: Path, clock: Clock) -> Store:
    """An event that is forty days old, one for each of two jobs that nobody knows."""
    store = await open_store("sqlite:monitor.db", state_dir=folder, lock=True)
    old = clock.now() - timedelta(days=40)
    drafts = [(draft(subject=f"job/{number}", detected_at=old), 1) for number in range(2)]
    await store.write(partial(append_events, epoch=store.epoch, drafts=drafts))
    await store.write(partial(set_cursor, name="routing", seq=2))
    return store


async def running(store: Store, clock: VirtualClock, retention: Callable[[], RetentionOptions], hours: float) -> None:
    begun = clock.monotonic()
    task = asyncio.create_task(keep_pruning(store, retention, clock))
    await until(lambda: clock.monotonic() - begun >= hours * EVERY + FIRST or task.done(), why="time stands still")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_a_reload_made_old_goes_within_the_hour(tmp_path: Path) -> None:
    clock = VirtualClock()
    store = await filled(tmp_path, clock)
    begun = clock.monotonic()
    with capture_logs() as said:
        await running(store, clock, lambda: YEAR if clock.monotonic() - begun < 3 * EVERY else MONTH, 2)
        assert len(await store.read(read_events)) == 2
        assert said == []
        await running(store, clock, lambda: MONTH, 2)
    assert await store.read(read_events) == []
    (line,) = said
    assert (line["event"], line["events"], line["log_level"]) == ("old records were removed", 2, "info")
    await store.aclose()


async def test_a_store_that_cannot_be_read_now_is_tidied_an_hour_later(tmp_path: Path) -> None:
    clock = VirtualClock()
    store = await filled(tmp_path, clock)

    def renamed(old: str, new: str) -> None:
        with closing(sqlite3.connect(tmp_path / "monitor.db")) as raw, raw:
            raw.execute("PRAGMA legacy_alter_table = on")
            raw.execute(f"ALTER TABLE {old} RENAME TO {new}")

    renamed("rule_state", "away")
    with capture_logs() as said:
        await running(store, clock, lambda: MONTH, 2)
        renamed("away", "rule_state")
        await running(store, clock, lambda: MONTH, 2)
    assert {line["log_level"] for line in said[:-1]} == {"warning"}
    assert said[-1]["events"] == 2
    await store.aclose()


async def test_the_daemon_does_it_while_it_watches(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    clock = FastClock(600)
    store = await filled(tmp_path / "state", clock)
    await store.aclose()
    account = {"name": "a", "provider": "model-studio", "api_key": "k", "endpoint": "http://127.0.0.1:9", "jobs": {}}
    config = {
        "retention": {"events": "30d"},
        "accounts": [account],
        "sinks": [{"name": "log", "type": "log"}],
    }
    with capture_logs() as said:
        async with living(tmp_path, config, clock):
            await until(lambda: any("removed" in line["event"] for line in said), within=30, why="nothing is removed")
    with closing(sqlite3.connect(tmp_path / "state" / "monitor.db")) as raw:
        assert raw.execute("SELECT count(*) FROM events WHERE subject LIKE 'job/%'").fetchone() == (0,)
