"""The emulated ModelArts deletes as the platform does, or as one of its possible readings says it might."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.providers.modelarts.emulated.job import PHASES, TERMINAL
from monitor.providers.ports import Declined


@pytest.mark.parametrize("phase", sorted(PHASES))
async def test_no_page_limits_the_phases_so_a_wrong_request_does_its_harm(staged: Any, phase: str) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("one", phase=phase)
        provider, scope = stage.reading()
        assert await provider.delete_job(scope, job_id) is False
        stage.clock.advance(30)
        assert await provider.read_job(scope, job_id) is None


async def test_a_platform_that_deletes_only_what_is_over_refuses_the_rest(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.world.deletable = TERMINAL
        running = stage.emulator.world.add_job("one", phase="Running")
        over = stage.emulator.world.add_job("two", phase="Failed")
        provider, scope = stage.reading()
        with pytest.raises(Declined, match="present state"):
            await provider.delete_job(scope, running)
        assert await provider.delete_job(scope, over) is False


@pytest.mark.parametrize(("lag", "there"), [(0.0, [False, False]), (600.0, [True, False]), (None, [True, True])])
async def test_a_deletion_takes_its_time_or_never_ends(staged: Any, lag: float | None, there: list[bool]) -> None:
    async with staged() as stage:
        stage.emulator.world.delete_lag = lag
        job_id = stage.emulator.world.add_job("one", phase="Completed")
        provider, scope = stage.reading()
        await provider.delete_job(scope, job_id)
        seen = []
        for seconds in (599, 86_400):
            stage.clock.advance(seconds)
            seen.append(await provider.read_job(scope, job_id) is not None)
        assert seen == there


async def test_a_job_that_runs_again_between_two_requests_is_deleted_all_the_same(staged: Any) -> None:
    async with staged() as stage:
        world = stage.emulator.world
        job_id = world.add_job("one", phase="Abnormal")
        stage.faults.afterwards("show", lambda: world.set_phase(job_id, "Running"))
        provider, scope = stage.reading()
        raw = await provider.read_job(scope, job_id)
        assert raw is not None
        assert provider.decode_job(scope, raw).item.provider_state.startswith("Abnormal")
        assert world.jobs[job_id].phase == "Running"
        assert await provider.delete_job(scope, job_id) is False
