"""The sign-in in a real browser: also over plain HTTP from another machine, where it sends the least about itself."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from monitor.settings import Listen
from monitor.web import tries
from tests.kit.browser import LOOKS, Visit, tab
from tests.kit.web import TOKEN, served

pytestmark = pytest.mark.asyncio(loop_scope="session")


def address_of_this_machine() -> str | None:
    """One that is not loopback, which a browser trusts more than others. No packet is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


async def test_a_person_signs_in_with_a_browser(
    browser: Any, visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "PENANCE", 0.02)
    hosts = [host for host in ("127.0.0.1", address_of_this_machine()) if host]
    async with served(tmp_path, token=True, listen=Listen("0.0.0.0", 0)) as it:
        for host in hosts:
            home = f"http://{host}:{it.port}/"
            async with tab(browser, home, java_script_enabled=False, locale="zh-CN") as its:
                page = its.page
                await page.goto(home)
                assert (page.url, await page.title()) == (home + "sign-in", "Training Monitor：登录")
                assert [text for text in its.errors if "Content Security Policy" in text] == []

                await page.get_by_label("令牌").fill("not the token")
                await page.get_by_role("button", name="登录").click()
                assert await page.get_by_role("alert").inner_text() == "令牌不正确。"

                await page.get_by_label("令牌").fill(TOKEN)
                await page.keyboard.press("Enter")
                await page.wait_for_url(home)
                (cookie,) = await page.context.cookies()
                assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
                assert its.foreign == []
        async with tab(browser, it.url("/"), locale="zh-CN", viewport={"width": 400, "height": 700}) as its:
            page = its.page
            await page.goto(it.url("/sign-in"))
            await page.get_by_label("令牌").fill(TOKEN)
            await page.keyboard.press("Enter")
            await page.wait_for_url(it.url("/"))
            (cookie,) = await page.context.cookies()
            button = page.get_by_role("button", name="退出登录")
            await page.get_by_label("语言").select_option("en")
            await page.get_by_role("button", name="Sign out").wait_for()
            assert (await its.axe(), await its.overflow()) == ([], 0)
            await page.get_by_label("Language").select_option("zh")
            await page.get_by_label("语言").focus()
            await page.keyboard.press("Tab")
            assert await button.evaluate("button => button === document.activeElement")
            await page.keyboard.press("Enter")
            await page.wait_for_url(it.url("/sign-in"))
            assert await page.context.cookies() == []
            kept = {"Cookie": f"{cookie['name']}={cookie['value']}"}
            assert (await it.ask("/api/v1/jobs", headers=kept))[0] == 401
        async with visit(it.url("/sign-in"), width=400) as its:
            await its.page.goto(its.home)
            for scheme in LOOKS:
                await its.page.emulate_media(color_scheme=scheme)
                assert (await its.axe(), await its.overflow()) == ([], 0), scheme
