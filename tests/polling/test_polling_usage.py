"""Tokens: looked for again where they come late, booked once, corrected when the figure moves."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from monitor import store
from monitor.ledger import PriceOptions
from monitor.providers import registry
from monitor.providers.model_studio.simjob import ABSENT
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio
from tests.kit.rig import Crash, Rig, rigged

PRICE = {
    "provider": "model-studio",
    "model": "qwen3-14b",
    "per_1k_tokens": "0.03",
    "currency": "CNY",
    "since": "2026-01-01",
}


@asynccontextmanager
async def studio(history: int = 0) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, jobs=history, autoplay=False)
    async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig:
        rig.prices = (PriceOptions.model_validate(PRICE),)
        yield rig, emulator


async def usage(rig: Rig) -> list[dict[str, Any]]:
    return [event.data["usage"] for event in await rig.events("usage.*")]


async def booked(rig: Rig) -> list[tuple[int, Decimal | None]]:
    return [(row.tokens, row.cost) for row in await rig.store.read(partial(store.sum_usage, by=["account"]))]


async def test_tokens_are_booked_once_with_their_cost_and_the_end_says_so_too() -> None:
    async with studio() as (rig, emulator):
        job = emulator.world.add_job("RUNNING")
        async with rig.running():
            await rig.poll()
            emulator.world.set(job, status="SUCCEEDED", usage=250_000)
            await rig.poll()
        async with rig.running():
            await rig.poll()
            await rig.sweep()
            (told,) = await usage(rig)
            assert (told["tokens"], told["delta"], told["currency"]) == (250_000, 250_000, "CNY")
            assert Decimal(told["cost"]) == Decimal("7.5")
            (finished,) = await rig.events("job.finished")
            assert finished.data["usage"] == told
            assert await booked(rig) == [(250_000, Decimal("7.5"))]


async def test_a_late_figure_is_looked_for_after_1_5_and_30_minutes_and_then_no_more() -> None:
    async with studio(120) as (rig, emulator), rig.running():
        job = emulator.world.add_job("RUNNING")
        await rig.poll()
        emulator.world.set(job, status="SUCCEEDED", usage=ABSENT)
        for _ in range(110):
            emulator.world.add_job("FAILED")  # it is below the first page from now on
        await rig.poll()
        end, looks = rig.clock.monotonic(), []
        before = emulator.requests["get"]
        while rig.clock.monotonic() < end + 2 * 3600:
            await rig.poll(10)
            if emulator.requests["get"] > before:
                looks.append(rig.clock.monotonic() - end)
                before = emulator.requests["get"]
        assert looks == [60, 300, 1800]
        assert await usage(rig) == []
        emulator.world.set(job, usage=9_000)
        await rig.sweep()
        assert [told["tokens"] for told in await usage(rig)] == [9_000], "later ones are found by the sweep"


@pytest.mark.parametrize("lag", [20, 200, 1700])
async def test_a_figure_that_comes_late_is_recorded_once(lag: float) -> None:
    async with studio() as (rig, emulator), rig.running():
        emulator.world.usage_lag = lag
        await rig.poll()
        job = emulator.world.submit({"model": "qwen3-14b"})
        while not await rig.events("usage.recorded"):
            await rig.poll(30)
            assert rig.clock.monotonic() < 1e6
        (told,) = await usage(rig)
        (recorded,) = await rig.events("usage.recorded")
        (finished,) = await rig.events("job.finished")
        assert 0 < (recorded.detected_at - finished.detected_at).total_seconds() <= lag + 60
        assert told["tokens"] == job.fields["usage"]
        await rig.poll()
        await rig.sweep()
        assert len(await usage(rig)) == 1
        assert rig.jobs().memory.usage_due(rig.clock.now().replace(year=2100)) == []


async def test_the_looks_for_a_late_figure_go_on_after_a_restart() -> None:
    async with studio(120) as (rig, emulator):
        async with rig.running():
            job = emulator.world.add_job("RUNNING")
            await rig.poll()
            emulator.world.set(job, status="SUCCEEDED", usage=ABSENT)
            for _ in range(110):
                emulator.world.add_job("FAILED")
            await rig.poll()
        emulator.world.set(job, usage=7_000)
        async with rig.running():
            await rig.poll(60)
            assert [told["tokens"] for told in await usage(rig)] == [7_000]


async def test_another_figure_is_a_correction_with_the_difference() -> None:
    async with studio() as (rig, emulator):
        job = emulator.world.add_job("RUNNING")
        async with rig.running():
            await rig.poll()
            emulator.world.set(job, status="SUCCEEDED", usage=100_000)
            await rig.poll()
            for figure in (130_000, 90_000):
                emulator.world.set(job, usage=figure)
                rig.die_after(2, at="before write")
                with contextlib.suppress(Crash):
                    await rig.poll()
                rig.live()
                await rig.poll()
            told = await rig.events("usage.*")
            assert [event.type.value for event in told] == ["usage.recorded", "usage.corrected", "usage.corrected"]
            assert [event.data["usage"]["delta"] for event in told] == [100_000, 30_000, -40_000]
            assert await booked(rig) == [(90_000, Decimal("2.7"))]


async def test_failed_jobs_have_no_figure_and_nobody_waits_for_one() -> None:
    async with studio(120) as (rig, emulator), rig.running():
        job = emulator.world.add_job("RUNNING")
        await rig.poll()
        emulator.world.set(job, status="FAILED")
        for _ in range(110):
            emulator.world.add_job("FAILED")
        await rig.poll()
        before = emulator.requests["get"]
        for _ in range(20):
            await rig.poll(120)
        assert emulator.requests["get"] == before
        assert await usage(rig) == []


async def test_zero_tokens_are_a_figure() -> None:
    async with studio() as (rig, emulator), rig.running():
        job = emulator.world.add_job("QUEUING")
        await rig.poll()
        emulator.world.set(job, status="CANCELED", usage=0)
        await rig.poll()
        assert [told["tokens"] for told in await usage(rig)] == [0]


async def test_a_job_that_is_missing_is_not_asked_for_its_figure_with_every_poll() -> None:
    async with studio(120) as (rig, emulator), rig.running():
        job = emulator.world.add_job("RUNNING")
        await rig.poll()
        emulator.world.set(job, status="SUCCEEDED", usage=ABSENT)
        for _ in range(110):
            emulator.world.add_job("FAILED")
        await rig.poll()
        emulator.world.remove(job)
        before = emulator.requests["get"]
        for _ in range(10):
            await rig.poll(60)
        assert emulator.requests["get"] == before + 1
        await rig.sweep()
        assert (await rig.story(f"job/{job}"))[-1] == "job.gone"


async def test_a_burst_of_ends_without_a_figure_is_looked_at_a_few_at_a_time() -> None:
    async with studio(120) as (rig, emulator), rig.running():
        jobs = [emulator.world.add_job("RUNNING") for _ in range(12)]
        await rig.poll()
        for job in jobs:
            emulator.world.set(job, status="SUCCEEDED", usage=ABSENT)
        for _ in range(110):
            emulator.world.add_job("FAILED")
        await rig.poll()
        for job in jobs:
            emulator.world.set(job, usage=1)
        counts = []
        for _ in range(3):
            before = emulator.requests["get"]
            await rig.poll(61)
            counts.append(emulator.requests["get"] - before)
        assert counts == [5, 5, 2]
        assert len(await usage(rig)) == 12
