"""Migrations: from nothing and from rows to the tables that the program means, or not at all."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from monitor.store import NotMigrated, append_events, check, last_seq, open_store, read_events, upgrade
from monitor.store.alembic import differences, head
from monitor.store.layout import LAYOUT, migrations
from monitor.store.migrate import HEAD
from monitor.store.tables import metadata
from tests.kit.forked import python
from tests.kit.made import draft
from tests.store.conftest import Home
from tests.store.write_layout import made_by_migrations, script

NEXT = f"{int(HEAD) + 1:04}"


def test_the_head_is_the_newest_migration() -> None:
    assert head() == HEAD


def test_migrations_are_found_at_the_root_of_a_checkout() -> None:
    assert (migrations() / "versions" / "0001_initial.py").exists()


def test_a_new_file_is_what_the_migrations_make(tmp_path: Path) -> None:
    made_by_migrations(tmp_path / "stepwise.db")
    meant = (migrations() / LAYOUT).read_text()
    assert script(tmp_path / "stepwise.db") == meant, "run: python -m tests.store.write_layout"
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom monitor.store import open_store\n"
        "store = asyncio.run(open_store('sqlite:monitor.db', state_dir=Path(sys.argv[1]), lock=True))\n"
        "asyncio.run(store.aclose())\nprint(store.epoch, 'alembic' in sys.modules)"
    )
    epochs = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        command = [sys.executable, "-c", code, str(tmp_path / name)]
        epoch, alembic = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert (len(bytes.fromhex(epoch)), alembic) == (16, "False")
        assert script(tmp_path / name / "monitor.db") == meant
        epochs.add(epoch)
    assert len(epochs) == 2


async def test_the_migrations_make_exactly_the_tables_of_the_program(home) -> None:
    found = await check(home.url, home.state_dir)
    assert found.problems == ()
    assert (found.revision, found.head, found.ok) == (HEAD, HEAD, True)
    store = await home.open()
    assert await store.read(differences) == []
    await store.aclose()


async def test_every_index_of_the_program_is_in_the_database(home) -> None:
    """Alembic does not compare the conditions of indexes; a partial one that lost its condition would stay unseen."""
    store = await home.open()
    catalogue = "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
    if not home.sqlite:
        catalogue = "SELECT indexname, indexdef FROM pg_indexes"
    there = dict(await store.read(lambda conn: [tuple(row) for row in conn.exec_driver_sql(catalogue)]))
    await store.aclose()
    meant = {str(index.name): index for table in metadata.tables.values() for index in table.indexes}
    assert meant.keys() <= there.keys()
    partial_ones = {name for name, index in meant.items() if index.dialect_options["sqlite"]["where"] is not None}
    assert partial_ones == {name for name in meant if " WHERE " in there[name]}
    assert len(partial_ones) == 13


async def test_a_check_finds_what_is_not_as_it_should_be(sqlite_home) -> None:
    path = sqlite_home.state_dir / "monitor.db"
    with sqlite3.connect(path) as raw:
        raw.execute("DROP INDEX ix_jobs_name")
        raw.execute("INSERT INTO unsettled (sink, rule, subject, delivery) VALUES ('s', 'r', 'x', 77)")
    raw.close()
    found = await check(sqlite_home.url, sqlite_home.state_dir)
    assert not found.ok
    assert any("ix_jobs_name" in line for line in found.problems)
    assert any("unsettled" in line and "deliveries" in line for line in found.problems)


async def test_a_database_with_rows_is_upgraded_after_a_copy(tmp_path: Path, next_revision: str) -> None:
    """The way of every later release, with a migration made for this test."""
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
    await store.write(partial(append_events, epoch=store.epoch, drafts=[(draft(), 1)]))
    await store.aclose()
    done = in_next_release(tmp_path, next_revision)
    assert done.stdout == "True\nFalse\n", done.stderr
    copy = tmp_path / f"monitor.db.before-{NEXT}"
    assert sorted(path.name for path in tmp_path.glob("monitor.db*")) == ["monitor.db", copy.name, "monitor.db.lock"]
    for path, revision in ((copy, HEAD), (tmp_path / "monitor.db", NEXT)):
        raw = sqlite3.connect(path)
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(revision,)]
        assert raw.execute("SELECT count(*) FROM events").fetchall() == [(1,)]
        raw.close()


async def test_a_failing_upgrade_leaves_the_old_state(home: Home, failing_revision: str) -> None:
    store = await home.open()
    await store.write(partial(append_events, epoch=store.epoch, drafts=[(draft(), 1)]))
    await store.aclose()
    done = in_next_release(home.state_dir, failing_revision, url=home.url)
    assert "the disk burned" in done.stderr
    store = await home.open()
    assert await store.read(last_seq) == 1
    assert len(await store.read(read_events)) == 1
    await store.aclose()
    assert (await check(home.url, home.state_dir)).ok


async def test_without_room_for_the_copy_nothing_is_upgraded(
    small_disk: Path, migrated_file: Path, next_revision: str
) -> None:
    shutil.copy(migrated_file, small_disk / "monitor.db")
    before = (small_disk / "monitor.db").read_bytes()
    ballast = (1 << 20) - 2 * len(before)
    assert ballast > 0
    (small_disk / "ballast").write_bytes(b"x" * ballast)
    done = in_next_release(small_disk, next_revision)
    assert f"monitor.db.before-{NEXT} cannot be written: the disk is full" in done.stderr
    assert (small_disk / "monitor.db").read_bytes() == before
    assert {path.name for path in small_disk.iterdir()} == {"ballast", "monitor.db"}


async def test_an_older_database_is_not_upgraded_by_who_only_reads(tmp_path: Path, next_revision: str) -> None:
    await (await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)).aclose()
    done = in_next_release(tmp_path, next_revision, "open_store('sqlite:monitor.db', state_dir=place, lock=False)")
    assert f"{NotMigrated.__name__}: The database {tmp_path}/monitor.db is of an older version" in done.stderr


async def test_opening_an_up_to_date_database_does_not_load_alembic(sqlite_home) -> None:
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom monitor.store import open_store\n"
        "async def main():\n"
        "    await (await open_store('sqlite:monitor.db', state_dir=Path(sys.argv[1]), lock=True)).aclose()\n"
        "asyncio.run(main())\nprint('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(sqlite_home.state_dir)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


async def test_upgrading_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    assert await upgrade("sqlite:monitor.db", tmp_path) is True
    assert await upgrade("sqlite:monitor.db", tmp_path) is False
    assert [path.name for path in tmp_path.iterdir()] == ["monitor.db"]


def in_next_release(
    place: Path, scripts: str, call: str = "", url: str = "sqlite:monitor.db"
) -> subprocess.CompletedProcess[str]:
    """Runs a program whose migrations go one further than ours."""
    twice = "\n".join([f"    print(await upgrade({url!r}, place))"] * 2)
    code = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from monitor.store import alembic, migrate, open_store, upgrade\n"
        "place, scripts = Path(sys.argv[1]), Path(sys.argv[2])\n"
        f"migrate.HEAD = '{NEXT}'\nalembic.migrations = lambda: scripts\n"
        f"async def main():\n{f'    await {call}' if call else twice}\n"
        "asyncio.run(main())\n"
    )
    return python(code, place, scripts)


@pytest.fixture
def next_revision(tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripts_with(tmp_path_factory, "op.add_column('jobs', sa.Column('note', sa.String()))")


@pytest.fixture
def failing_revision(tmp_path_factory: pytest.TempPathFactory) -> str:
    steps = (
        "op.drop_table('first_sights')",
        "op.execute('DELETE FROM events')",
        "raise RuntimeError('the disk burned')",
    )
    return scripts_with(tmp_path_factory, "\n    ".join(steps))


def scripts_with(tmp_path_factory: pytest.TempPathFactory, body: str) -> str:
    folder = tmp_path_factory.mktemp("migrations")
    (folder / "versions").mkdir()
    versions = sorted(f"versions/{path.name}" for path in (migrations() / "versions").glob("0*.py"))
    for name in ("env.py", "script.py.mako", *versions):
        (folder / name).write_text((migrations() / name).read_text())
    (folder / "versions" / f"{NEXT}_next.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = '{NEXT}'\ndown_revision = '{HEAD}'\n\n"
        f"def upgrade() -> None:\n    {body}\n"
    )
    return str(folder)
