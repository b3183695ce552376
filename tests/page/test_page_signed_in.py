"""The page of who signed in: what may be done with a delivery, a message and a silence, and how the session ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.browser import Tab, Visit
from tests.kit.page import page_served
from tests.kit.web import TOKEN
from tests.kit.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def signed_in(it: Tab) -> None:
    await it.page.goto(it.home)
    await it.page.locator("input[name=token]").fill(TOKEN)
    await it.page.locator("button[type=submit]").click()
    await it.settled()


async def test_who_signed_in_retries_and_drops_dead_deliveries(visit: Visit, tmp_path: Path) -> None:
    async with page_served(tmp_path, token=TOKEN) as served, visit(served.url("/")) as it:
        world = World(served)
        await world.health()
        await world.messages()
        await signed_in(it)
        dead = it.page.locator("#messages .deliveries li", has=it.page.locator(".d-dead"))
        many = await dead.count()
        assert many > 1
        await dead.first.get_by_role("button", name="Retry").click()
        await it.until(f"document.querySelectorAll('#messages .d-dead').length === {many - 1}")
        await dead.first.get_by_role("button", name="Drop").click()
        await it.until("document.querySelector('#messages .body').innerText.includes('dropped by web')")
        assert it.errors == []


async def test_who_signed_in_acknowledges_a_message_and_ends_a_silence(visit: Visit, tmp_path: Path) -> None:
    async with page_served(tmp_path, token=TOKEN) as served, visit(served.url("/"), width=400) as it:
        await World(served).silences()
        page = it.page
        await signed_in(it)
        silence, message = page.locator("#messages .silences li"), page.locator("#messages .lines > li").first
        assert "A silence of ann until" in await silence.inner_text()
        assert "maintenance of the <cluster>" in await silence.inner_text()
        assert "not acknowledged" in await message.inner_text()
        assert (await it.axe("#messages"), await it.overflow()) == ([], 0)
        if folder := os.environ.get("SCREENSHOTS"):
            await page.locator("#messages").screenshot(path=f"{folder}/messages.png")
        await page.get_by_role("button", name="Acknowledge").click()
        await it.until("document.querySelector('#messages .lines').innerText.includes('acknowledged by web sign-in')")
        assert await page.get_by_role("button", name="Acknowledge").count() == 0
        await page.get_by_text("1 message hidden").focus()
        await page.keyboard.press("Enter")
        await it.until("document.querySelector('#messages .kept') !== null")
        kept = await silence.locator(".kept li").inner_text()
        assert ("name of night-1" in kept, "rule stuck · journal" in kept) == (True, True), kept
        assert "1 message hidden" in await page.evaluate("document.activeElement.textContent")
        assert (await it.axe("#messages"), await it.overflow()) == ([], 0)
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Enter")
        await it.until("!document.querySelector('#messages .silences')")
        assert await page.evaluate("document.activeElement.id") == "h-messages", "who uses keys stays where he was"
        assert it.errors == []


async def test_whose_session_ended_is_sent_to_sign_in(visit: Visit, tmp_path: Path) -> None:
    async with page_served(tmp_path, token=TOKEN) as served, visit(served.url("/")) as it:
        await signed_in(it)
        await it.page.context.clear_cookies()
        await it.page.locator("#jobs select[name=range]").select_option("30")
        await it.page.wait_for_url("**/sign-in")
