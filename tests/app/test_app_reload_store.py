"""A reload while the store cannot be used, or far behind: it costs time, and neither the daemon nor a message."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from math import inf
from pathlib import Path

import pytest

from monitor.app.liveness import Liveness
from monitor.app.stages import RELOAD_ROUTING, Lasting, Stages
from monitor.diff import monitor_stopped
from monitor.fields import SystemClock
from monitor.fields.bell import Broadcast
from monitor.model import EventDraft
from monitor.providers import registry
from monitor.sandbox.server import serving
from monitor.store import Connection, Store, append_events, get_cursor, last_seq, next_revision
from monitor.telemetry.meter import NO_METER
from monitor.wire import new_session
from tests.kit.clock import VirtualClock
from tests.kit.inbox import Inbox
from tests.kit.process import Program, write_config
from tests.kit.until import START, until
from tests.kit.web import fresh_store, settings


@contextmanager
def without(table: str, folder: Path) -> Iterator[None]:
    """Every statement on that table fails while the block runs."""
    with sqlite3.connect(folder / "state" / "monitor.db", isolation_level=None, timeout=10) as conn:
        conn.execute("pragma legacy_alter_table=on")  # triggers and references go on naming the table
        conn.execute(f"alter table {table} rename to away")
        yield
        conn.execute(f"alter table away rename to {table}")
    conn.close()


TABLES = {
    "deliveries": "the store cannot be used; delivery waits",  # what the outbox of the next one begins with
    "health": "the store cannot be used; the reload waits",  # what its polling begins with
}


@pytest.mark.slow
async def test_a_reload_outlives_a_store_that_cannot_be_used_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    """Four daemons at once, for each waits for seconds before it tries again."""
    async with asyncio.TaskGroup() as lives:
        for number, (table, back) in enumerate(product(TABLES, (True, False))):
            (folder := tmp_path / f"{number}").mkdir()
            lives.create_task(_reloads_without(table, back, folder))


async def _reloads_without(table: str, back: bool, folder: Path) -> None:
    studio = registry.emulator("model-studio")(SystemClock(), autoplay=False)
    async with Inbox() as inbox, serving({"model-studio": studio}) as address:
        account = {
            "name": "studio",
            "provider": "model-studio",
            "api_key": "sk-demo",
            "endpoint": f"{address}/api/v1",
            "budget": {"requests_per_second": 100, "burst": 100},
            "jobs": {"every": "1s"},
        }
        rules = [{"name": "jobs", "on": ["job.started"], "notify": ["inbox"]}]
        sinks = [{"name": "inbox", "type": "webhook", "url": inbox.url}]
        path = write_config(folder, {"accounts": [account], "sinks": sinks, "rules": rules})
        async with Program(path) as program:
            await until(lambda: studio.requests["list"] >= 2, within=START, why=lambda: program.log[-3000:])
            with without(table, folder):
                begun = len(program.log)
                program.process.send_signal(signal.SIGHUP)
                await until(lambda: waits(program.log[begun:], TABLES[table]), why=lambda: program.log[-3000:])
                assert program.process.returncode is None
                if not back:
                    assert await program.stop() == 0
            if back:
                studio.world.add_job("RUNNING")
                await until(lambda: inbox.letters, why=lambda: program.log[-3000:], within=60)
                assert await program.stop() == 0
    assert "Traceback" not in program.log
    assert [letter.types for letter in inbox.letters] == ([["job.started"]] if back else [])


def waits(log: str, words: str) -> bool:
    """Said of all of delivery or of the reload, not of one sink."""
    lines = log.partition("reading the config anew")[2].splitlines()
    return any(words in line and "sink=" not in line for line in lines)


class Slow(VirtualClock):
    """Each look at it takes as long as a reload may route."""

    def monotonic(self) -> float:
        self.advance(RELOAD_ROUTING)
        return super().monotonic()


async def test_a_reload_routes_for_seconds_and_the_end_routes_to_the_end(tmp_path: Path) -> None:
    found = settings(tmp_path)
    store, clock = await fresh_store(found.state_dir), Slow()
    async with new_session() as polls:
        lasting = Lasting(
            store=store, polls=polls, clock=clock, events=Broadcast(), live=Liveness(clock), meter=NO_METER
        )
        stages = await Stages.open(found, lasting)
        draft = monitor_stopped(version="1", reason="test", now=clock.now())
        await store.write(lambda conn: tell(conn, store, [draft] * 1000))
        await stages._route_the_rest(RELOAD_ROUTING)
        assert await left(store) > 300, "whoever polls would have waited for them"
        await stages._route_the_rest(inf)
        assert await left(store) == 0
        await store.aclose()
        await stages._route_the_rest(inf)  # says so, and raises nothing
        await stages.aclose()


def tell(conn: Connection, store: Store, drafts: list[EventDraft]) -> None:
    append_events(conn, store.epoch, [(draft, next_revision(conn, None, draft.subject)) for draft in drafts])


async def left(store: Store) -> int:
    return await store.read(lambda conn: last_seq(conn) - get_cursor(conn, "routing"))
