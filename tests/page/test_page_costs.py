"""What training costs and what is tidied up, on the page: budgets, quotas, policies, and deletions as they go.

All look at one page that stays open, for opening it is dear. Each adds things of its own, and minds no other's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from monitor.model import Action, ActionState, EventType, JobState, KnownJob, Severity
from monitor.rules.samples import sample
from monitor.store import BookingRow, JobWrite, book, move_action, save_jobs
from tests.kit import tidied
from tests.kit.browser import Tab, Visit
from tests.kit.page import page_served
from tests.kit.world import World, draft

pytestmark = pytest.mark.asyncio(loop_scope="session")
BUDGETS = """\
budgets:
  - {name: team, tokens: 10000, period: 30d}
  - {name: nobody, cost: 500, currency: CNY, scope: 'job.name == "<b>"'}
"""
POLICY = "cleanup:\n  - {name: nightly, enabled: true, after: 1d}\n"
WIDTH = "document.querySelector('#budgets .meter rect').getAttribute('width')"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def changing(visit: Visit, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, Tab]]:
    folder = tmp_path_factory.mktemp("costs")
    async with page_served(folder, more=BUDGETS + POLICY) as served, visit(served.url("/")) as it:
        world = World(served)
        await booked(world, 8500)
        page = await it.open()
        await page.wait_for_selector("#live[data-state=live]")
        yield world, it
        assert (it.errors, it.foreign, await it.breaches()) == ([], [], [])


async def told(world: World, type: EventType, subject: str, account: str = "llm-beijing") -> None:
    await world.served.tell([draft(type, account, subject, world.end, Severity.INFO, dict(sample(type).data))])


async def said(where: Any) -> str:
    return str(await where.inner_text()).replace("\xa0", " ")


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
    changing: tuple[World, Tab],
) -> None:
    world, it = changing
    page = it.page
    team, nobody = page.locator("#budgets .card").first, page.locator("#budgets .card").last
    assert "85 % · 8,500 of 10,000 tokens · 1,500 tokens left" in await said(team)
    assert "✓ 50 %\nreached\n✓ 80 %\nreached\n100 %\n" in await said(team)
    assert "the last 30 d" in await said(team)
    assert "at this rate all is used" in await said(team)
    assert await page.evaluate(WIDTH) == "85.00%"
    assert "month, until 1 " in await said(nobody)
    assert "see its scope and unit" in await said(nobody)
    assert not await page.locator("#quotas").is_visible()
    await booked(world, 2000)
    await told(world, EventType.USAGE_RECORDED, "job/ft-2000")
    await world.write(lambda conn: tidied.quota(conn, "llm-beijing", 19, 20, world.end, told=95))
    await world.write(lambda conn: tidied.quota(conn, "ascend-north", 3, None, world.end))
    await told(world, EventType.QUOTA_REACHED, "quota/jobs")
    await page.locator("nav a[href='#quotas']").wait_for()
    assert "95 % · 19 of 20 jobs · 1 left" in await said(page.locator("#quotas .card"))
    await it.until("document.querySelector('#budgets .body').innerText.includes('500 tokens over')")
    assert await page.evaluate(WIDTH) == "100.00%"


async def test_a_deletion_comes_with_its_phase_and_a_deleted_job_is_called_so(changing: tuple[World, Tab]) -> None:
    world, it = changing
    page = it.page
    scope, known = await over(world, name="not needed")
    asked: Action = await world.write(lambda conn: tidied.deletion(conn, scope, known, world.end))
    await told(world, EventType.DELETION_REQUESTED, f"job/{known.job.id}")
    line = page.locator("#deletions ol li", has_text="not needed")
    await line.wait_for()
    assert "… requested" in await said(line)
    assert "llm-beijing · asked for by ann" in await said(line)
    done = replace(asked, state=ActionState.DELETED, tries=1, sent_at=world.end, settled_at=world.end, due_at=None)
    left = JobWrite(known=replace(known, gone=True, revision=2), previous_revision=1, hash=None, significant=None)

    def settle(conn: Any) -> None:
        move_action(conn, asked, done)
        save_jobs(conn, scope, [left], now=world.end)

    await world.write(settle)
    await told(world, EventType.JOB_DELETED, f"job/{known.job.id}")
    await line.locator(".a-deleted").wait_for()
    name = page.locator("#jobs tbody button.link", has=page.locator("s", has_text="not needed"))
    await name.wait_for()
    assert await name.text_content() == "not needed (deleted)"
    await name.focus()
    assert "succeeded · deleted · created" in await said(page.locator("#tip"))
    await line.locator("button").click()
    await page.wait_for_selector("dialog[open] .facts")
    whole = await said(page.locator("dialog"))
    assert ("⌫ deleted" in whole, "asked for by ann" in whole, "left the platform" in whole) == (True, True, False)
    await page.keyboard.press("Escape")
    assert await line.locator("button").evaluate("(node) => node === document.activeElement")


async def test_what_is_open_stands_first_more_is_read_on_and_a_policy_that_stops_says_why(
    changing: tuple[World, Tab],
) -> None:
    world, it = changing
    page = it.page
    scope, known = await over(world, name="the open one")
    policies = page.locator("#deletions .policies")
    assert "✓ enabled" in await said(policies)
    await world.write(lambda conn: tidied.deletion(conn, scope, known, world.end))
    refused = {"state": ActionState.REFUSED, "reason": "it was restarted", "asker": tidied.NIGHTLY}
    jobs = [world.job("llm-beijing") for _ in range(10)]
    await world.write(lambda conn: [tidied.deletion(conn, scope, one, world.end, **refused) for one in jobs])
    await told(world, EventType.DELETION_REFUSED, f"job/{jobs[-1].job.id}")
    await it.until("document.querySelectorAll('#deletions ol li').length === 9")
    assert "the open one" in await said(page.locator("#deletions ol li").first)
    await page.locator("#deletions .more").focus()
    await page.keyboard.press("Enter")
    await it.until("document.querySelectorAll('#deletions ol li').length > 10")
    assert await page.locator("#deletions .more").count() == 0
    await world.write(lambda conn: tidied.stopped(conn, "nightly", world.end, "the key may not delete"))
    await told(world, EventType.CLEANUP_STOPPED, "cleanup/nightly")
    stopped = "document.querySelector('#deletions .policies').innerText.includes('the key may not delete')"
    await it.until(stopped, within=60)  # a plan rests for a multiple of what the last one took, for 30 s at most
    assert "✕ stands still" in await said(policies)
