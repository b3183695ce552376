"""The page as it looks: nothing wrong in the console, no other host, fits every width, and axe finds nothing."""

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


async def test_it_loads_cleanly_and_asks_no_other_host(opened: Tab) -> None:
    it, page = opened, opened.page
    await page.wait_for_selector(".uplot canvas")
    await page.wait_for_selector("#live[data-state=live]")
    assert await page.locator("#jobs tbody tr").count() == 20
    assert await page.locator("#accounts .card").count() == 3
    assert await page.locator("#stock tbody tr").count() == 12
    assert await page.locator("#budgets .card").count() == 3
    frees = [text.split(": ")[-1] for text in await page.locator("#quotas .card").all_inner_texts()]
    assert ["prod" in text and "(stands still)" in text for text in frees] == [True, False]
    assert ["leftovers" in text and "(off)" in text for text in frees] == [False, True]
    phases = await page.locator("#deletions ol .state").all_inner_texts()
    assert phases == ["… requested", "➜ accepted", "✕ failed", "✕ refused", "✓ deleted", "✓ deleted"]
    assert (it.errors, it.foreign, await it.breaches()) == ([], [], [])


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
        for theme, ground in GROUNDS.items():
            await page.emulate_media(color_scheme=theme)
            for width in (400, 768, 1600):
                await page.set_viewport_size({"width": width, "height": 900})
                assert await it.overflow() <= 0, (theme, width)
                assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
                await page.locator("#jobs button.link").first.click()
                await page.wait_for_selector("dialog[open] .facts")
                assert await it.overflow() <= 0, (theme, width)
                await page.keyboard.press("Escape")


async def test_axe_finds_nothing_serious_in_english_and_light_nor_in_what_opens(opened: Tab) -> None:
    it, page = opened, opened.page
    assert await page.locator("h2").all_text_contents() == HEADINGS["en-GB"]
    assert await it.axe() == []
    await page.locator("#stock button.link").first.click()
    await page.locator("#accounts summary").first.click()
    await page.locator("#messages summary").first.click()
    assert await it.axe("#stock", "#accounts", "#messages") == []
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


async def test_nothing_moves_for_who_wants_no_motion(opened: Tab) -> None:
    page = opened.page
    await page.emulate_media(reduced_motion="reduce")
    await opened.open()
    assert await page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert await page.evaluate("document.getAnimations().length") == 0
