"""What a poll costs, counted: requests, writes and decodes, with thousands of jobs in the history. One baseline for
each kind: the cases are played one after another on the same world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from monitor.providers import registry
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Rig, rigged

HISTORY = 3_000
pytestmark = pytest.mark.slow


async def unchanged_poll(rig: Rig) -> tuple[int, int, int]:
    """Requests, writes and decodes."""
    await rig.poll(61)  # notes the minute, so that the next poll is an ordinary one
    rig.requests = rig.writes = 0
    rig.jobs().lens.decodes = 0
    await rig.poll(30)
    return rig.requests, rig.writes, rig.jobs().lens.decodes


def run_only(jobs: Sequence[str], running: int, change: Any, over: str) -> None:
    """The first `running` of the jobs run, the others are over. Over it is for good: below the head only a sweep would
    see one that begins again."""
    for number, job_id in enumerate(jobs):
        change(job_id, "RUNNING" if number < running else over)


async def test_an_unchanged_poll_of_model_studio_is_one_request_and_one_more_for_each_active_job_below() -> None:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, autoplay=False)
    world = emulator.world
    world.add_history(HISTORY // 2, before=clock.now())
    below = [world.add_job("RUNNING", job_id=f"ft-old-{number}") for number in range(7)]
    clock.advance(3600 * (HISTORY // 2 + 1))
    world.add_history(HISTORY // 2, before=clock.now())
    head = [world.add_job("RUNNING", job_id=f"ft-new-{number}") for number in range(5)]
    async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig, rig.running():
        await rig.poll()
        assert rig.jobs().baselined
        assert rig.requests == HISTORY / 100 + 1, "the baseline reads each page once"
        for active, deep in [(5, 7), (0, 4), (3, 0), (0, 0)]:
            for jobs, running in ((head, active), (below, deep)):
                run_only(jobs, running, lambda job_id, status: world.set(job_id, status=status), "FAILED")
            await rig.poll()
            assert await unchanged_poll(rig) == (1 + deep, 0, 0), (active, deep)


async def test_an_unchanged_poll_of_modelarts_is_at_most_two_requests_for_fifty_active_jobs() -> None:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    world = emulator.world
    world.add_history(HISTORY // 2)
    below = [world.add_job(f"old-{number}", phase="Running") for number in range(50)]
    clock.advance(3600 * (HISTORY // 2 + 1))
    world.add_history(HISTORY // 2)
    head = [world.add_job(f"new-{number}", phase="Running") for number in range(20)]

    def change(job_id: str, word: str) -> None:
        world.set_phase(job_id, "Running" if word == "RUNNING" else word)

    async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig, rig.running():
        await rig.poll()
        assert rig.jobs().baselined
        assert rig.requests <= HISTORY / 50 + 3, "the baseline reads each page once, and asks once what offset means"
        run_only(head, 0, change, "Completed")
        await rig.poll(61)
        world.set_phase(below.pop(), "Completed")
        rig.requests = 0
        await rig.poll(30)
        assert rig.requests == 3, "one more for a job that just left the active ones"
        for active, deep, requests in [(0, 49, 2), (20, 30, 2), (10, 0, 1), (0, 0, 1)]:
            run_only(head, active, change, "Completed")
            run_only(below, deep, change, "Completed")
            await rig.poll()
            cost = await unchanged_poll(rig)
            assert cost[:2] == (requests, 0), (active, deep)
            assert cost[2] <= active + deep, "only the running ones, whose duration grows, are decoded"
