"""Restores: a new epoch, what waited is due again, the replaced database is kept, and nothing less than a whole one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from monitor.model import Event
from monitor.store import (
    Connection,
    NewerDatabase,
    NotADatabase,
    Store,
    StoreConflict,
    StoreError,
    StoreLocked,
    StoreMissing,
    append_events,
    bad_signatures,
    check,
    claim,
    last_seq,
    set_bad_signatures,
    write_notifications,
)
from monitor.store.backup import backup
from monitor.store.restore import ANOTHER, NEWER, begin_epoch, restore
from monitor.store.sqlite import sqlite_engine
from monitor.store.url import SqlitePlace
from tests.kit.forked import python
from tests.kit.made import NOON, draft, notification
from tests.kit.postgres import PostgresServer, binary
from tests.store.conftest import Home

LATER = NOON + timedelta(hours=1)


async def told(store: Store, subject: str, *sinks: str) -> Event:
    """An event of which a message is owed to each of the sinks."""

    def write(conn: Connection) -> Event:
        (event,) = append_events(conn, store.epoch, [(draft(subject=subject), 1)])
        write_notifications(conn, [notification(f"of {subject}", events=(event,), sinks=sinks)])
        return event

    return await store.write(write)


async def test_a_fact_after_a_restore_has_another_id_and_what_waited_is_sent_with_its_old_one(
    sqlite_home: Home, tmp_path: Path
) -> None:
    store = await sqlite_home.open()
    await told(store, "job/a", "slack", "hook")
    (sending,) = await store.write(partial(claim, sink="slack", now=NOON, limit=9))
    made = await backup(sqlite_home.url, tmp_path, tmp_path / "b.db", now=NOON)
    lost = await told(store, "job/b")
    await store.aclose()
    done = await restore(sqlite_home.url, tmp_path, made.path, now=LATER)
    assert (done.begun.events, done.begun.waiting, done.upgraded_from) == (1, 2, None)
    assert (await check(sqlite_home.url, tmp_path)).problems == ()
    store = await sqlite_home.open()
    again = await told(store, "job/b")
    assert (again.seq, again.subject, again.revision) == (lost.seq, lost.subject, lost.revision)
    assert again.id != lost.id
    (resent,) = await store.write(partial(claim, sink="slack", now=LATER, limit=9))
    assert (resent.id, resent.attempt) == (sending.id, 2)
    await store.aclose()


async def test_the_replaced_database_is_kept_whole_with_all_that_was_committed(
    sqlite_home: Home, tmp_path: Path
) -> None:
    made = await backup(sqlite_home.url, tmp_path, tmp_path / "b.db", now=NOON)
    store = await sqlite_home.open()
    await told(store, "job/a")
    for left in ("monitor.db", "monitor.db-wal"):  # as a killed daemon leaves them: the event is in the log only
        shutil.copy(tmp_path / left, tmp_path / f"killed-{left}")
    await store.aclose()
    for left in ("monitor.db", "monitor.db-wal"):
        (tmp_path / f"killed-{left}").rename(tmp_path / left)
    kept = []
    for _ in range(2):
        done = await restore(sqlite_home.url, tmp_path, made.path, now=LATER)
        assert done.kept is not None
        kept.append(done.kept)
    assert [path.name for path in kept] == [f"monitor.db.replaced-20261120T130000Z{end}" for end in ("", ".1")]
    assert [count(path) for path in (*kept, tmp_path / "monitor.db")] == [1, 0, 0]
    names = {"b.db", "monitor.db", "monitor.db.lock", *(path.name for path in kept)}
    assert {path.name for path in tmp_path.iterdir()} == names


async def test_a_platform_that_locks_keys_has_counted_on_and_so_does_the_restored_store(
    sqlite_home: Home, tmp_path: Path
) -> None:
    made = await backup(sqlite_home.url, tmp_path, tmp_path / "b.db", now=NOON)
    store = await sqlite_home.open()
    await store.write(partial(set_bad_signatures, fingerprint="f", count=3, now=NOON))
    await store.aclose()
    await restore(sqlite_home.url, tmp_path, made.path, now=LATER)
    store = await sqlite_home.open()
    assert await store.read(partial(bad_signatures, fingerprint="f")) == 3
    await store.aclose()


async def test_a_damaged_database_is_replaced_and_kept_as_it_is(sqlite_home: Home, tmp_path: Path) -> None:
    made = await backup(sqlite_home.url, tmp_path, tmp_path / "b.db", now=NOON)
    (tmp_path / "monitor.db").write_bytes(b"\xff" * 50_000)
    done = await restore(sqlite_home.url, tmp_path, made.path, now=LATER)
    assert done.kept is not None
    assert done.kept.read_bytes() == b"\xff" * 50_000
    assert (await check(sqlite_home.url, tmp_path)).ok


async def test_what_root_restores_belongs_to_whom_the_database_belonged(sqlite_home: Home, tmp_path: Path) -> None:
    """The daemon's user exists only while it runs, so it is root who restores."""
    made = await backup(sqlite_home.url, tmp_path, tmp_path / "b.db", now=NOON)
    owner = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(tmp_path / "monitor.db", owner, -1)
    await restore(sqlite_home.url, tmp_path, made.path, now=LATER)
    assert (tmp_path / "monitor.db").stat().st_uid == owner
    assert (tmp_path / "monitor.db").stat().st_mode & 0o007 == 0


