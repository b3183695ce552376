"""The page when things go wrong or get big: nothing known, a dead monitor, hostile words, 10,000 jobs, live news."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from monitor.model import ActionState, Asker, AskerKind, JobState
from tests.kit import tidied
from tests.kit.browser import tab
from tests.kit.page import COSTS, page_served
from tests.kit.web import TOKEN
from tests.kit.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTILE = (
    "<img src=x onerror=\"document.title='broken'\">",
    "<script>document.title='broken'</script>",
    "x" * 5000,
    "‮evil‬ وظيفة تدريب",
    "a\u200d\n\t\x7f${t}{name}",
)


async def test_nothing_known_yet_is_said_in_words(browser: Any, tmp_path: Path) -> None:
    async with page_served(tmp_path) as served, tab(browser, served.url("/")) as it:
        page = await it.open()
        said = await page.locator("section .empty").all_inner_texts()
        assert said == [
            "No job is known yet.",
            "No flavor with stock is known yet.",
            "Nothing was booked in this time.",
            "Nothing has happened yet.",
            "No message was written yet.",
        ]
        assert await page.locator("#accounts .badge.is-waiting").count() >= 3
        quiet = [page.locator(f"#{name}, nav a[href='#{name}']") for name in ("budgets", "quotas", "deletions")]
        assert [await one.evaluate_all("(nodes) => nodes.map((node) => node.checkVisibility())") for one in quiet] == (
            [[False, False]] * 3
        )
        assert (it.errors, await it.breaches()) == ([], [])


async def test_a_dead_monitor_is_told_what_was_known_stays_and_it_comes_back(browser: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with AsyncExitStack() as stack:
        async with page_served(tmp_path / "one") as served:
            await World(served).all()
            it = await stack.enter_async_context(tab(browser, served.url("/")))
            page = await it.open()
            await page.wait_for_selector("#live[data-state=live]")
        await page.wait_for_selector("#live[data-state=reconnecting]")
        await page.locator("#events select[name=severity]").select_option("warning")
        await page.wait_for_selector("#events.stale")
        assert (
            "The monitor does not answer. Below is what was known at"
            in await page.locator("#events .note").inner_text()
        )
        assert await page.locator("#events .lines > li").count() == 15
        again = await stack.enter_async_context(page_served(tmp_path / "two", port=served.port))
        world = World(again)
        fresh = {"created_at": world.end, "started_at": None, "ended_at": None, "state": JobState.QUEUED}
        await world.keep("llm-beijing", [world.job("llm-beijing", name="after the break", **fresh)])
        await page.locator("#events .note button").click()
        await page.wait_for_selector("#events:not(.stale) .empty")
        await page.wait_for_selector("#live[data-state=live]")
        await page.get_by_role("button", name="after the break").wait_for()
        await it.until("document.querySelectorAll('#jobs tbody tr').length === 1")


async def test_whose_session_ended_is_sent_to_sign_in(browser: Any, tmp_path: Path) -> None:
    async with page_served(tmp_path, token=TOKEN) as served, tab(browser, served.url("/")) as it:
        await it.page.goto(it.home)
        await it.page.locator("input[name=token]").fill(TOKEN)
        await it.page.locator("button[type=submit]").click()
        await it.settled()
        await it.page.context.clear_cookies()
        await it.page.locator("#jobs select[name=range]").select_option("30")
        await it.page.wait_for_url("**/sign-in")


async def forged(route: Any) -> None:
    """Names of the config cannot hold markup; so it is put into the monitor's answer on its way."""
    answer = await route.fetch()
    text = (await answer.text()).replace('"team-nlp"', json.dumps(HOSTILE[0]))
    await route.fulfill(response=answer, body=text.replace('"nightly"', json.dumps(HOSTILE[0])))


