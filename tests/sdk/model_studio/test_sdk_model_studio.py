"""The emulated Model Studio understood by the platform's own clients: both generations, every operation they have."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.providers.model_studio.emulator import refusal

pytestmark = pytest.mark.sdk

ORDER = {"model": "qwen3-8b", "files": ["f-1", "f-2"], "kind": "efficient_sft", "hyper_parameters": {"n_epochs": 2}}


async def test_the_whole_listing_is_read_page_by_page(bench: Any) -> None:
    async with bench(jobs=25) as b:
        b.emulator.world.add_job("CANCELED", usage=0, code="1")
        pages = [await b.value("list", page_no=number, page_size=10) for number in (1, 2, 3)]
        assert [(page["page_no"], page["page_size"], page["total"]) for page in pages] == [
            (n, 10, 26) for n in (1, 2, 3)
        ]
        jobs = [job for page in pages for job in page["jobs"]]
        assert [job["job_id"] for job in jobs] == [job.job_id for job in b.emulator.world.jobs()]
        for seen, real in zip(jobs, b.emulator.world.jobs(), strict=True):
            known = {name: real.fields[name] for name in seen}
            assert seen == known
            assert {"status", "create_time", "workspace_id", "creator", "end_time"} <= seen.keys()
            assert ("usage" in seen) == (real.status != "FAILED")


async def test_a_listing_is_ten_jobs_from_page_one_where_nothing_is_said(bench: Any) -> None:
    async with bench(jobs=12) as b:
        page = await b.value("list")
        assert (page["page_no"], page["page_size"], page["total"], len(page["jobs"])) == (1, 10, 12, 10)


async def test_a_job_is_made_watched_finished_and_deleted(bench: Any) -> None:
    async with bench() as b:
        made = await b.value("create", **ORDER)
        job_id = made["job_id"]
        assert (made["status"], made["model"], made["training_type"]) == ("PENDING", "qwen3-8b", "efficient_sft")
        assert made["hyper_parameters"] == {"n_epochs": 2}
        stages = [made["status"]]
        for seconds in [5] * 30 + [3600]:
            b.clock.advance(seconds)
            stages.append((await b.value("get", job_id=job_id))["status"])
        assert list(dict.fromkeys(stages)) == ["PENDING", "QUEUING", "RUNNING", "SUCCEEDED"]
        done = await b.value("wait", job_id=job_id)
        assert done["usage"] == b.emulator.world.find(job_id).fields["usage"] > 0
        assert done["finetuned_output"] == f"qwen3-8b-{job_id}"
        assert await b.value("delete", job_id=job_id) == "success"
        missing = await b.ask("get", job_id=job_id)
        assert (missing["status"], missing["code"]) == (404, "NotFound")
        assert missing["request_id"]


async def test_a_job_is_canceled_and_only_then_deleted(bench: Any) -> None:
    async with bench() as b:
        job_id = (await b.value("create", **ORDER))["job_id"]
        refused = await b.ask("delete", job_id=job_id)
        assert (refused["ok"], refused["status"], refused["code"]) == (False, 400, "UnsupportedOperation")
        assert await b.value("cancel", job_id=job_id) == "success"
        assert (await b.value("get", job_id=job_id))["status"] == "CANCELING"
        b.clock.advance(60)
        job = await b.value("get", job_id=job_id)
        assert (job["status"], job["usage"], job["code"]) == ("CANCELED", 0, "1")
        assert (await b.ask("cancel", job_id=job_id))["code"] == "UnsupportedOperation"
        assert await b.value("delete", job_id=job_id) == "success"


async def test_a_failed_job_tells_why_and_is_no_failed_request(bench: Any) -> None:
    async with bench() as b:
        job_id = b.emulator.world.add_job("FAILED", code="InvalidFile", message="数据校验失败")
        for job in (await b.value("get", job_id=job_id), (await b.value("list"))["jobs"][0]):
            assert (job["status"], job["code"], job["message"]) == ("FAILED", "InvalidFile", "数据校验失败")
            assert "usage" not in job


async def test_the_log_is_read_from_any_line(bench: Any) -> None:
    async with bench(jobs=1) as b:
        (job,) = b.emulator.world.jobs()
        lines = await b.value("logs", job_id=job.job_id, offset=0, lines=1000)
        assert len(lines) > 100
        assert lines[-1] == "##FT_COMPLETE##"
        assert await b.value("logs", job_id=job.job_id, offset=3, lines=2) == lines[3:5]
        assert (await b.ask("logs", job_id="ft-none", offset=0, lines=1))["status"] == 404


async def test_the_stream_brings_the_log_and_ends_with_a_failure(bench: Any) -> None:
    async with bench(jobs=1) as b:
        (job,) = b.emulator.world.jobs()
        lines = await b.value("logs", job_id=job.job_id, offset=0, lines=1000)
        assert await b.value("stream", job_id=job.job_id) == lines
        failed = b.emulator.world.add_job("FAILED", code="OutOfMemory", message="no memory")
        told = await b.ask("stream", job_id=failed)
        assert (told["ok"], told["status"]) == (False, 500)
        missing = await b.ask("stream", job_id="ft-none")
        assert (missing["ok"], missing["status"]) == (False, 404)


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("list", {}),
        ("get", {"job_id": "ft-1"}),
        ("create", ORDER),
        ("cancel", {"job_id": "ft-1"}),
        ("delete", {"job_id": "ft-1"}),
        ("logs", {"job_id": "ft-1", "offset": 0, "lines": 1}),
    ],
)
async def test_a_wrong_key_is_told_by_every_operation(bench: Any, op: str, args: dict[str, Any]) -> None:
    async with bench() as b:
        told = await b.ask(op, key="sk-wrong", **args)
        assert (told["status"], told["code"], told["message"]) == (401, "InvalidApiKey", "Invalid API-key provided.")
        assert told["request_id"]
        assert told.get("error", "AuthenticationError") == "AuthenticationError"


@pytest.mark.parametrize("op", ["get", "cancel", "delete"])
async def test_a_stranger_s_id_is_not_found(bench: Any, op: str) -> None:
    async with bench() as b:
        told = await b.ask(op, job_id="ft-none")
        assert (told["status"], told["code"]) == (404, "NotFound")
        assert told.get("error", "NotFoundError") == "NotFoundError"


async def test_an_order_without_files_is_refused(bench: Any) -> None:
    async with bench() as b:
        told = await b.ask("create", **(ORDER | {"files": []}))
        assert (told["status"], told["code"]) == (400, "InvalidParameter")
        assert told.get("error", "BadRequestError") == "BadRequestError"
        assert b.emulator.world.jobs() == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", "PermissionDeniedError"),
        (429, "Throttling", "RateLimitError"),
        (500, "InternalError", "InternalServerError"),
        (200, "Throttling", None),
    ],
)
async def test_refusals_are_read_as_what_they_are(bench: Any, status: int, code: str, error: str | None) -> None:
    async with bench() as b:
        b.emulator.faults.add(refusal(status, code, "not now"))
        told = await b.ask("list")
        assert (told["ok"], told["status"], told["code"], told["message"]) == (False, status, code, "not now")
        assert told["request_id"] == "00000000-0000-4000-8000-000000000000"
        if error is not None:
            assert told.get("error", error) == error


async def test_a_gateway_s_web_page_is_an_error(bench: Any) -> None:
    async with bench() as b:
        b.emulator.faults.add(Reply(status=502, body=b"<html>", content_type="text/html"))
        told = await b.ask("list")
        assert (told["ok"], told["status"]) == (False, 502)


async def test_the_modern_clients_come_back_after_a_throttle_and_the_classic_one_does_not(bench: Any) -> None:
    async with bench(jobs=1) as b:
        b.emulator.faults.add(refusal(429, "Throttling", headers={"retry-after-ms": "10"}))
        told = await b.ask("list", retries=0 if b.client == "classic" else 1)
        assert told["ok"] == (b.client != "classic")
        assert b.emulator.requests["list"] == (1 if b.client == "classic" else 2)


async def test_the_workspace_is_a_header_that_narrows_the_view(bench: Any) -> None:
    async with bench(workspaces=("llm-a", "llm-b")) as b:
        job_id = b.emulator.world.add_job(workspace_id="llm-a")
        b.emulator.world.add_job(workspace_id="llm-b")
        page = await b.value("list", workspace="llm-a")
        assert [job["job_id"] for job in page["jobs"]] == [job_id]
        assert (await b.value("get", workspace="llm-a", job_id=job_id))["workspace_id"] == "llm-a"
        assert (await b.ask("get", workspace="llm-b", job_id=job_id))["status"] == 404
        assert (await b.ask("list", workspace="llm-none"))["code"] == "Workspace.AccessDenied"
        made = await b.value("create", workspace="llm-b", **ORDER)
        assert made["workspace_id"] == "llm-b"