async def test_a_backup_is_restored_where_nothing_was(sqlite_home: Home, tmp_path: Path) -> None:
    made = await backup(sqlite_home.url, tmp_path, tmp_path / "b.db", now=NOON)
    (tmp_path / "new").mkdir()
    done = await restore("sqlite:monitor.db", tmp_path / "new", made.path, now=LATER)
    assert done.kept is None
    assert (await check("sqlite:monitor.db", tmp_path / "new")).ok


async def test_a_running_daemon_is_not_robbed_of_its_database(sqlite_home: Home, tmp_path: Path) -> None:
    made = await backup(sqlite_home.url, tmp_path, tmp_path / "b.db", now=NOON)
    store = await sqlite_home.open()
    for restoring in (
        restore(sqlite_home.url, tmp_path, made.path, now=LATER),
        begin_epoch(sqlite_home.url, tmp_path, now=LATER),
    ):
        with pytest.raises(StoreLocked, match="in use") as caught:
            await restoring
        assert caught.value.hint == "Stop it first, then restore: systemctl stop training-monitor"
    assert await store.write(last_seq) == 0
    await store.aclose()


def damaged(path: Path) -> None:
    """One index no longer tells what its table does: what a quick look does not see."""
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("UPDATE sqlite_master SET sql = sql || ' WHERE account = ''x''' WHERE name = 'ix_events_type_seq'")
        raw.execute("INSERT INTO counters VALUES ('x', 1)")


