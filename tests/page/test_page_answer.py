"""The page behind a link in a real browser: without scripts, at 400 pixels, in both languages and themes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.kit.browser import LOOKS, Visit, tab
from tests.web.test_web_answer import answers, stuck

pytestmark = pytest.mark.asyncio(loop_scope="session")
TITLE = "Training job “qwen-support-客服问答-with-a-long-name-that-does-not-fit-anywhere” has been in the queue for 2 h"


async def test_a_person_answers_with_a_phone_and_no_script(browser: Any, visit: Visit, tmp_path: Path) -> None:
    async with stuck(tmp_path, title=TITLE) as (it, link):
        phone = {"viewport": {"width": 400, "height": 800}, "java_script_enabled": False}
        async with tab(browser, it.url(link), locale="zh-CN", **phone) as its:
            page = its.page
            await page.goto(its.home)
            assert await page.title() == "训练监控：回应消息"
            await page.get_by_label("您的姓名").fill("王伟")
            await page.get_by_role("button", name="推迟 4 小时").click()
            await page.get_by_text("已由 王伟 (by the link) 推迟到").wait_for()
            assert page.url == its.home
            assert (its.errors, its.foreign) == ([], [])
        async with visit(it.url(link), width=400) as its:
            await its.page.goto(its.home)
            for scheme in LOOKS:
                await its.page.emulate_media(color_scheme=scheme)
                assert await its.axe() == []
                assert await its.overflow() <= 0
                if folder := os.environ.get("SCREENSHOTS"):
                    await its.page.screenshot(path=f"{folder}/answer-{scheme}.png")
            await its.page.get_by_label("Your name").focus()
            await its.page.keyboard.press("Tab")
            await its.page.keyboard.press("Enter")
            await its.page.get_by_role("status").get_by_text("Acknowledged by").wait_for()
            assert await its.axe() == []
        assert len(await answers(it)) == 2
