"""The page as somebody uses it who did not sign in: loading, filters, details, search, keyboard, what he may not do.

All look at one page that stays open, for opening it is dear. What one chooses there the next ones do not mind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.kit.browser import Tab, Visit
from tests.kit.web import Served

pytestmark = pytest.mark.asyncio(loop_scope="session")
TABBABLE = """
[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
  .filter((node) => !node.disabled && !node.closest("dialog:not([open])") && node.checkVisibility())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def used(visit: Visit, living: Served) -> AsyncIterator[Tab]:
    async with visit(living.url("/")) as it:
        await it.open()
        yield it


async def test_it_loads_cleanly_and_asks_no_other_host(used: Tab) -> None:
    it, page = used, used.page
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


async def test_times_are_the_viewers_with_utc_in_the_title(used: Tab) -> None:
    """He is in Shanghai."""
    first = used.page.locator("#events time").first
    iso, shown = await first.get_attribute("datetime"), await first.inner_text()
    assert iso is not None
    assert (await first.get_attribute("title") or "").endswith("UTC")
    assert f"{(int(iso[11:13]) + 8) % 24:02d}:{iso[14:16]}" in shown


async def test_who_did_not_sign_in_sees_silences_and_has_no_button(used: Tab) -> None:
    page = used.page
    assert "1 message hidden" in await page.locator("#messages .silences").inner_text()
    assert await page.locator("#messages").get_by_role("button", name="Acknowledge").count() == 0
    assert await page.locator("#messages .silences button").count() == 0


async def test_the_keyboard_reaches_everything_and_is_never_caught(used: Tab) -> None:
    page = used.page
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


async def test_who_may_not_is_told_why(used: Tab) -> None:
    it, page = used, used.page
    dead = page.locator("#messages .deliveries li", has=page.locator(".d-dead")).first
    await dead.get_by_role("button", name="Retry").click()
    why = page.locator("#said")
    await it.until("document.querySelector('#said').textContent !== ''")
    assert "Without a token nothing can be changed over HTTP." in await why.inner_text()
    assert "Without a token" in await dead.inner_text()
    assert await page.locator("#messages .d-dead").count() > 1


async def test_enter_opens_a_job_and_escape_closes_it(used: Tab) -> None:
    page = used.page
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


async def test_jobs_are_filtered_and_paged(used: Tab) -> None:
    it, page = used, used.page
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


async def test_a_job_leads_to_its_messages(used: Tab) -> None:
    it, page = used, used.page
    await page.locator("#jobs select[name=range]").select_option("30")
    said = await page.locator("#messages .text").nth(1).text_content()
    assert said is not None
    await page.locator("#jobs input[name=search]").fill(said.split("Job: ")[1])
    await it.until("document.querySelectorAll('#jobs tbody tr').length === 1")
    await page.locator("#jobs tbody button.link").click()
    await page.get_by_role("button", name="Its messages").click()
    await it.until("document.querySelectorAll('#messages .lines > li').length === 1")
    assert await page.locator("#messages .text").text_content() == said


async def test_events_and_messages_are_searched_and_read_on(used: Tab) -> None:
    it, page = used, used.page
    assert await page.locator("#events .lines > li").count() == 15
    await page.locator("#events .more").click()
    await it.until("document.querySelectorAll('#events .lines > li').length === 30")
    await page.locator("#events select[name=type]").select_option("flavor")
    await it.until("!document.querySelector('#events .body').innerText.includes('job.finished')")
    assert "flavor.sold_out" in await page.locator("#events .body").inner_text()
    await page.locator("#messages select[name=sink]").select_option("mail")
    await page.locator("#messages input[name=search]").fill("no message says this")
    await page.wait_for_selector("#messages .empty")


async def test_a_flavor_opens_its_hours(used: Tab) -> None:
    it, page = used, used.page
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


async def test_usage_is_drawn_and_told_as_a_table(used: Tab) -> None:
    it, page = used, used.page
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