def theirs(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE theirs (x)")


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '0999'")


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def text(path: Path) -> None:
    path.write_text("no database " * 100)


def empty(path: Path) -> None:
    path.write_text("")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


REFUSED: dict[str, tuple[Callable[[Path], None], type[StoreError], str]] = {
    "another program's": (theirs, NotADatabase, "of another program"),
    "a newer version's": (newer, NewerDatabase, "newer version"),
    "half of one": (torn, NotADatabase, "damaged"),
    "one whose indexes are wrong": (damaged, NotADatabase, "damaged"),
    "none at all": (Path.unlink, StoreMissing, "There is no file"),
    "a text": (text, NotADatabase, "not a SQLite database"),
    "an empty file": (empty, NotADatabase, "empty"),
    "a directory": (folder, NotADatabase, "directory"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_no_whole_backup_of_ours_is_refused_and_changes_nothing(
    what: str, sqlite_home: Home, tmp_path: Path
) -> None:
    spoil, kind, words = REFUSED[what]
    store = await sqlite_home.open()
    await told(store, "job/a")
    await store.aclose()
    made = await backup(sqlite_home.url, tmp_path, tmp_path / "b.db", now=NOON)
    before = (tmp_path / "monitor.db").read_bytes()
    spoil(made.path)
    with pytest.raises(kind, match=words) as caught:
        await restore(sqlite_home.url, tmp_path, made.path, now=LATER)
    assert caught.value.hint
    if kind is NotADatabase and spoil is not folder:
        assert caught.value.hint == ANOTHER, "the file that was named is wrong, not the database"
    if kind is NewerDatabase:
        assert caught.value.hint == NEWER, "nothing was upgraded"
    assert (tmp_path / "monitor.db").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} - {"b.db"} == {"monitor.db", "monitor.db.lock"}


async def test_the_database_itself_is_no_backup(sqlite_home: Home, tmp_path: Path) -> None:
    with pytest.raises(StoreConflict, match="the database itself"):
        await restore(sqlite_home.url, tmp_path, tmp_path / "monitor.db", now=LATER)


async def test_an_older_backup_is_upgraded_before_it_takes_the_place(tmp_path: Path) -> None:
    from monitor.store.alembic import upgrade_to_head

    engine = sqlite_engine(SqlitePlace(tmp_path / "old.db"))
    with engine.connect() as conn:
        upgrade_to_head(conn, "0002")
        conn.commit()
    engine.dispose()
    done = await restore("sqlite:monitor.db", tmp_path, tmp_path / "old.db", now=LATER)
    assert done.upgraded_from == "0002"
    assert (await check("sqlite:monitor.db", tmp_path)).ok
    with closing(sqlite3.connect(tmp_path / "old.db")) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0002",)


async def test_a_database_that_another_tool_restored_begins_a_new_epoch(home: Home) -> None:
    store = await home.open()
    before = store.epoch
    await told(store, "job/a", "slack")
    await store.write(partial(claim, sink="slack", now=NOON, limit=9))
    await store.aclose()
    begun = await begin_epoch(home.url, home.state_dir, now=LATER)
    assert (begun.events, begun.waiting) == (1, 1)
    store = await home.open()
    assert store.epoch != before
    assert len(await store.write(partial(claim, sink="slack", now=LATER, limit=9))) == 1
    await store.aclose()


@pytest.mark.postgres
async def test_the_commands_that_are_named_for_a_server_restore_it(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    home = Home(postgres_server.database(), tmp_path)
    store = await home.open()
    await told(store, "job/a", "slack")
    with pytest.raises(StoreError) as saving:
        await backup(home.url, tmp_path, None, now=NOON)
    said(saving.value.hint, tmp_path)
    lost = await told(store, "job/b")
    await store.aclose()
    (dump,) = tmp_path.iterdir()
    with pytest.raises(StoreError) as putting:
        await restore(home.url, tmp_path, dump, now=LATER)
    said(putting.value.hint.partition(" && ")[0], tmp_path)
    assert (await begin_epoch(home.url, tmp_path, now=LATER)).events == 1
    assert (await check(home.url, tmp_path)).problems == ()
    store = await home.open()
    again = await told(store, "job/b")
    await store.aclose()
    assert (again.seq, again.id == lost.id) == (lost.seq, False)


def said(command: str, folder: Path) -> None:
    """The command as a person pastes it."""
    tools = str(Path(binary("pg_dump")).parent)
    env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run(command, shell=True, cwd=folder, env=env, check=True, capture_output=True)


KILLED = """
import asyncio, os, shutil, signal, sys
from datetime import datetime, timezone
from pathlib import Path
from monitor.store.restore import restore

home = Path(sys.argv[1])

def run(folder, left):
    def die(event, arguments):
        nonlocal left
        if event in ("os.remove", "os.rename", "os.link") and "lock" not in str(arguments[0]):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(die)
    asyncio.run(restore("sqlite:monitor.db", folder, home / "empty.db", now=datetime.now(timezone.utc)))

for step in range(40):
    folder = home / str(step)
    folder.mkdir()
    shutil.copy(home / "monitor.db", folder)
    pid = os.fork()
    if pid == 0:
        run(folder, step)
        os._exit(0)
    if os.waitpid(pid, 0)[1] == 0:
        print(step)
        break
"""


async def test_a_restore_that_is_killed_at_any_step_leaves_the_one_database_or_the_other(
    sqlite_home: Home, tmp_path: Path
) -> None:
    await backup(sqlite_home.url, tmp_path, tmp_path / "empty.db", now=NOON)
    store = await sqlite_home.open()
    await told(store, "job/a")
    await store.aclose()
    done = python(KILLED, tmp_path)
    assert done.returncode == 0, done.stderr
    folders = [tmp_path / str(step) for step in range(int(done.stdout) + 1)]
    assert len(folders) > 10
    found = [count(folder / "monitor.db") for folder in folders]
    assert found == sorted(found, reverse=True)
    assert {found[0], found[-1]} == {1, 0}
    for folder in folders[:-1]:
        await restore("sqlite:monitor.db", folder, tmp_path / "empty.db", now=LATER)
        assert count(folder / "monitor.db") == 0
        assert not [path for path in folder.iterdir() if path.name.endswith((".part", ".restored"))]


def count(path: Path) -> int:
    """The events of a database that is whole."""
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (events,) = raw.execute("SELECT count(*) FROM events").fetchone()
        return int(events)
