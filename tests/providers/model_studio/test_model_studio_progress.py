"""How far a running job is, out of its log: numbers only, in one request or two."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.providers.model_studio.emulator import refusal
from monitor.providers.model_studio.log import consumed
from monitor.providers.ports import Progress
from monitor.wire import Fault, FaultKind


@pytest.mark.parametrize(
    ("lines", "tokens"),
    [
        ([" Actual number of consumed tokens is 215040 !", " Actual number of consumed tokens is 419840!"], 419840),
        (["{'learning_rate': 0.0, 'consumed_train_tokens': 393216, 'global_step/max_steps': '3/3'}"], 393216),
        (['{"consumed_train_tokens": 5}', "2025-12-06 20:44:40,093 - INFO - training usage 7"], 7),
        (["Estimated token: 393216", "{'loss': 1.0, 'epoch': 2}", ""], None),
        (["consumed tokens is " + "9" * 40, "consumed tokens is -5", "consumed tokens is 12abc"], None),
        (["x" * 5000 + " training usage 9"], None),
        ([], None),
    ],
)
def test_only_the_consumed_tokens_are_read(lines: list[str], tokens: int | None) -> None:
    assert consumed(lines) == tokens


async def test_a_running_job_is_followed_line_by_line(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.world.submit({"model": "qwen3-8b", "base_model": "qwen3-8b"})
        (job,) = stage.emulator.world.jobs()
        provider, scope = stage.reading()
        assert await provider.read_progress(scope, job.job_id, after=0) == Progress(lines=0, tokens=None)
        while job.status != "RUNNING":
            stage.clock.advance(10)
            stage.emulator.world.advance()
        stage.clock.advance(job.plan.run * 0.45)
        half = await provider.read_progress(scope, job.job_id, after=0)
        assert half.tokens == job.plan.tokens * 40 // 100
        again = await provider.read_progress(scope, job.job_id, after=half.lines)
        assert again == Progress(lines=half.lines, tokens=None)
        stage.clock.advance(job.plan.run)
        done = await provider.read_progress(scope, job.job_id, after=half.lines)
        assert done.tokens == job.plan.tokens
        assert stage.emulator.requests["logs"] == 4


def log(lines: list[str], total: Any) -> Reply:
    return Reply(status=200, body=json.dumps({"output": {"total": total, "logs": lines}}).encode())


async def test_of_a_long_log_the_end_is_read_and_of_one_begun_anew_too(staged: Any) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        stage.emulator.faults.add(log(["training usage 5"], 5000), operation="logs")
        stage.emulator.faults.add(log(["nothing"], 5001), operation="logs")
        assert await provider.read_progress(scope, "ft-1", after=0) == Progress(lines=5000, tokens=5)
        stage.emulator.faults.add(log([], 30), operation="logs")
        stage.emulator.faults.add(log(["training usage 2"], 30), operation="logs")
        assert await provider.read_progress(scope, "ft-1", after=5000) == Progress(lines=30, tokens=2)
        stage.emulator.faults.add(log(["a", "training usage 3"], None), operation="logs")
        assert await provider.read_progress(scope, "ft-1", after=4) == Progress(lines=6, tokens=3)
        assert stage.emulator.requests["logs"] == 5


async def test_a_log_that_is_not_there_is_none_and_one_without_lines_a_fault(staged: Any) -> None:
    async with staged() as stage:
        provider, scope = stage.reading()
        assert await provider.read_progress(scope, "ft-none", after=0) is None
        for answer in (Reply(status=200, body=b'{"output":{"total":3}}'), refusal(500, "InternalError")):
            stage.emulator.faults.add(answer, operation="logs")
            with pytest.raises(Fault) as caught:
                await provider.read_progress(scope, "ft-1", after=0)
            assert caught.value.kind in (FaultKind.SENSELESS, FaultKind.TRANSIENT)
