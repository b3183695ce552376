"""The page as it looks: it fits every width, axe finds nothing, language, theme and motion are the viewer's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.browser import Tab, Visit, tab
from tests.kit.web import Served

pytestmark = pytest.mark.asyncio(loop_scope="session")
HEADINGS = {
    "en-GB": [
        *("Accounts", "Jobs", "Stock of flavors", "Usage and cost", "Budgets", "Quotas", "Deletions"),
        *("Events", "Messages"),
    ],
    "zh-CN": ["账号", "作业", "规格库存", "用量与费用", "预算", "配额", "删除", "事件", "消息"],
}
SCROLLS = """
[...document.querySelectorAll("#usage .body, #usage .scroll")].map((box) => box.scrollWidth - box.clientWidth)
"""
GROUNDS: dict[Any, str] = {"light": "rgb(244, 246, 249)", "dark": "rgb(15, 20, 27)"}


async def test_it_fits_every_window_in_both_themes(visit: Visit, living: Served) -> None:
    async with visit(living.url("/"), width=400) as it:
        page = await it.open()
        await page.wait_for_selector(".uplot canvas")
        assert await it.overflow() <= 0
        await page.locator("#stock button.link").first.click()
        await page.locator("#accounts summary").first.click()
        await page.locator("#messages summary").first.click()
        await page.wait_for_selector(".hours")
        await page.locator("#usage summary").click()
        assert "CNY" in await page.locator("#usage tbody").first.inner_text()
        for width in (390, 701, 1280):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate(SCROLLS) == [0, 0, 0], width
        for width in (400, 768, 1600):
            await page.set_viewport_size({"width": width, "height": 900})
            for theme, ground in GROUNDS.items():
                await page.emulate_media(color_scheme=theme)
                assert await it.overflow() <= 0, (theme, width)
                assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
            await page.locator("#jobs button.link").first.click()
            await page.wait_for_selector("dialog[open] .facts")
            for theme in GROUNDS:
                await page.emulate_media(color_scheme=theme)
                assert await it.overflow() <= 0, (theme, width)
            await page.keyboard.press("Escape")


async def test_axe_finds_nothing_serious_in_what_opens_in_english_and_light(opened: Tab) -> None:
    """What is closed is beside it: others of the same kind."""
    it, page = opened, opened.page
    assert await page.locator("h2").all_text_contents() == HEADINGS["en-GB"]
    await page.locator("#stock button.link").first.click()
    await page.locator("#accounts summary").first.click()
    await page.locator("#messages summary").first.click()
    assert await it.axe() == []
    await page.locator("#jobs button.link").first.click()
    await page.wait_for_selector("dialog[open] .facts")
    assert await it.axe("dialog") == []


async def test_axe_finds_nothing_serious_in_chinese_and_dark(browser: Any, living: Served) -> None:
    async with tab(browser, living.url("/"), locale="zh-CN", color_scheme="dark") as it:
        page = await it.open()
        assert await page.locator("h2").all_text_contents() == HEADINGS["zh-CN"]
        assert await it.axe() == []


async def test_language_and_theme_are_chosen_and_kept(opened: Tab) -> None:
    it, page = opened, opened.page
    await page.locator("#language").select_option("zh")
    await page.locator("#theme").select_option("dark")
    assert await page.locator("h2").all_text_contents() == HEADINGS["zh-CN"]
    assert "运行中" in await page.locator("#jobs tbody").inner_text()
    tidied = await page.locator("#deletions").inner_text()
    assert [words in tidied for words in ("请求者：策略 nightly", "请求者：API 令牌", "已停止")] == [True] * 3
    await it.open()
    assert await page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert await page.locator("h2").all_text_contents() == HEADINGS["zh-CN"]
    assert it.errors == []


async def test_nothing_moves_for_who_wants_no_motion(visit: Visit, living: Served) -> None:
    async with visit(living.url("/")) as it:
        await it.page.emulate_media(reduced_motion="reduce")
        page = await it.open()
        assert await page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        assert await page.evaluate("document.getAnimations().length") == 0
