"""Opening: what is in the way is said in one sentence with a remedy, and never with a password."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from monitor.fields import Secret
from monitor.store import (
    NewerDatabase,
    NotADatabase,
    NotMigrated,
    Store,
    StoreError,
    StoreLocked,
    StoreMissing,
    StoreUnavailable,
    check,
    last_seq,
    open_store,
    upgrade,
)
from monitor.store.faults import RESTORE
from tests.kit.forked import python
from tests.kit.postgres import PASSWORD, PostgresServer

HOLD = """
import asyncio, sys
from pathlib import Path
from monitor.store import open_store

async def main():
    store = await open_store(sys.argv[1], state_dir=Path(sys.argv[2]), lock=True)
    print("open", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def holding(url: str, state_dir: Path) -> subprocess.Popen[str]:
    """Another process that has the store open under the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, url, str(state_dir)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


async def refused(kind: type[StoreError], url: str, state_dir: Path, *, lock: bool = True) -> str:
    """The sentence and the hint; both must be there."""
    with pytest.raises(kind) as caught:
        await open_store(url, state_dir=state_dir, lock=lock)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return f"{caught.value} {caught.value.hint}"


async def test_a_second_store_is_refused_with_the_pid_of_the_first_until_that_is_killed(home) -> None:
    process = holding(home.url, home.state_dir)
    try:
        assert str(process.pid) in await refused(StoreLocked, home.url, home.state_dir)
        reader = await home.open(lock=False)
        assert await reader.read(last_seq) == await reader.write(last_seq) == 0
        await reader.aclose()
    finally:
        ended(process)
    for _ in range(100):  # a PostgreSQL server takes a moment to see that a client is dead
        try:
            await (await home.open()).aclose()
            break
        except StoreLocked:
            assert not home.sqlite
    else:
        pytest.fail("the lock outlived its holder")


async def test_a_store_that_was_closed_leaves_the_lock(store: Store, home) -> None:
    with pytest.raises(StoreLocked):
        await home.open()
    await store.aclose()
    await store.aclose()
    await (await home.open()).aclose()


async def test_the_epoch_is_made_with_the_database_and_stays(tmp_path: Path) -> None:
    epochs = []
    for name in ("one.db", "one.db", "two.db"):
        store = await open_store(f"sqlite:{name}", state_dir=tmp_path, lock=True)
        epochs.append(store.epoch)
        await store.aclose()
    assert epochs[0] == epochs[1] != epochs[2]
    assert len(epochs[0]) >= 16


async def test_a_sqlite_file_may_be_anywhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    await (await open_store(Secret(f"sqlite:{elsewhere}/täst.db"), state_dir=tmp_path / "nowhere", lock=True)).aclose()
    assert (elsewhere / "täst.db").exists()


@pytest.mark.parametrize("url", ["monitor.db", "sqlite:", "sqlite:///monitor.db", "mysql://x/y", "postgresql:x", ""])
async def test_an_address_that_means_nothing_is_refused(url: str, tmp_path: Path) -> None:
    assert "sqlite:PATH" in await refused(StoreError, url, tmp_path)


async def test_what_is_not_our_database_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but longer than the header of one. " * 10)
    assert "not a SQLite database" in await refused(NotADatabase, "sqlite:notes.txt", tmp_path)
    assert text.read_text().startswith("not a database")
    with sqlite3.connect(tmp_path / "other.db") as raw:
        raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    before = (tmp_path / "other.db").read_bytes()
    assert "another program" in await refused(NotADatabase, "sqlite:other.db", tmp_path)
    assert (tmp_path / "other.db").read_bytes() == before
    (tmp_path / "folder.db").mkdir()
    assert "is a directory" in await refused(NotADatabase, "sqlite:folder.db", tmp_path)


async def test_a_damaged_database_says_so(sqlite_home) -> None:
    path = sqlite_home.state_dir / "monitor.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 4000 + whole[4100:])
    said = await refused(NotADatabase, sqlite_home.url, sqlite_home.state_dir)
    assert "is damaged" in said
    assert "training-monitor db restore FILE" in said
    assert "training-monitor db check" in said
    with pytest.raises(NotADatabase, match="is damaged") as caught:
        await check(sqlite_home.url, sqlite_home.state_dir)
    assert caught.value.hint == RESTORE, "not what was just done"


async def test_a_missing_place_says_what_to_make(tmp_path: Path) -> None:
    assert "mkdir -p" in await refused(StoreMissing, "sqlite:monitor.db", tmp_path / "nowhere")
    assert "training-monitor run" in await refused(StoreMissing, "sqlite:monitor.db", tmp_path, lock=False)
    assert list(tmp_path.iterdir()) == []


async def test_a_directory_that_may_not_be_written_is_named() -> None:
    """Run as nobody where the tests run as root, who may write everywhere."""
    code = (
        "import asyncio, os, sys\nfrom pathlib import Path\n"
        "from monitor.store import StoreUnavailable, open_store\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "try: asyncio.run(open_store('sqlite:monitor.db', state_dir=Path(sys.argv[1]), lock=True))\n"
        "except StoreUnavailable as error: print(error)"
    )
    place = Path(tempfile.mkdtemp())  # a test's own folder is closed to others
    try:
        (place / "closed").mkdir()
        (place / "closed").chmod(0o555)
        place.chmod(0o755)
        done = python(code, place / "closed")
        assert done.stdout == f"The directory {place}/closed may not be written.\n", done.stderr
    finally:
        shutil.rmtree(place)


async def test_a_directory_that_may_not_be_entered_is_named() -> None:
    code = (
        "import asyncio, os, sys\nfrom pathlib import Path\n"
        "from monitor.store import StoreUnavailable, check\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "try: asyncio.run(check('sqlite:monitor.db', Path(sys.argv[1])))\n"
        "except StoreUnavailable as error: print(error, error.hint)"
    )
    with tempfile.TemporaryDirectory() as closed:
        Path(closed).chmod(0)
        done = python(code, closed)
        Path(closed).chmod(0o700)
    said = f"The database {closed}/monitor.db may not be looked for by this user. Use sudo, or"
    assert done.stdout.startswith(said), done.stderr


async def test_a_newer_database_is_not_touched(home, set_revision) -> None:
    set_revision(home, "0999")
    for lock in (True, False):
        assert "newer version" in await refused(NewerDatabase, home.url, home.state_dir, lock=lock)
    with pytest.raises(NewerDatabase):
        await upgrade(home.url, home.state_dir)
    found = await check(home.url, home.state_dir)
    assert not found.ok
    assert found.revision == "0999"


async def test_a_locked_database_fails_the_write_and_recovers(sqlite_home) -> None:
    store = await sqlite_home.open()
    await store.write(lambda conn: conn.exec_driver_sql("PRAGMA busy_timeout = 100").close())
    other = sqlite3.connect(sqlite_home.state_dir / "monitor.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreLocked, match="locked by another process") as caught:
        await store.write(last_seq)
    assert caught.value.hint
    assert await store.read(last_seq) == 0
    other.execute("ROLLBACK")
    other.close()
    assert await store.write(last_seq) == 0
    await store.aclose()


@pytest.mark.postgres
async def test_an_empty_postgres_database_asks_for_the_upgrade(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = postgres_server.empty_database()
    for lock in (True, False):
        assert "db upgrade" in await refused(NotMigrated, url, tmp_path, lock=lock)
    assert await upgrade(url, tmp_path) is True
    assert await upgrade(url, tmp_path) is False
    await (await open_store(url, state_dir=tmp_path, lock=True)).aclose()


@pytest.mark.postgres
async def test_a_postgres_that_cannot_be_reached_is_named_without_the_password(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    closed = "postgresql://secured:hunter2@127.0.0.1:1/db"
    wrong = postgres_server.url("postgres", user="secured", password="hunter2")
    nowhere = postgres_server.url("no_such_database", user="secured", password=PASSWORD)
    for url, word in ((closed, "cannot be reached"), (wrong, "user or the password"), (nowhere, "no such database")):
        told = await refused(StoreUnavailable, url, tmp_path)
        assert word in told
        assert "127.0.0.1:" in told
        assert "hunter2" not in told
        assert PASSWORD not in told
        with pytest.raises(StoreUnavailable):
            await check(url, tmp_path)


@pytest.mark.postgres
async def test_a_right_password_is_let_in(postgres_server: PostgresServer, tmp_path: Path) -> None:
    database = postgres_server.database().rpartition("/")[2]
    url = postgres_server.url(database, user="secured", password=PASSWORD)
    await (await open_store(Secret(url), state_dir=tmp_path, lock=True)).aclose()
