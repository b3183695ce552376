"""The page in use: filters, details, search, keyboard; and what may be done with a delivery, by whom."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.model import JobState
from tests.kit.browser import Tab, tab
from tests.kit.page import page_served
from tests.kit.web import TOKEN
from tests.kit.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
TABBABLE = """
[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
  .filter((node) => !node.disabled && !node.closest("dialog:not([open])") && node.checkVisibility())
"""


async def test_jobs_are_filtered_and_paged(opened: Tab) -> None:
    it, page = opened, opened.page
    rows, count = page.locator("#jobs tbody tr"), page.locator("#jobs .pager span")
    await page.locator("#jobs select[name=state]").select_option("failed")
    assert set(await page.locator("#jobs tbody .c-state").all_inner_texts()) == {"✕ failed"}
    await page.locator("#jobs select[name=account]").select_option("ascend-north")
    assert set(await page.locator("#jobs tbody .c-account").all_inner_texts()) == {"ascend-north"}
    await page.locator("#jobs select[name=state]").select_option("")
    await page.locator("#jobs select[name=account]").select_option("")
    await page.locator("#jobs select[name=owner]").select_option("Ann")
    assert set(await page.locator("#jobs tbody .c-owner").all_inner_texts()) == {"Ann"}
    await page.locator("#jobs select[name=owner]").select_option("")
    await page.locator("#jobs select[name=range]").select_option("30")
    await it.until("document.querySelector('#jobs .pager span').textContent.includes('84')")
    await page.get_by_label("Next page").click()
    assert (await count.inner_text()).startswith("21–40")
    await page.locator("#jobs input[name=search]").fill("客服")
    await it.until("!document.querySelector('#jobs .pager span').textContent.includes('84')")
    assert all("客服" in name for name in await page.locator("#jobs tbody .c-job").all_inner_texts())
    await page.locator("#jobs input[name=search]").fill("there is no such job")
    await page.wait_for_selector("#jobs .empty")
    assert await rows.count() == 0


async def test_the_range_begins_as_short_as_holds_all_jobs_and_stays_as_it_was_chosen(
    browser: Any, tmp_path: Path
) -> None:
    async with page_served(tmp_path) as served:
        world = World(served)
        await world.scope("llm-beijing")
        begun = world.end - timedelta(minutes=25)
        recent = [replace(world.job("llm-beijing"), state_since=begun) for _ in range(3)]
        jobs = [
            replace(known, job=replace(known.job, created_at=begun, started_at=begun + timedelta(minutes=2),
                                       ended_at=None, state=JobState.RUNNING))
            for known in recent
        ]  # fmt: skip
        await world.keep("llm-beijing", jobs)
        async with tab(browser, served.url("/"), viewport={"width": 400, "height": 800}) as it:
            page = await it.open()
            chosen = page.locator("#jobs select[name=range]")
            await it.until("document.querySelector('#jobs select[name=range]').value === '1h'")
            widths = (
                "[...document.querySelectorAll('#jobs .bar rect')].map((one) => parseFloat(one.getAttribute('width')))"
            )
            assert max(await page.evaluate(widths)) > 30, "percent: 23 of 60 minutes"
            assert 2 <= await page.locator("#jobs .axis text").count() <= 4
            await chosen.select_option("30")
            older = world.end - timedelta(days=2)
            await world.keep("llm-beijing", [replace(jobs[0], job=replace(jobs[0].job, id="ft-old", created_at=older))])
            await page.reload()
            await it.until("document.querySelector('#jobs select[name=range]').value === '7'")
            await chosen.select_option("30")
            await it.until("document.querySelectorAll('#jobs tbody tr').length === 4")
            assert await chosen.input_value() == "30"


async def test_enter_opens_a_job_and_escape_closes_it(opened: Tab) -> None:
    page = opened.page
    name = page.locator("#jobs tbody button.link").first
    await name.focus()
    assert await page.locator("#tip").is_visible()
    await page.keyboard.press("Escape")
    assert await page.locator("#tip").is_hidden()
    await page.keyboard.press("Enter")
    facts = page.locator("dialog[open] .facts")
    await facts.wait_for()
    assert "ft-0000" in await facts.inner_text()
    link = page.locator("dialog a.button")
    assert (await link.get_attribute("href") or "").startswith("https://console.example.org/jobs/")
    assert await link.get_attribute("rel") == "noopener noreferrer"
    await page.keyboard.press("Escape")
    assert await page.locator("dialog[open]").count() == 0
    assert await name.evaluate("(node) => node === document.activeElement")


async def test_a_job_leads_to_its_messages(opened: Tab) -> None:
    it, page = opened, opened.page
    await page.locator("#jobs select[name=range]").select_option("30")
    said = await page.locator("#messages .text").nth(1).text_content()
    assert said is not None
    await page.locator("#jobs input[name=search]").fill(said.split("Job: ")[1])
    await it.until("document.querySelectorAll('#jobs tbody tr').length === 1")
    await page.locator("#jobs tbody button.link").click()
    await page.get_by_role("button", name="Its messages").click()
    await it.until("document.querySelectorAll('#messages .lines > li').length === 1")
    assert await page.locator("#messages .text").text_content() == said


async def test_events_and_messages_are_searched_and_read_on(opened: Tab) -> None:
    it, page = opened, opened.page
    assert await page.locator("#events .lines > li").count() == 15
    await page.locator("#events .more").click()
    await it.until("document.querySelectorAll('#events .lines > li').length === 30")
    await page.locator("#events select[name=type]").select_option("flavor")
    await it.until("!document.querySelector('#events .body').innerText.includes('job.finished')")
    assert "flavor.sold_out" in await page.locator("#events .body").inner_text()
    await page.locator("#messages select[name=sink]").select_option("mail")
    await page.locator("#messages input[name=search]").fill("no message says this")
    await page.wait_for_selector("#messages .empty")


async def test_a_flavor_opens_its_hours(opened: Tab) -> None:
    it, page = opened, opened.page
    await page.locator("#stock input[name=search]").fill("snt9c")
    await it.until("document.querySelectorAll('#stock .stocks > tbody > tr').length === 3")
    await page.locator("#stock button.link").first.click()
    cells = page.locator(".hours tbody tr.whole td")
    assert await cells.count() == 24
    assert set(await cells.all_inner_texts()) <= {"in stock", "sold out"} | {
        text for text in await cells.all_inner_texts() if text.startswith("partly in stock")
    }
    label = await page.locator("#stock .strip").first.get_attribute("aria-label")
    assert label is not None
    assert label.startswith("in stock ")


async def test_usage_is_drawn_and_told_as_a_table(opened: Tab) -> None:
    it, page = opened, opened.page
    await page.wait_for_selector(".uplot canvas")
    told = await page.locator("#usage figure").get_attribute("aria-label")
    assert told is not None
    assert "Tokens by day and model, 30 days" in told
    await page.locator("#usage select[name=what]").select_option("CNY")
    await it.until("document.querySelector('#usage figure').ariaLabel.includes('CNY')")
    await page.locator("#usage select[name=what]").select_option("card_hours")
    await it.until("document.querySelector('#usage figure').ariaLabel.startsWith('Card hours by day')")
    assert "PyTorch" in await page.locator("#usage .legend").inner_text()
    await page.locator("#usage summary").click()
    assert await page.locator("#usage details tbody tr").count() == 30
    assert "qwen3-14b" in await page.locator("#usage .matrix").first.inner_text()


async def test_the_keyboard_reaches_everything_and_is_never_caught(opened: Tab) -> None:
    page = opened.page
    await page.evaluate(f"window.wanted = {TABBABLE}; window.met = new Set()")
    await page.evaluate("document.addEventListener('focusin', (event) => met.add(event.target))")
    many = await page.evaluate("wanted.length")
    assert many > 60
    for _ in range(many + 2):
        await page.keyboard.press("Tab")
    missed = await page.evaluate(
        "wanted.filter((node) => node.isConnected && !met.has(node)).map((node) => node.outerHTML)"
    )
    assert missed == []


async def test_who_signed_in_retries_and_drops_dead_deliveries(browser: Any, tmp_path: Path) -> None:
    async with page_served(tmp_path, token=TOKEN) as served, tab(browser, served.url("/")) as it:
        world = World(served)
        await world.health()
        await world.messages()
        await it.page.goto(it.home)
        await it.page.locator("input[name=token]").fill(TOKEN)
        await it.page.locator("button[type=submit]").click()
        await it.settled()
        dead = it.page.locator("#messages .deliveries li", has=it.page.locator(".d-dead"))
        many = await dead.count()
        assert many > 1
        await dead.first.get_by_role("button", name="Retry").click()
        await it.until(f"document.querySelectorAll('#messages .d-dead').length === {many - 1}")
        await dead.first.get_by_role("button", name="Drop").click()
        await it.until("document.querySelector('#messages .body').innerText.includes('dropped by web')")
        assert it.errors == []


async def test_who_signed_in_acknowledges_a_message_and_ends_a_silence(browser: Any, tmp_path: Path) -> None:
    phone = {"viewport": {"width": 400, "height": 900}, "bypass_csp": True}
    async with page_served(tmp_path, token=TOKEN) as served, tab(browser, served.url("/"), **phone) as it:
        await World(served).silences()
        page = it.page
        await page.goto(it.home)
        await page.locator("input[name=token]").fill(TOKEN)
        await page.locator("button[type=submit]").click()
        await it.settled()
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


async def test_who_did_not_sign_in_sees_silences_and_has_no_button(opened: Tab) -> None:
    page = opened.page
    assert "1 message hidden" in await page.locator("#messages .silences").inner_text()
    assert await page.locator("#messages").get_by_role("button", name="Acknowledge").count() == 0
    assert await page.locator("#messages .silences button").count() == 0


async def test_who_may_not_is_told_why(opened: Tab) -> None:
    it, page = opened, opened.page
    dead = page.locator("#messages .deliveries li", has=page.locator(".d-dead")).first
    await dead.get_by_role("button", name="Retry").click()
    why = page.locator("#said")
    await it.until("document.querySelector('#said').textContent !== ''")
    assert "Without a token nothing can be changed over HTTP." in await why.inner_text()
    assert "Without a token" in await dead.inner_text()
    assert await page.locator("#messages .d-dead").count() > 1
