"""A ledger on a real SQLite file."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.model import Scope
from monitor.store import ensure_scope, open_store
from tests.kit.spending import MORNING, Ledger


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, to be copied: migrating takes a while."""
    folder = tmp_path_factory.mktemp("ledger")

    async def make() -> None:
        store = await open_store("sqlite:monitor.db", state_dir=folder, lock=True)
        scope = Scope(account="llm", watch="jobs", key="k")
        await store.write(lambda conn: ensure_scope(conn, scope, now=MORNING))
        await store.aclose()

    asyncio.run(make())
    return folder / "monitor.db"


@pytest.fixture
async def ledger(tmp_path: Path, empty_ledger: Path) -> AsyncIterator[Ledger]:
    shutil.copy(empty_ledger, tmp_path / "monitor.db")
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
    yield Ledger(store)
    await store.aclose()
