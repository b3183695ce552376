"""The official clients and this program delete at the same emulated Model Studio with the same results."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.providers.model_studio.emulator import refusal
from monitor.providers.model_studio.options import Options
from monitor.providers.model_studio.provider import ModelStudio
from monitor.providers.ports import Declined
from monitor.wire import Fault, Http, new_session

pytestmark = pytest.mark.sdk


async def ours(bench: Any, job_id: str) -> str:
    """`done`, `gone`, or what refused."""
    said = {"name": "a", "provider": "model-studio", "endpoint": bench.base_url, "api_key": "sk-demo", "jobs": {}}
    async with new_session() as session:
        provider = ModelStudio(Options.model_validate(said), Http(session))
        (scope,) = provider.scopes("jobs")
        try:
            return "gone" if await provider.delete_job(scope, job_id) else "done"
        except Declined as refused:
            return f"no {refused.code}"
        except Fault as fault:
            return f"open {fault.status}"


async def theirs(bench: Any, job_id: str) -> str:
    answer = await bench.ask("delete", job_id=job_id)
    if answer["ok"]:
        return "done" if answer["value"] == "success" else f"odd {answer['value']}"
    if (answer["status"], answer["code"]) == (404, "NotFound"):
        return "gone"
    return f"no {answer['code']}" if answer["status"] < 429 else f"open {answer['status']}"


@pytest.mark.parametrize("reading", [{"SUCCEEDED", "FAILED", "CANCELED"}, {"PENDING", "RUNNING"}])
async def test_each_status_is_deleted_or_refused_alike_by_either_reading(bench: Any, reading: set[str]) -> None:
    async with bench() as b:
        world = b.emulator.world
        world.deletable = reading
        for status in ("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED"):
            first, second = world.add_job(status), world.add_job(status)
            expected = "done" if status in reading else "no UnsupportedOperation"
            assert [await theirs(b, first), await ours(b, second)] == [expected, expected]
            assert (world.find(first) is None, world.find(second) is None) == (status in reading, status in reading)
        assert [await theirs(b, "ft-none"), await ours(b, "ft-none")] == ["gone", "gone"]


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        (403, "AccessDenied", "no AccessDenied"),
        (401, "InvalidApiKey", "no InvalidApiKey"),
        (409, "Conflict", "no Conflict"),
        (400, "Arrearage", "no Arrearage"),
        (500, "InternalError", "open 500"),
        (429, "Throttling", "open 429"),
    ],
)
async def test_each_refusal_is_understood_alike(bench: Any, status: int, code: str, word: str) -> None:
    async with bench() as b:
        job_id = b.emulator.world.add_job("SUCCEEDED")
        b.emulator.faults.add(refusal(status, code, "no"), operation="delete", times=2)
        assert [await theirs(b, job_id), await ours(b, job_id)] == [word, word]
        assert b.emulator.world.find(job_id) is not None


async def test_at_the_cap_the_clients_are_turned_away_until_a_job_is_deleted(bench: Any) -> None:
    async with bench() as b:
        b.emulator.world.job_cap = 1
        job_id = b.emulator.world.add_job("SUCCEEDED")
        order = {"model": "qwen3-8b", "files": ["f-1"], "kind": "sft", "hyper_parameters": {"n_epochs": 1}}
        told = await b.ask("create", **order)
        assert (told["status"], told["code"]) == (429, "Throttling")
        assert await ours(b, job_id) == "done"
        assert (await b.ask("create", **order))["ok"]
