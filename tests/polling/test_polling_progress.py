"""Logs of running jobs are read beside the polls: seldom, only where something runs, and whatever comes of it no
watch is worse off."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from monitor import store
from monitor.emulation import Reply
from monitor.polling.progress import EVERY, REFUSED
from monitor.providers import registry
from monitor.providers.model_studio.emulator import refusal
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Rig, rigged


@asynccontextmanager
async def studio(**more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, autoplay=False)
    async with rigged(model_studio(**more), {"model-studio": emulator}, clock) as rig:
        yield rig, emulator


def log(*lines: str, total: int) -> Reply:
    return Reply(status=200, body=json.dumps({"output": {"total": total, "logs": lines}}).encode())


async def read_on(rig: Rig) -> None:
    """What a loop does in the time between two polls."""
    for loop in rig.loops:
        await loop._read_logs_until(rig.clock.monotonic() + 25)


async def known(rig: Rig) -> dict[str, tuple[int | None, bool]]:
    """By job: the tokens that its log told of, and whether it was read at all."""
    found = await rig.store.read(store.running_jobs)
    return {each.record.known.job.id: (each.logged, each.logged_at is not None) for each in found}


async def test_the_logs_of_what_runs_are_read_each_ten_minutes_and_no_others() -> None:
    async with studio() as (rig, emulator), rig.running():
        runs = emulator.world.add_job("RUNNING")
        for status in ("QUEUING", "PENDING", "SUCCEEDED", "FAILED"):
            emulator.world.add_job(status)
        await rig.poll()
        emulator.faults.add(log("Actual number of consumed tokens is 4096 !", total=1), operation="logs")
        await read_on(rig)
        assert await known(rig) == {runs: (4096, True)}
        for _ in range(18):
            await rig.poll()
            await read_on(rig)
        assert emulator.requests["logs"] == 1
        await rig.poll(EVERY / 10 + 30)
        emulator.faults.add(log("training usage 8192", total=2), operation="logs")
        await read_on(rig)
        assert (await known(rig), emulator.requests["logs"]) == ({runs: (8192, True)}, 2)


async def test_where_nothing_is_active_nothing_is_read_or_written() -> None:
    async with studio() as (rig, emulator), rig.running():
        emulator.world.add_history(3)
        for _ in range(3):
            await rig.poll(700)
            rig.writes = 0
            await read_on(rig)
        assert (emulator.requests["logs"], rig.writes) == (0, 0)


async def test_a_restart_reads_no_log_again_that_was_just_read() -> None:
    async with studio() as (rig, emulator):
        async with rig.running():
            emulator.world.add_job("RUNNING")
            await rig.poll()
            await read_on(rig)
        async with rig.running():
            await rig.poll()
            await read_on(rig)
            assert emulator.requests["logs"] == 1


async def test_what_a_log_no_longer_says_is_kept_unless_it_was_begun_anew() -> None:
    async with studio() as (rig, emulator), rig.running():
        job = emulator.world.add_job("RUNNING")
        await rig.poll()
        for answer, tokens in ((log("training usage 7", total=3), 7), (log(total=5), 7), (log("x", total=2), None)):
            emulator.faults.add(answer, operation="logs", times=2)
            await read_on(rig)
            assert await known(rig) == {job: (tokens, True)}
            emulator.faults.clear()
            await rig.poll(EVERY)


async def test_a_log_that_is_refused_or_broken_is_no_trouble_and_not_asked_for_again_soon() -> None:
    async with studio() as (rig, emulator), rig.running():
        for _ in range(3):
            emulator.world.add_job("RUNNING")
        await rig.poll()
        emulator.faults.add(refusal(403, "AccessDenied"), operation="logs", times=None)
        for _ in range(int(REFUSED / 600) - 1):
            await read_on(rig)
            assert await rig.poll(600) == [0]
        assert emulator.requests["logs"] == 1
        emulator.faults.clear()
        emulator.faults.add(Reply(status=200, body=b"no json"), operation="logs")
        await rig.poll(1300)
        await read_on(rig)
        assert [read for _, read in (await known(rig)).values()].count(True) == 2, "the others were read"
        assert {event.type for event in await rig.events()} == {"account.baselined"}
        assert rig.poller.states() == {"llm": "ok"}


async def test_what_is_over_leaves_no_progress_behind() -> None:
    async with studio() as (rig, emulator), rig.running():
        first, second = (emulator.world.add_job("RUNNING") for _ in range(2))
        await rig.poll()
        await read_on(rig)
        emulator.world.set(first, status="SUCCEEDED")
        await rig.poll(EVERY)
        await read_on(rig)
        rows = await rig.store.read(lambda conn: conn.execute(store.tables.progress.select()).all())
        assert [row.job_id for row in rows] == [second]


async def test_a_platform_without_readable_logs_is_not_asked() -> None:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig, rig.running():
        emulator.world.add_job("runs", phase="Running")
        await rig.poll()
        rig.requests = rig.writes = 0
        await read_on(rig)
        assert (rig.requests, rig.writes) == (0, 0)


@pytest.mark.parametrize("left", [24.0, 0.4])
async def test_a_poll_does_not_wait_for_logs(left: float) -> None:
    budget = {"requests_per_second": 2, "burst": 10}
    async with studio(budget=budget) as (rig, emulator), rig.running():
        for _ in range(60):
            emulator.world.add_job("RUNNING")
        await rig.poll()
        (loop,) = rig.loops
        due = rig.clock.monotonic() + left
        await loop._read_logs_until(due)
        assert rig.clock.monotonic() <= due
        assert emulator.requests["logs"] == (0 if left < 1 else pytest.approx(24, abs=2))
