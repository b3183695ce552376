"""kill -9 at any statement of routing, while timers, groups, windows, silences and reminders are alive: what is told is
what an undisturbed daemon tells, each once, with the same ids, words and moments."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from monitor.store import Connection, Store, list_silences, open_store, read_events
from monitor.store.tables import notifications
from tests.kit.outbox import START
from tests.kit.story import hid, invent, live_through, said

ROOT = Path(__file__).parents[2]
SEED, LENGTH, MOST = 20, 30, 180


async def test_kills_at_any_statement_change_nothing_of_what_is_told(tmp_path: Path) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    calm.mkdir()
    await (await opened(calm)).aclose()
    shutil.copytree(calm, killed)  # ids are made with what is unique to a store
    command = [sys.executable, "-m", "tests.routing.kill_child", str(killed), str(SEED), str(LENGTH), str(MOST)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        store = await opened(calm)
        await live_through(store, invent(Random(SEED), LENGTH))
        wanted = await story_of(store)
        await store.aclose()
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert int(out) >= 15
    store = await opened(killed)
    found = await story_of(store)
    await store.aclose()
    for mine, other in zip(wanted, found, strict=True):
        assert mine == other
    said_so: Any = wanted[0]
    reasons = {each[1] for each in said_so}
    assert reasons >= {"new", "digest", "reminder", "resolved", "catch_up"}
    assert wanted[2], "something was hidden"


async def opened(folder: Path) -> Store:
    return await open_store("sqlite:monitor.db", state_dir=folder, lock=True)


async def story_of(store: Store) -> tuple[list[object], ...]:
    def read(conn: Connection) -> tuple[list[object], ...]:
        ids = conn.execute(select(notifications.c.id).order_by(notifications.c.n)).scalars().all()
        events = [(event.seq, event.id, event.type, event.detected_at) for event in read_events(conn, limit=10_000)]
        return [*said(conn)], [*ids], [*hid(conn)], [*events], [*list_silences(conn, START, ended=True)]

    return await store.read(read)
