"""Backups: whole, of one moment, beside who writes, and never half of one; for a server its own tool is named."""

from __future__ import annotations

import asyncio
import shlex
import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from monitor.fields import Secret
from monitor.store import NotADatabase, StoreConflict, StoreError, StoreFull, StoreMissing, append_events
from monitor.store.backup import backup
from monitor.store.gauges import read_gauges
from monitor.store.restore import restore
from tests.kit.made import NOON, draft
from tests.store.conftest import Home

LOGIN = "postgresql://ann:hunter2@db.example.org:5433/our%20jobs?sslmode=require&password=hunter2"


async def filled(home: Home, events: int = 40) -> None:
    store = await home.open()
    drafts = [(draft(data={"filler": "x" * 2000}), number) for number in range(events)]
    await store.write(partial(append_events, epoch=store.epoch, drafts=drafts))
    await store.aclose()


async def test_a_backup_beside_a_writer_is_whole_and_of_one_moment(sqlite_home: Home, tmp_path: Path) -> None:
    store = await sqlite_home.open()
    target = tmp_path / "copy.db"
    making = asyncio.create_task(backup(sqlite_home.url, sqlite_home.state_dir, target, now=NOON))
    number = 0
    while not making.done():
        number += 2
        drafts = [(draft(), number), (draft(), number + 1)]
        await store.write(partial(append_events, epoch=store.epoch, drafts=drafts))
    made = await making
    await store.aclose()
    assert (made.path, made.size) == (target, target.stat().st_size)
    with closing(sqlite3.connect(target)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        seqs = [seq for (seq,) in raw.execute("SELECT seq FROM events ORDER BY seq")]
        assert raw.execute("SELECT value FROM counters WHERE name = 'event'").fetchone() == (len(seqs),)
    assert seqs == list(range(1, made.events + 1))
    assert made.events % 2 == 0, "half a write"
    assert {path.name for path in tmp_path.iterdir()} == {"copy.db", "monitor.db", "monitor.db.lock"}


async def test_the_database_knows_when_it_was_last_backed_up_and_one_that_cannot_be_told_is_backed_up_all_the_same(
    sqlite_home: Home, tmp_path: Path
) -> None:
    store = await sqlite_home.open()
    gauges = partial(read_gauges, routing="routing")
    assert (await store.read(gauges)).backup_at == 0
    await backup(sqlite_home.url, sqlite_home.state_dir, tmp_path / "one.db", now=NOON)
    assert (await store.read(gauges)).backup_at == NOON.timestamp()
    refusing = "CREATE TRIGGER refusing BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'no'); END"
    await store.write(lambda conn: conn.exec_driver_sql(refusing) and None)
    later = NOON + timedelta(hours=1)
    made = await backup(sqlite_home.url, sqlite_home.state_dir, tmp_path / "two.db", now=later)
    assert made.path.exists()
    assert (await store.read(gauges)).backup_at == NOON.timestamp()
    await store.aclose()


async def test_a_backup_is_not_for_everybody(sqlite_home: Home) -> None:
    made = await backup(sqlite_home.url, sqlite_home.state_dir, None, now=NOON)
    assert made.path == sqlite_home.state_dir / "monitor-20261120T120000Z.db"
    assert made.path.stat().st_mode & 0o007 == 0


async def test_a_directory_gets_a_file_with_the_time_in_its_name(sqlite_home: Home, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    for day in range(2):
        await backup(sqlite_home.url, tmp_path, tmp_path / "kept", now=NOON + timedelta(days=day))
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert names == ["monitor-20261120T120000Z.db", "monitor-20261121T120000Z.db"]


async def test_what_is_there_is_replaced_only_when_that_is_asked_for(sqlite_home: Home, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(StoreConflict, match="already"):
        await backup(sqlite_home.url, tmp_path, tmp_path / "mine", now=NOON)
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(StoreConflict, match="the database itself"):
        await backup(sqlite_home.url, tmp_path, tmp_path / "monitor.db", now=NOON, replace=True)
    assert (await backup(sqlite_home.url, tmp_path, tmp_path / "mine", now=NOON, replace=True)).events == 0
    with pytest.raises(StoreMissing, match="There is no directory"):
        await backup(sqlite_home.url, tmp_path, tmp_path / "no" / "where", now=NOON)


async def test_a_damaged_database_makes_no_backup_in_the_place_of_a_good_one(sqlite_home: Home, tmp_path: Path) -> None:
    await filled(sqlite_home)
    good = await backup(sqlite_home.url, tmp_path, tmp_path / "good.db", now=NOON)
    whole = (tmp_path / "monitor.db").read_bytes()
    half = len(whole) // 2 // 4096 * 4096
    (tmp_path / "monitor.db").write_bytes(whole[:half] + b"\xff" * 20_000 + whole[half + 20_000 :])
    with pytest.raises(NotADatabase, match="damaged") as caught:
        await backup(sqlite_home.url, tmp_path, good.path, now=NOON, replace=True)
    assert "db restore" in caught.value.hint
    with closing(sqlite3.connect(good.path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not list(tmp_path.glob("*.part*"))


async def test_a_full_disk_makes_no_half_backup(sqlite_home: Home, small_disk: Path) -> None:
    await filled(sqlite_home, events=500)
    with pytest.raises(StoreFull, match=f"{small_disk}/copy.db cannot be written: the disk is full"):
        await backup(sqlite_home.url, sqlite_home.state_dir, small_disk / "copy.db", now=NOON)
    assert list(small_disk.iterdir()) == []


async def test_for_a_server_its_own_tools_are_named_without_the_password(tmp_path: Path) -> None:
    url, address = Secret(LOGIN), "postgresql://ann@db.example.org:5433/our%20jobs?sslmode=require"
    with pytest.raises(StoreError) as making:
        await backup(url, tmp_path, None, now=NOON)
    assert shlex.split(making.value.hint) == ["pg_dump", "--format=custom", "--file=our jobs.dump", address]
    with pytest.raises(StoreError) as putting:
        await restore(url, tmp_path, Path("our jobs.dump"), now=NOON)
    words = shlex.split(putting.value.hint)
    assert words[:5] == ["pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={address}"]
    assert words[5:] == ["our jobs.dump", "&&", "training-monitor", "db", "restore", "--new-epoch"]
    assert "hunter2" not in f"{making.value} {making.value.hint} {putting.value} {putting.value.hint}"
