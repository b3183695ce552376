"""The official SDK and this program delete at the same emulated ModelArts with the same results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from monitor.fields import SystemClock
from monitor.model import Scope
from monitor.providers.modelarts.emulated.job import TERMINAL
from monitor.providers.modelarts.emulator import refuse
from monitor.providers.modelarts.options import Options
from monitor.providers.modelarts.provider import ModelArts, build
from monitor.providers.ports import Declined
from monitor.wire import Fault, Http, new_session

pytestmark = pytest.mark.sdk


class Ours:
    """This program's provider, in the words of the driver: `accepted`, `gone`, or the status and code of a refusal."""

    def __init__(self, provider: ModelArts, scope: Scope) -> None:
        self.provider = provider
        self.scope = scope

    async def delete(self, job_id: str) -> str:
        try:
            return "gone" if await self.provider.delete_job(self.scope, job_id) else "accepted"
        except Declined as refused:
            return f"no {refused.code}"
        except Fault as fault:
            return f"open {fault.status}"


@pytest.fixture
async def ours(bench: Any) -> AsyncIterator[Ours]:
    said = {"name": "a", "provider": "modelarts", "endpoint": bench.endpoint, "project_id": "p-demo", "jobs": {}}
    async with new_session() as session:
        options = Options.model_validate(said | {"access_key": "AKDEMO", "secret_key": "SKDEMO"})
        provider = build(options, Http(session), SystemClock())
        yield Ours(provider, provider.scopes("jobs")[0])


async def theirs(bench: Any, job_id: str) -> str:
    """The same words for what the SDK makes of its answer."""
    answer = await bench.ask("delete", job_id=job_id)
    if answer["ok"]:
        return "accepted" if answer["value"]["status"] == 202 else f"odd {answer['value']['status']}"
    if (answer["status_code"], answer["error_code"]) == (400, "ModelArts.2775"):
        return "gone"
    return f"no {answer['error_code']}" if answer["status_code"] < 429 else f"open {answer['status_code']}"


async def shown(bench: Any, job_id: str) -> bool:
    answer = await bench.ask("show", job_id=job_id)
    return bool(answer["ok"])


@pytest.mark.parametrize("phase", ["Completed", "Failed", "Terminated", "Abnormal", "Running"])
async def test_each_phase_is_deleted_or_refused_alike(bench: Any, ours: Ours, phase: str) -> None:
    world = bench.emulator.world
    world.deletable, world.delete_lag = TERMINAL, 0.0
    first, second = (world.add_job(name, phase=phase) for name in ("one", "two"))
    said = [await theirs(bench, first), await ours.delete(second)]
    expected = "no ModelArts.2878" if phase == "Running" else "accepted"
    assert said == [expected, expected]
    there = phase == "Running"
    assert [await shown(bench, first), await shown(bench, second)] == [there, there]
    assert (await ours.provider.read_job(ours.scope, first) is not None) is there
    if not there:
        assert [await theirs(bench, first), await ours.delete(first)] == ["gone", "gone"]


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        (403, "ModelArts.2784", "no ModelArts.2784"),
        (409, "ModelArts.2796", "no ModelArts.2796"),
        (400, "ModelArts.2812", "no ModelArts.2812"),
        (500, "ModelArts.2950", "open 500"),
        (429, "APIGW.0308", "open 429"),
    ],
)
async def test_each_refusal_is_understood_alike(bench: Any, ours: Ours, status: int, code: str, word: str) -> None:
    job_id = bench.emulator.world.add_job("one", phase="Completed")
    bench.emulator.faults.add(refuse(status, code, "no"), operation="delete", times=2)
    assert [await theirs(bench, job_id), await ours.delete(job_id)] == [word, word]
    assert not bench.emulator.world.jobs[job_id].deleting


async def test_the_quota_is_the_same_figure(bench: Any, ours: Ours) -> None:
    bench.emulator.world.add_history(3)
    (entry,) = (await bench.value("quotas"))["quotas"]
    seen = await ours.provider.quota()
    assert seen is not None
    assert (entry["resource"], entry["used"], entry["quota"]) == (seen.resource, seen.used, seen.cap)
    assert (seen.used, seen.cap) == (3, 10_000)
