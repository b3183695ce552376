"""What `doctor` and the commands for a database say of one that is old, new, held, gone, another one or damaged."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from monitor.model import EventType
from monitor.store import (
    Connection,
    Store,
    StoreUnavailable,
    append_events,
    last_seq,
    open_store,
)
from monitor.store.glance import glance
from tests.kit.doctor import looked, only
from tests.kit.installed import Installed, draft


def test_a_whole_store_is_ok_with_its_size_and_revision(installed: Installed) -> None:
    _, found = looked(installed)
    state, text, _ = only(found, "store")
    assert (state, "is whole" in text) == ("ok", True)
    assert "lock" not in found


def test_who_holds_the_store_is_named(installed: Installed) -> None:
    async def held() -> dict[str, list[dict[str, str]]]:
        store = await open_store("sqlite:monitor.db", state_dir=installed.state, lock=True)
        try:
            return (await asyncio.to_thread(looked, installed))[1]
        finally:
            await store.aclose()

    assert only(asyncio.run(held()), "lock")[1] == f"the process {os.getpid()} holds the store"


def test_what_a_dead_process_left_in_the_lock_file_holds_nothing(installed: Installed) -> None:
    (installed.state / "monitor.db.lock").write_text("4194304999\n")
    assert "lock" not in looked(installed)[1]


def _sql(installed: Installed, statement: str) -> None:
    with closing(sqlite3.connect(installed.state / "monitor.db")) as conn:
        conn.execute(statement)
        conn.commit()


def test_an_older_database_wants_an_upgrade(installed: Installed) -> None:
    _sql(installed, "UPDATE alembic_version SET version_num = '0001'")
    assert only(looked(installed)[1], "store")[::2] == ("warning", "training-monitor db upgrade")
    assert installed.run("db", "check").stderr.endswith("hint: training-monitor db upgrade\n")


def test_a_newer_database_is_a_failure_that_no_upgrade_mends(installed: Installed) -> None:
    _sql(installed, "UPDATE alembic_version SET version_num = '0999'")
    state, text, mend = only(looked(installed)[1], "store")
    assert (state, "newer version" in text) == ("failed", True)
    assert ("db restore FILE" in mend, "db upgrade" in mend) == (True, False)
    said = installed.run("db", "check", COLUMNS="200").stderr.splitlines()[-1]
    assert said.startswith("hint: A newer version made it: install that one again. Else stop the daemon, then: ")


def test_a_database_that_was_removed_under_its_process_is_to_be_put_back(installed: Installed) -> None:
    async def removed() -> dict[str, tuple[int, str]]:
        store = await open_store("sqlite:monitor.db", state_dir=installed.state, lock=True)
        database = installed.state / "monitor.db"
        try:
            database.rename(installed.state / "away")
            state, text, mend = only((await asyncio.to_thread(looked, installed))[1], "store")
            assert (state, text) == (
                "failed",
                f"The database {database} was removed while the process {os.getpid()} uses it.",
            )
            found = {"doctor": (1, mend)}
            for command in ("check", "backup"):
                done = await asyncio.to_thread(installed.run, "db", command, COLUMNS="400")
                found[command] = (done.returncode, done.stderr)
            return found
        finally:
            (installed.state / "away").rename(database)
            await store.aclose()

    for code, said in asyncio.run(removed()).values():
        assert code == 1
        assert "Put the file back where it was and nothing is lost" in said


def test_a_database_that_was_replaced_under_its_process_is_left_alone(installed: Installed) -> None:
    """SQLite would write the log that belongs to the other file into this one, and remove it at the end."""
    database, away = installed.state / "monitor.db", installed.state / "away"

    def told(conn: Connection, store: Store, job: str) -> None:
        append_events(conn, store.epoch, [(draft(EventType.JOB_STARTED, f"job/{job}"), 1)])

    async def replaced() -> None:
        store = await open_store("sqlite:monitor.db", state_dir=installed.state, lock=True)
        try:
            await store.write(
                lambda conn: append_events(conn, store.epoch, [(draft(EventType.JOB_STARTED, "job/a"), 1)])
            )
            database.rename(away)
            shutil.copy(away, database)
            before = database.read_bytes()
            state, text, mend = only((await asyncio.to_thread(looked, installed))[1], "store")
            said = f"The database {database} was replaced by another file while the process {os.getpid()} uses it."
            assert (state, text) == ("failed", said)
            for words in (["db", "check"], ["db", "backup"], ["db", "prune"], ["sinks", "test", "journal"]):
                done = await asyncio.to_thread(installed.fork, *words, COLUMNS="400")
                assert (done.returncode, done.stderr) == (1, f"error: {said}\nhint: {mend}\n"), words
            readings = [asyncio.create_task(store.read(last_seq)) for _ in range(8)]
            await asyncio.wait(readings)
            refused = [task.exception() for task in readings if task.exception() is not None]
            assert [type(each) for each in refused] == [StoreUnavailable] * len(refused) != []
            assert database.read_bytes() == before
            away.rename(database)
            await store.write(
                lambda conn: append_events(conn, store.epoch, [(draft(EventType.JOB_STARTED, "job/b"), 1)])
            )
        finally:
            await store.aclose()

    asyncio.run(replaced())
    done = installed.run("db", "check")
    assert (done.returncode, " is whole " in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_damaged_database_is_a_failure(installed: Installed) -> None:
    file = installed.state / "monitor.db"
    size = file.stat().st_size
    with file.open("r+b") as raw:
        raw.seek(4096 * 2)
        raw.write(b"\xff" * min(200_000, size - 4096 * 2))
    code, found = looked(installed)
    assert (code, only(found, "store")[0]) == (1, "failed")


def test_a_look_at_a_large_database_is_given_up_in_time(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.glance._STEPS", 1)
    seen = glance("sqlite:monitor.db", installed.state, within=0.0)
    assert seen is not None
    assert (seen.whole, seen.revision) == (None, seen.head)
