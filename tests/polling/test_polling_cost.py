"""What a poll costs, counted: requests, writes and decodes, with 10,000 jobs of history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from monitor.providers import registry
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Rig, rigged

HISTORY = 10_000


@asynccontextmanager
async def studio(active: int, below: int) -> AsyncIterator[tuple[Rig, Any]]:
    """10,000 finished jobs with `active` running ones on the first page, and `below` far down."""
    clock = VirtualClock()
    emulator = registry.emulator("model-studio")(clock, autoplay=False)
    emulator.world.add_history(HISTORY // 2, before=clock.now())
    for number in range(below):
        emulator.world.add_job("RUNNING", job_id=f"ft-old-{number}")
    clock.advance(3600 * (HISTORY // 2 + 1))
    emulator.world.add_history(HISTORY // 2, before=clock.now())
    for number in range(active):
        emulator.world.add_job("RUNNING", job_id=f"ft-new-{number}")
    async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig, rig.running():
        await rig.poll()
        assert rig.jobs().baselined
        yield rig, emulator


async def unchanged_poll(rig: Rig) -> tuple[int, int, int]:
    await rig.poll(61)  # notes the minute, so that the next poll is an ordinary one
    rig.requests = rig.writes = 0
    rig.jobs().lens.decodes = 0
    await rig.poll(30)
    return rig.requests, rig.writes, rig.jobs().lens.decodes


@pytest.mark.parametrize(("active", "below"), [(0, 0), (3, 0), (0, 4), (5, 7)])
async def test_an_unchanged_poll_of_model_studio_is_one_request_and_one_more_for_each_active_job_below(
    active: int, below: int
) -> None:
    async with studio(active, below) as (rig, _):
        assert await unchanged_poll(rig) == (1 + below, 0, 0)


@asynccontextmanager
async def arts(active: int, below: int) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator = registry.emulator("modelarts")(clock, autoplay=False)
    emulator.world.add_history(HISTORY // 2)
    for number in range(below):
        emulator.world.add_job(f"old-{number}", phase="Running")
    clock.advance(3600 * (HISTORY // 2 + 1))
    emulator.world.add_history(HISTORY // 2)
    for number in range(active):
        emulator.world.add_job(f"new-{number}", phase="Running")
    async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig, rig.running():
        await rig.poll()
        assert rig.jobs().baselined
        yield rig, emulator


@pytest.mark.parametrize(("active", "below", "requests"), [(0, 0, 1), (10, 0, 1), (0, 50, 2), (20, 30, 2)])
async def test_an_unchanged_poll_of_modelarts_is_at_most_two_requests_for_fifty_active_jobs(
    active: int, below: int, requests: int
) -> None:
    async with arts(active, below) as (rig, _):
        cost = await unchanged_poll(rig)
        assert cost[:2] == (requests, 0)
        assert cost[2] <= active + below, "only the running ones, whose duration grows, are decoded"


async def test_a_job_that_just_left_the_active_ones_below_costs_one_request_more() -> None:
    async with arts(0, 50) as (rig, emulator):
        await rig.poll(61)
        emulator.world.set_phase(next(i for i, job in emulator.world.jobs.items() if job.name == "old-0"), "Completed")
        rig.requests = 0
        await rig.poll(30)
        assert rig.requests == 3
