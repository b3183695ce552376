"""One browser with one tab, and one living world for all tests of the page that only look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.kit.browser import Tab, Visit, chromium, tab
from tests.kit.page import COSTS, page_served
from tests.kit.web import Served
from tests.kit.world import World


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Any]:
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def living(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Served with accounts, jobs, stock, usage, budgets, deletions and messages in it; nobody may change it."""
    async with page_served(tmp_path_factory.mktemp("page"), more=COSTS) as served:
        await World(served).all()
        yield served


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def visit(browser: Any) -> AsyncIterator[Visit]:
    """Goes to a page as somebody who comes for the first time, for a fraction of what a window of his own takes."""
    async with tab(browser, "about:blank") as it:
        yield it.visiting


@pytest_asyncio.fixture(loop_scope="session")
async def opened(visit: Visit, living: Served) -> AsyncIterator[Tab]:
    async with visit(living.url("/")) as it:
        await it.open()
        yield it
