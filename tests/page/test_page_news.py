"""The page while something happens: news come by themselves, many at once are read together, the data's age ticks.

All look at one page that stays open, for opening it is dear. Each adds things of its own, and minds no other's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.kit.browser import Tab, Visit
from tests.kit.page import page_served
from tests.kit.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alive(visit: Visit, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, Tab]]:
    async with page_served(tmp_path_factory.mktemp("news")) as served, visit(served.url("/")) as it:
        world = World(served)
        await world.health()
        page = await it.open()
        await page.wait_for_selector("#live[data-state=live]")
        yield world, it


async def test_the_age_of_the_data_ticks(alive: tuple[World, Tab]) -> None:
    _, it = alive
    age = it.page.locator("#accounts .age .ticking").first
    before = await age.inner_text()
    await it.until(f"document.querySelector('#accounts .age .ticking').textContent !== {before!r}")


async def test_news_arrive_without_a_reload(alive: tuple[World, Tab]) -> None:
    world, it = alive
    page = it.page
    await page.evaluate("window.same = true")
    known = world.job("llm-beijing", name="brand-new")
    await world.keep("llm-beijing", [known])
    await world.message(known, world.end, ["delivered"])
    await page.get_by_role("button", name="brand-new").wait_for()
    await page.locator("#events .lines > li", has_text="brand-new").wait_for()
    await page.locator("#messages .lines > li", has_text="brand-new").wait_for()
    assert await page.evaluate("same")
    assert await page.locator("#live").inner_text() == "live"


async def test_a_burst_of_news_is_read_a_few_times(alive: tuple[World, Tab]) -> None:
    world, it = alive
    page = it.page
    known = world.job("llm-beijing")
    await world.keep("llm-beijing", [known])
    it.asked.clear()
    last = 0
    for _ in range(100):
        last = await world.message(known, world.end, [])
    await page.locator(f"#events li[data-seq='{last}']").wait_for()
    assert len([url for url in it.asked if "/events?" in url]) < 10
    assert len([url for url in it.asked if "/jobs?" in url]) < 10