async def test_hostile_words_are_only_words(browser: Any, tmp_path: Path) -> None:
    async with (
        page_served(tmp_path, more=COSTS) as served,
        tab(browser, served.url("/"), viewport={"width": 390, "height": 800}) as it,
    ):
        for path in ("budgets", "cleanup"):
            await it.page.route(f"**/api/v1/{path}*", forged)
        world = World(served)
        known = [
            world.job("llm-beijing", name=text, base_model=text, creator=text, url="javascript:alert(1)")
            for text in HOSTILE
        ]
        await world.keep("llm-beijing", known)
        scope = await world.scope("llm-beijing")
        for one, text in zip(known, HOSTILE, strict=True):
            await world.message(one, world.end, ["delivered"])
            bad = {"state": ActionState.REFUSED, "reason": text, "asker": Asker(AskerKind.USER, text)}
            await world.write(lambda conn, one=one, bad=bad: tidied.deletion(conn, scope, one, world.end, **bad))
        await world.write(lambda conn: tidied.stopped(conn, "nightly", world.end, HOSTILE[0]))
        page = await it.open()
        shown = [await page.locator(f"#{name}").inner_text() for name in ("budgets", "deletions")]
        assert [text.count(HOSTILE[0]) for text in shown] == [1, 5], "a name; a policy, why it stopped; a job, who, why"
        await page.locator("#jobs select[name=range]").select_option("30")
        await it.until("document.querySelectorAll('#jobs tbody tr').length === 5")
        assert HOSTILE[0] in await page.locator("#jobs tbody").inner_text()
        assert await page.locator("img[src=x], script:not([src])").count() == 0
        for index in range(len(HOSTILE)):
            await page.locator("#jobs tbody button.link").nth(index).click()
            await page.wait_for_selector("dialog[open] .facts")
            assert await page.locator("dialog a").count() == 0
            assert await it.overflow() <= 0
            await page.keyboard.press("Escape")
        assert await page.title() == "Training Monitor"
        assert (it.errors, it.foreign, await it.breaches()) == ([], [], [])


async def test_ten_thousand_jobs_are_a_page_of_rows(browser: Any, tmp_path: Path) -> None:
    async with page_served(tmp_path) as served, tab(browser, served.url("/")) as it:
        await World(served).jobs(10_000)
        page = await it.open()
        await page.locator("#jobs select[name=range]").select_option("30")
        await it.until("document.querySelector('#jobs .pager span').textContent.includes('10,000')")
        assert await page.locator("#jobs tbody tr").count() == 20
        assert await page.evaluate("document.querySelectorAll('*').length") < 4000
        await page.locator("#jobs input[name=search]").fill("tone-dpo-v3")
        await it.until("!document.querySelector('#jobs .pager span').textContent.includes('10,000')")
        assert await page.evaluate("longest") < 1000  # far less where nothing else runs
        assert it.errors == []


async def test_news_arrive_without_a_reload(browser: Any, tmp_path: Path) -> None:
    async with page_served(tmp_path) as served, tab(browser, served.url("/")) as it:
        world = World(served)
        await world.health()
        page = await it.open()
        await page.wait_for_selector("#live[data-state=live]")
        await page.evaluate("window.same = true")
        known = world.job("llm-beijing", name="brand-new")
        await world.keep("llm-beijing", [known])
        await world.message(known, world.end, ["delivered"])
        await page.get_by_role("button", name="brand-new").wait_for()
        await page.locator("#events .lines > li", has_text="brand-new").wait_for()
        await page.locator("#messages .lines > li", has_text="brand-new").wait_for()
        assert await page.evaluate("same")
        assert await page.locator("#live").inner_text() == "live"


async def test_a_burst_of_news_is_read_a_few_times(browser: Any, tmp_path: Path) -> None:
    async with page_served(tmp_path) as served, tab(browser, served.url("/")) as it:
        world = World(served)
        (known,) = [world.job("llm-beijing")]
        await world.keep("llm-beijing", [known])
        page = await it.open()
        await page.wait_for_selector("#live[data-state=live]")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        last = 0
        for _ in range(100):
            last = await world.message(known, world.end, [])
        await page.locator(f"#events li[data-seq='{last}']").wait_for()
        assert len([url for url in asked if "/events?" in url]) < 10
        assert len([url for url in asked if "/jobs?" in url]) < 10


async def test_the_age_of_the_data_ticks(browser: Any, tmp_path: Path) -> None:
    async with page_served(tmp_path) as served, tab(browser, served.url("/")) as it:
        await World(served).health()
        page = await it.open()
        age = page.locator("#accounts .age .ticking").first
        before = await age.inner_text()
        await it.until(f"document.querySelector('#accounts .age .ticking').textContent !== {before!r}")
