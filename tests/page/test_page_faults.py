"""The page when things go wrong, are few or many: nothing known, a dead monitor, hostile words, 3 or 10,000 jobs."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.model import ActionState, Asker, AskerKind, JobState
from tests.kit import tidied
from tests.kit.browser import Visit
from tests.kit.page import COSTS, page_served
from tests.kit.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTILE = (
    "<img src=x onerror=\"document.title='broken'\">",
    "<script>document.title='broken'</script>",
    "x" * 5000,
    "‮evil‬ وظيفة تدريب",
    "a\u200d\n\t\x7f${t}{name}",
)


async def test_nothing_known_yet_is_said_in_words(visit: Visit, tmp_path: Path) -> None:
    async with page_served(tmp_path) as served, visit(served.url("/")) as it:
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


async def test_a_dead_monitor_is_told_what_was_known_stays_and_it_comes_back(visit: Visit, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with AsyncExitStack() as stack:
        async with page_served(tmp_path / "one") as served:
            await World(served).all()
            it = await stack.enter_async_context(visit(served.url("/")))
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


async def forged(route: Any) -> None:
    """Names of the config cannot hold markup; so it is put into the monitor's answer on its way."""
    answer = await route.fetch()
    text = (await answer.text()).replace('"team-nlp"', json.dumps(HOSTILE[0]))
    await route.fulfill(response=answer, body=text.replace('"nightly"', json.dumps(HOSTILE[0])))


async def test_hostile_words_are_only_words(visit: Visit, tmp_path: Path) -> None:
    async with (
        page_served(tmp_path, more=COSTS) as served,
        visit(served.url("/"), width=390) as it,
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


async def test_ten_thousand_jobs_are_a_page_of_rows(visit: Visit, tmp_path: Path) -> None:
    async with page_served(tmp_path) as served, visit(served.url("/")) as it:
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


async def test_the_range_begins_as_short_as_holds_all_jobs_and_stays_as_it_was_chosen(
    visit: Visit, tmp_path: Path
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
        async with visit(served.url("/"), width=400) as it:
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
