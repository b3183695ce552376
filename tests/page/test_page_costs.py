"""What training costs and what is tidied up, on the page: budgets, quotas, policies, deletions in every phase."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.model import Action, ActionState, EventType, JobState, KnownJob, Severity
from monitor.rules.samples import sample
from monitor.store import BookingRow, JobWrite, book, move_action, save_jobs
from tests.kit import tidied
from tests.kit.browser import tab
from tests.kit.page import page_served
from tests.kit.web import Served
from tests.kit.world import World, draft

pytestmark = pytest.mark.asyncio(loop_scope="session")
BUDGETS = """\
budgets:
  - {name: team, tokens: 10000, period: 30d}
  - {name: nobody, cost: 500, currency: CNY, scope: 'job.name == "<b>"'}
"""
POLICY = "cleanup:\n  - {name: nightly, enabled: true, after: 1d}\n"
MARKUP = "<img src=x onerror=\"document.title='broken'\">"
WIDTH = "document.querySelector('#budgets .meter rect').getAttribute('width')"


async def told(served: Served, type: EventType, subject: str, account: str | None = "llm-beijing") -> None:
    world = World(served)
    await served.tell([draft(type, account, subject, world.end, Severity.INFO, dict(sample(type).data))])


async def booked(world: World, tokens: int) -> None:
    row = BookingRow(
        account="llm-beijing",
        provider="model-studio",
        scope_id=await world.scope("llm-beijing"),
        job_id=f"ft-{tokens}",
        job_name="booked",
        model="qwen3-14b",
        creator=None,
        labels={},
        at=world.end - timedelta(days=1),
        tokens=tokens,
        cost=None,
        currency=None,
    )
    await world.write(lambda conn: book(conn, row))


async def over(world: World, **facts: Any) -> tuple[int, KnownJob]:
    """A finished job of two days ago, and its scope."""
    then = world.end - timedelta(days=2)
    times = {"created_at": then - timedelta(hours=2), "started_at": then - timedelta(hours=1), "ended_at": then}
    known = world.job("llm-beijing", **{"state": JobState.SUCCEEDED, "error": None, **times, **facts})
    await world.keep("llm-beijing", [known])
    return await world.scope("llm-beijing"), known


async def test_a_budget_and_a_quota_are_bars_with_what_is_left_and_the_thresholds_that_are_reached(
    browser: Any, tmp_path: Path
) -> None:
    async with page_served(tmp_path, more=BUDGETS) as served, tab(browser, served.url("/")) as it:
        world = World(served)
        await booked(world, 8500)
        page = await it.open()
        team, nobody = await page.locator("#budgets .card").all_inner_texts()
        assert "85 % · 8,500 of 10,000 tokens · 1,500 tokens left" in team.replace("\xa0", " ")
        assert "✓ 50 %\nreached\n✓ 80 %\nreached\n100 %" in team.replace("\xa0", " ")
        assert ("the last 30" in team, "at this rate all is used" in team) == (True, True)
        assert await page.evaluate(WIDTH) == "85.00%"
        assert ("month, until 1 " in nobody, "see its scope and unit" in nobody) == (
            True,
            True,
        )
        assert await page.locator("#quotas, #deletions").first.is_hidden()
        await page.wait_for_selector("#live[data-state=live]")
        await booked(world, 2000)
        await told(served, EventType.USAGE_RECORDED, "job/ft-2000")
        await world.write(lambda conn: tidied.quota(conn, "llm-beijing", 19, 20, world.end, told=95))
        await world.write(lambda conn: tidied.quota(conn, "ascend-north", 3, None, world.end))
        await told(served, EventType.QUOTA_REACHED, "quota/jobs")
        await page.locator("#quotas .card").wait_for()
        assert "95 % · 19 of 20 jobs · 1 left" in (await page.locator("#quotas .body").inner_text()).replace(
            "\xa0", " "
        )
        assert await page.locator("nav a[href='#quotas']").is_visible()
        await it.until("document.querySelector('#budgets .body').innerText.includes('500 tokens over')")
        assert await page.evaluate(WIDTH) == "100.00%"
        assert it.errors == []


async def test_deletions_come_with_their_phase_and_a_deleted_job_is_called_so(browser: Any, tmp_path: Path) -> None:
    async with page_served(tmp_path) as served, tab(browser, served.url("/")) as it:
        world = World(served)
        scope, known = await over(world, name="to be deleted")
        page = await it.open()
        await page.wait_for_selector("#live[data-state=live]")
        assert await page.locator("#deletions").is_hidden()
        asked: Action = await world.write(lambda conn: tidied.deletion(conn, scope, known, world.end))
        await told(served, EventType.DELETION_REQUESTED, f"job/{known.job.id}")
        line = page.locator("#deletions .lines li")
        await line.wait_for()
        said = await line.inner_text()
        assert ("requested" in said, "llm-beijing · asked for by ann" in said) == (True, True), said
        done = replace(asked, state=ActionState.DELETED, tries=1, sent_at=world.end, settled_at=world.end, due_at=None)
        left = replace(known, gone=True, revision=2)

        def settle(conn: Any) -> None:
            move_action(conn, asked, done)
            write = JobWrite(known=left, previous_revision=1, hash=None, significant=None)
            save_jobs(conn, scope, [write], now=world.end)

        await world.write(settle)
        await told(served, EventType.JOB_DELETED, f"job/{known.job.id}")
        await page.locator("#deletions .a-deleted").wait_for()
        await page.locator("#jobs s").wait_for()
        name = page.locator("#jobs tbody button.link")
        assert await name.text_content() == "to be deleted (deleted)"
        await name.focus()
        assert "succeeded · deleted · created" in await page.locator("#tip").inner_text()
        await line.locator("button").click()
        await page.wait_for_selector("dialog[open] .facts")
        said = await page.locator("dialog").inner_text()
        assert ("⌫ deleted" in said, "asked for by ann" in said, "left the platform" in said) == (True, True, False)
        await page.keyboard.press("Escape")
        assert await line.locator("button").evaluate("(node) => node === document.activeElement")
        assert it.errors == []


async def test_what_is_open_stands_first_and_more_is_read_on(browser: Any, tmp_path: Path) -> None:
    async with page_served(tmp_path, more=POLICY) as served, tab(browser, served.url("/")) as it:
        world = World(served)
        scope, known = await over(world, name="the open one")
        await world.write(lambda conn: tidied.deletion(conn, scope, known, world.end))
        for _ in range(10):
            settled = world.job("llm-beijing")
            facts = {"state": ActionState.REFUSED, "reason": "it was restarted", "asker": tidied.NIGHTLY}
            await world.write(
                lambda conn, one=settled, facts=facts: tidied.deletion(conn, scope, one, world.end, **facts)
            )
        page = await it.open()
        lines = page.locator("#deletions ol li")
        assert await lines.count() == 9
        assert "the open one" in await lines.first.inner_text()
        await page.locator("#deletions .more").focus()
        await page.keyboard.press("Enter")
        await it.until("document.querySelectorAll('#deletions ol li').length === 11")
        assert await page.locator("#deletions .more").count() == 0
        await page.wait_for_selector("#live[data-state=live]")
        assert "enabled" in await page.locator("#deletions .policies").inner_text()
        await world.write(lambda conn: tidied.stopped(conn, "nightly", world.end, "the key may not delete"))
        await told(served, EventType.CLEANUP_STOPPED, "cleanup/nightly", None)
        await it.until("document.querySelector('#deletions .policies').innerText.includes('the key may not delete')")
        assert "stands still" in await page.locator("#deletions .policies").inner_text()


async def test_the_plan_says_what_cleaning_up_would_free_and_who_asked_is_said_in_both_languages(
    browser: Any, living: Served
) -> None:
    async with tab(browser, living.url("/")) as it:
        page = await it.open()
        cards = await page.locator("#quotas .card").all_inner_texts()
        assert ["prod" in one and "(stands still)" in one for one in cards] == [True, False]
        assert ["leftovers" in one and "(off)" in one for one in cards] == [False, True]
        phases = await page.locator("#deletions .lines .state").all_inner_texts()
        assert phases[3:] == ["… requested", "➜ accepted", "✕ failed", "✕ refused", "✓ deleted", "✓ deleted"]
        assert "asked for by the API token" in await page.locator("#deletions").inner_text()
        await page.locator("#language").select_option("zh")
        said = await page.locator("#deletions").inner_text()
        assert ("请求者：策略 nightly" in said, "请求者：API 令牌" in said, "已停止" in said) == (True, True, True)
        assert "按当前速度将达到" in await page.locator("#budgets").inner_text()


async def test_hostile_words_of_what_is_tidied_up_are_only_words(browser: Any, tmp_path: Path) -> None:
    """Names of the config cannot hold markup: those are put into the monitor's own answers on their way."""

    async def forged(route: Any) -> None:
        answer = await route.fetch()
        text = (await answer.text()).replace('"team"', json.dumps(MARKUP)).replace('"nightly"', json.dumps(MARKUP))
        await route.fulfill(response=answer, body=text)

    wide = {"viewport": {"width": 390, "height": 800}}
    async with page_served(tmp_path, more=BUDGETS + POLICY) as served, tab(browser, served.url("/"), **wide) as it:
        world = World(served)
        scope, known = await over(world, name=MARKUP)
        bad = {"state": ActionState.REFUSED, "reason": MARKUP + "x" * 3000, "asker": replace(tidied.ANN, name=MARKUP)}
        await world.write(lambda conn: tidied.deletion(conn, scope, known, world.end, **bad))
        await world.write(lambda conn: tidied.stopped(conn, "nightly", world.end, MARKUP))
        await it.page.route("**/api/v1/budgets*", forged)
        await it.page.route("**/api/v1/cleanup*", forged)
        page = await it.open()
        shown = {name: await page.locator(f"#{name}").inner_text() for name in ("budgets", "deletions")}
        assert (shown["budgets"].count(MARKUP), shown["deletions"].count(MARKUP)) == (1, 5)
        assert await page.locator("img[src=x], script:not([src])").count() == 0
        assert (await page.title(), await it.overflow()) == ("Training Monitor", 0)
        assert (it.errors, it.foreign, await it.breaches()) == ([], [], [])
