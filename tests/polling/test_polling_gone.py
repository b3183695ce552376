"""Gone is what its own read and a complete listing both deny; whatever is less derives nothing."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from monitor.emulation import Cut, Reply
from monitor.providers import registry
from monitor.providers.modelarts.emulator import refuse
from monitor.store import StoreFull
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Crash, Rig, rigged


@asynccontextmanager
async def studio(history: int = 0, **more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, jobs=history, autoplay=False)
    async with rigged(model_studio(**more), {"model-studio": emulator}, clock) as rig:
        yield rig, emulator


@asynccontextmanager
async def arts(history: int = 0, **more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    emulator.world.add_history(history)
    async with rigged(modelarts(**more), {"modelarts": emulator}, clock) as rig:
        yield rig, emulator


async def types(rig: Rig) -> list[str]:
    return [event.type.value for event in await rig.events() if event.type.value != "account.baselined"]


def ids(emulator: Any) -> list[str]:
    return [job.job_id for job in emulator.world.jobs()]


async def test_a_job_that_was_removed_is_gone_after_its_own_read_and_a_complete_listing() -> None:
    async with studio(3) as (rig, emulator), rig.running():
        job = emulator.world.add_job("RUNNING")
        await rig.poll()
        emulator.world.remove(job)
        await rig.poll()
        assert await types(rig) == [], "its own read denies it: remembered, not believed"
        await rig.sweep()
        assert await types(rig) == ["job.gone"]
        (gone,) = await rig.events("job.gone")
        assert gone.data["job"]["state"] == "running"
        await rig.poll()
        await rig.sweep()
        assert await types(rig) == ["job.gone"]


async def test_a_listing_without_a_job_that_its_own_read_shows_derives_nothing() -> None:
    async with studio(40) as (rig, emulator), rig.running():
        await rig.poll()
        victims = [emulator.world.find(job_id) for job_id in ids(emulator)[:3]]
        _, items = emulator.world.page(1, 100)
        kept = [item for item in items if not any(job.job_id.encode() in item for job in victims)]
        body = b'{"output":{"page_no":1,"page_size":100,"jobs":[' + b",".join(kept) + b"]}}"
        emulator.faults.add(Reply(status=200, body=body), operation="list")
        await rig.sweep()
        assert emulator.requests["get"] == 3
        assert await types(rig) == []


@pytest.mark.parametrize("fault", [Reply(status=500), Cut(share=0.5), Reply(status=200, body=b"null")])
async def test_a_sweep_that_is_broken_off_derives_nothing_and_the_next_one_does(fault: Any) -> None:
    async with studio(250) as (rig, emulator), rig.running():
        await rig.poll()
        for job_id in ids(emulator)[120:125]:
            emulator.world.remove(job_id)
        for operation in ("list", "get"):
            emulator.faults.add(fault, operation=operation, times=3, after=1)
            with contextlib.suppress(Exception):
                await rig.sweep()
            emulator.faults.clear()
            assert (await types(rig)).count("job.gone") <= 1, "only what both reads deny"
        await rig.sweep()
        assert (await types(rig)).count("job.gone") == 5


async def test_jobs_that_slip_over_a_page_boundary_while_they_are_read_are_not_gone() -> None:
    async with arts(149) as (rig, emulator), rig.running():
        await rig.poll()
        newest = [job_id for _, _, job_id in reversed(emulator.world.places("0"))]
        emulator.operations.after_search.append(lambda world: [world.remove(job_id) for job_id in newest[:2]])
        await rig.sweep()
        gone = await rig.events("job.gone")
        assert gone == [], "they were there when their page was read, and the two that slipped have a read of their own"
        await rig.sweep()
        assert sorted(event.subject for event in await rig.events("job.gone")) == sorted(
            f"job/{job_id}" for job_id in newest[:2]
        )


async def test_a_job_that_was_missing_and_comes_back_goes_on_with_its_story() -> None:
    async with studio(120) as (rig, emulator):
        async with rig.running():
            old = emulator.world.add_job("RUNNING", created_at=rig.clock.now() - timedelta(days=300))
            await rig.poll()
            emulator.faults.add(Reply(status=404, body=b'{"code":"NotFound"}'), operation="get")
            await rig.poll()
        async with rig.running():
            await rig.poll()
            await rig.sweep()
            emulator.world.set(old, status="SUCCEEDED")
            await rig.poll()
            assert await types(rig) == ["job.finished", "usage.recorded"]


async def test_a_job_that_was_gone_and_comes_back_is_not_submitted_again() -> None:
    async with studio(2) as (rig, emulator), rig.running():
        job = emulator.world.add_job("RUNNING")
        await rig.poll()
        created = emulator.world.find(job).created
        emulator.world.remove(job)
        await rig.poll()
        await rig.sweep()
        emulator.world.add_job("SUCCEEDED", job_id=job, created_at=created)
        await rig.poll()
        assert await types(rig) == ["job.gone", "job.finished", "usage.recorded"]


async def test_a_missing_active_job_hurries_the_sweep_and_a_listing_that_contradicts_hurries_it_only_now_and_then() -> (
    None
):
    async with studio(220) as (rig, emulator), rig.running():
        emulator.world.add_job("RUNNING", created_at=rig.clock.now() - timedelta(days=300))
        await rig.poll()
        (sweep,) = [loop.sweep for loop in rig.loops if loop.sweep is not None]
        emulator.faults.add(Reply(status=404, body=b'{"code":"NotFound"}'), operation="get", times=None)
        begun = 0
        for _ in range(30):
            await rig.poll(10)
            begun += sweep.due()
            if sweep.due():
                await rig.sweep()
        assert 1 <= begun <= 2, "once at once, then every five minutes"
        assert await types(rig) == []


async def remove_some(emulator: Any, count: int) -> None:
    for job_id in ids(emulator)[:count]:
        emulator.world.remove(job_id)


@pytest.mark.parametrize(("history", "removed", "shrunk"), [(40, 10, False), (60, 12, False), (40, 11, True)])
async def test_a_view_has_shrunk_when_more_than_ten_and_more_than_a_fifth_are_gone_at_once(
    history: int, removed: int, shrunk: bool
) -> None:
    async with studio(history) as (rig, emulator), rig.running():
        await rig.poll()
        await remove_some(emulator, removed)
        await rig.sweep()
        if shrunk:
            assert await types(rig) == ["account.view_shrunk"]
            (told,) = await rig.events("account.view_shrunk")
            assert (told.data["missing"], told.data["known"]) == (removed, history)
        else:
            assert await types(rig) == ["job.gone"] * removed


async def test_a_view_that_shrank_is_told_once_derives_nothing_and_is_believed_after_a_second_complete_sweep() -> None:
    async with studio(40) as (rig, emulator):
        async with rig.running():
            await rig.poll()
            await remove_some(emulator, 20)
            await rig.sweep()
            emulator.faults.add(Reply(status=500), operation="list")
            with contextlib.suppress(Exception):
                await rig.sweep()
            assert await types(rig) == ["account.view_shrunk"], "a sweep that failed confirms nothing"
        async with rig.running():
            await rig.poll()
            await rig.sweep()
            assert await types(rig) == ["account.view_shrunk"], "told already, and this life has seen it once"
            await rig.sweep()
            assert await types(rig) == ["account.view_shrunk"] + ["job.gone"] * 20
            assert rig.jobs().row.shrunk is None


async def test_a_view_that_returns_tells_nothing_and_may_shrink_again() -> None:
    async with studio(40) as (rig, emulator), rig.running():
        await rig.poll()
        await remove_some(emulator, 0)
        empty = b'{"output":{"page_no":1,"page_size":100,"total":0,"jobs":[]}}'
        for round_ in (1, 2):
            emulator.faults.add(Reply(status=200, body=empty), operation="list", times=1)
            await rig.sweep()
            assert await types(rig) == ["account.view_shrunk"] * round_
            await rig.sweep()
            assert rig.jobs().row.shrunk is None


async def test_a_shrunken_view_that_could_not_be_told_is_not_believed() -> None:
    async with studio(40) as (rig, emulator), rig.running():
        await rig.poll()
        await remove_some(emulator, 20)
        rig.store_fault = StoreFull("The disk is full.")
        with contextlib.suppress(StoreFull):
            await rig.sweep()
        rig.store_fault = None
        await rig.sweep()
        assert await types(rig) == ["account.view_shrunk"]


async def test_the_second_look_at_a_shrunken_view_with_active_jobs_is_not_at_once() -> None:
    async with arts() as (rig, emulator), rig.running():
        made = [emulator.world.add_job(f"job-{n}", phase="Running") for n in range(15)]
        await rig.poll()
        for job_id in made:
            emulator.world.remove(job_id)
        await rig.poll()
        (sweep,) = [loop.sweep for loop in rig.loops if loop.sweep is not None]
        assert sweep.due(), "missing active jobs hurry it"
        await rig.sweep()
        await rig.poll()
        assert not sweep.due(), "a glitch of some seconds would confirm itself"
        await rig.poll(300)
        assert sweep.due()


async def test_a_removed_old_job_is_noticed_by_the_total() -> None:
    async with studio(250) as (rig, emulator), rig.running():
        await rig.poll()
        (sweep,) = [loop.sweep for loop in rig.loops if loop.sweep is not None]
        await rig.poll(400)
        assert not sweep.due()
        emulator.world.remove(ids(emulator)[200])
        await rig.poll()
        assert sweep.due()
        await rig.sweep()
        assert await types(rig) == ["job.gone"]
        await rig.poll(400)
        assert not sweep.due()


async def test_create_times_that_ascend_begin_a_sweep_at_once_but_an_old_disorder_far_down_does_not() -> None:
    async with studio(150) as (rig, emulator), rig.running():
        await rig.poll()
        (sweep,) = [loop.sweep for loop in rig.loops if loop.sweep is not None]
        old = ids(emulator)[-1]
        emulator.world.set(old, create_time="2031-01-01 00:00:00")
        await rig.sweep()
        await rig.poll(400)
        assert not sweep.due(), "the head of the listing can be trusted"
        emulator.world.set(ids(emulator)[5], create_time="2031-01-01 00:00:00")
        await rig.poll(400)
        assert sweep.due()


async def test_a_crash_at_any_moment_of_a_sweep_loses_and_invents_nothing() -> None:
    async with studio(230) as (rig, emulator):
        async with rig.running():
            await rig.poll()
        for job_id in ids(emulator)[110:114]:
            emulator.world.remove(job_id)
        for moment in range(0, 24, 3):
            async with rig.running():
                await rig.poll()
                rig.die_after(moment)
                with contextlib.suppress(Crash):
                    await rig.sweep()
        async with rig.running():
            await rig.poll()
            await rig.sweep()
            assert await types(rig) == ["job.gone"] * 4


async def test_a_sweep_that_is_forbidden_something_does_not_make_a_well_watch_look_ill_again_and_again() -> None:
    async with arts(60, jobs={"every": "30s"}) as (rig, emulator), rig.running():
        await rig.poll()
        emulator.world.remove(emulator.world.places("0")[0][2])
        emulator.faults.add(refuse(403, "ModelArts.2785", "no"), operation="show", times=None)
        (loop,) = rig.loops
        searches = emulator.requests["search"]
        for _ in range(20):
            rig.clock.advance(30)
            await loop.turn()
            await loop._sweep_until(rig.clock.monotonic() + 25)
        told = await rig.events("account.*")
        assert [event.type.value for event in told] == ["account.baselined", "account.unauthorized"]
        assert emulator.requests["search"] - searches <= 20 + 2 * 2, "and it is not swept again and again"
        emulator.faults.clear()
        rig.clock.advance(900)
        await loop.turn()
        await loop._sweep_until(rig.clock.monotonic() + 25)
        assert (await types(rig))[-2:] == ["job.gone", "account.recovered"]
