"""`ask`: the API around a store with something of everything, asked without any transport."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kit.api import Asking, asking, seed
from tests.kit.web import fresh_store


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asking]:
    store = await fresh_store(tmp_path / "state")
    await store.write(seed)
    yield asking(store, tmp_path)
    await store.aclose()
