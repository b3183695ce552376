"""The emulated Model Studio deletes by both readings of its documents, fast or slowly, and has a cap of jobs."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.providers.ports import Declined

ORDER = {"model": "qwen3-8b", "training_file_ids": ["f-1"]}


async def test_by_the_other_reading_a_finished_job_cannot_be_deleted(staged: Any) -> None:
    async with staged() as stage:
        world = stage.emulator.world
        world.deletable = {"PENDING", "QUEUING", "RUNNING"}
        done, running = world.add_job("SUCCEEDED"), world.add_job("RUNNING")
        provider, scope = stage.reading()
        with pytest.raises(Declined) as caught:
            await provider.delete_job(scope, done)
        assert (caught.value.code, caught.value.job_only) == ("UnsupportedOperation", True)
        assert await provider.delete_job(scope, running) is False
        assert [job.job_id for job in world.jobs()] == [done]


@pytest.mark.parametrize(("lag", "gone"), [(0.0, True), (40.0, True), (None, False)])
async def test_a_deletion_takes_its_time_or_never_ends(staged: Any, lag: float | None, gone: bool) -> None:
    async with staged() as stage:
        world = stage.emulator.world
        world.delete_lag = lag
        job_id = world.add_job("SUCCEEDED")
        provider, scope = stage.reading()
        assert await provider.delete_job(scope, job_id) is False
        assert (await provider.read_job(scope, job_id) is None) is (lag == 0.0)
        world.set(job_id, job_name="touched") if lag != 0.0 else None
        stage.clock.advance(41)
        assert (await provider.read_job(scope, job_id) is None) is gone


async def test_a_job_too_many_is_throttled_until_one_is_deleted(staged: Any) -> None:
    async with staged() as stage:
        world = stage.emulator.world
        world.job_cap = 2
        kept, _, _ = world.add_job("SUCCEEDED"), world.add_job("RUNNING"), world.add_job("FAILED")
        status, _, body = await stage.call("POST", "/fine-tunes", json=ORDER)
        assert (status, body["code"]) == (429, "Throttling")
        provider, scope = stage.reading()
        await provider.delete_job(scope, kept)
        status, _, body = await stage.call("POST", "/fine-tunes", json=ORDER)
        assert (status, body["output"]["status"]) == (200, "PENDING")
