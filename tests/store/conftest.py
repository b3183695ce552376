"""The same tests on both databases: `store` is a real SQLite file, then a real PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.store import Store, open_store
from tests.kit.postgres import postgres_server

__all__ = ["postgres_server"]


@dataclass(frozen=True)
class Home:
    """Where a test's database is."""

    url: str
    state_dir: Path

    @property
    def sqlite(self) -> bool:
        return self.url.startswith("sqlite:")

    async def open(self, *, lock: bool = True) -> Store:
        return await open_store(self.url, state_dir=self.state_dir, lock=lock)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, to be copied: migrating takes a while."""
    folder = tmp_path_factory.mktemp("migrated")

    async def make() -> None:
        await (await open_store("sqlite:monitor.db", state_dir=folder, lock=True)).aclose()

    asyncio.run(make())
    return folder / "monitor.db"


@pytest.fixture
def sqlite_home(tmp_path: Path, migrated_file: Path) -> Home:
    shutil.copy(migrated_file, tmp_path / "monitor.db")
    return Home("sqlite:monitor.db", tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    if request.param == "sqlite":
        found: Home = request.getfixturevalue("sqlite_home")
        return found
    return Home(request.getfixturevalue("postgres_server").database(), tmp_path)


@pytest.fixture
async def store(home: Home) -> AsyncIterator[Store]:
    store = await home.open()
    yield store
    await store.aclose()


@pytest.fixture
def set_revision(request: pytest.FixtureRequest) -> Callable[[Home, str], None]:
    """Makes a database look as if another release had made it."""

    def change(home: Home, revision: str) -> None:
        statement = f"UPDATE alembic_version SET version_num = '{revision}'"
        if home.sqlite:
            with closing(sqlite3.connect(home.state_dir / "monitor.db")) as raw, raw:
                raw.execute(statement)
        else:
            request.getfixturevalue("postgres_server").execute(statement, home.url.rpartition("/")[2])

    return change


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)
