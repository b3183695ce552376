"""The emulated platform over HTTP: bodies, headers and refusals as the reference gives them."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientPayloadError

from monitor.emulation import Cut, Slow
from monitor.providers import registry
from monitor.providers.model_studio.emulator import Emulator, refusal

JOBS = "/fine-tunes"


def test_the_registry_finds_the_emulator() -> None:
    assert registry.emulator("model-studio") is Emulator


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "No API-key provided."),
        ({"Authorization": "Bearer sk-wrong"}, "Invalid API-key provided."),
        ({"Authorization": "Basic sk-demo"}, "Invalid API-key provided."),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/ft-1"),
        ("DELETE", "/ft-1"),
        ("POST", "/ft-1/cancel"),
        ("GET", "/ft-1/logs"),
        ("GET", "/ft-1/stream"),
        ("GET", "/ft-1/checkpoints"),
    ],
)
async def test_nothing_is_done_without_a_key(
    staged: Any, method: str, path: str, headers: dict[str, str], message: str
) -> None:
    async with staged() as stage:
        status, sent, body = await stage.call(method, JOBS + path, key=None, headers=headers)
        assert (status, sent["Content-Type"]) == (401, "application/json")
        assert body == {"code": "InvalidApiKey", "message": message, "request_id": sent["x-request-id"]}


async def test_every_answer_bears_its_request_id_twice_and_the_emulated_date(staged: Any) -> None:
    async with staged() as stage:
        seen = set()
        for method, path in (("GET", ""), ("GET", "/ft-1"), ("POST", "/ft-1/cancel")):
            _, headers, body = await stage.call(method, JOBS + path)
            assert body["request_id"] == headers["x-request-id"]
            assert headers["Date"] == "Fri, 20 Nov 2026 08:00:00 GMT"
            seen.add(body["request_id"])
        assert len(seen) == 3


async def test_a_listing_has_ten_jobs_a_page_by_default(staged: Any) -> None:
    async with staged(jobs=25) as stage:
        _, _, body = await stage.call("GET", JOBS)
        output = body["output"]
        assert {name: output[name] for name in output if name != "jobs"} == {"page_no": 1, "page_size": 10, "total": 25}
        assert len(output["jobs"]) == 10
        _, _, last = await stage.call("GET", f"{JOBS}?page_no=3")
        assert len(last["output"]["jobs"]) == 5
        _, _, beyond = await stage.call("GET", f"{JOBS}?page_no=4&page_size=100&unknown=1")
        assert (beyond["output"]["jobs"], beyond["output"]["total"]) == ([], 25)


@pytest.mark.parametrize(
    "query", ["page_no=0", "page_no=-1", "page_no=x", "page_no=", "page_size=0", "page_size=101", "page_size=1.5"]
)
async def test_page_parameters_out_of_range_are_refused(staged: Any, query: str) -> None:
    async with staged() as stage:
        status, _, body = await stage.call("GET", f"{JOBS}?{query}")
        assert (status, body["code"]) == (400, "InvalidParameter")
        assert "output" not in body


async def test_the_model_filter_is_exact_and_knows_the_base_model(staged: Any) -> None:
    async with staged() as stage:
        world = stage.emulator.world
        own = world.add_job(model="qwen3-8b-ft-x", base_model="qwen3-8b")
        world.add_job(model="qwen3-14b", base_model="qwen3-14b")
        for model, ids in (("qwen3-8b", [own]), ("qwen3-8b-ft-x", [own]), ("qwen3", [])):
            _, _, body = await stage.call("GET", f"{JOBS}?model={model}")
            assert [job["job_id"] for job in body["output"]["jobs"]] == ids
            assert body["output"]["total"] == len(ids)


async def test_a_job_object_has_the_types_of_the_reference(staged: Any) -> None:
    async with staged(jobs=50, autoplay=True) as stage:
        _, _, body = await stage.call("GET", f"{JOBS}?page_size=100")
        for job in body["output"]["jobs"]:
            texts = {"job_id", "job_name", "status", "model", "base_model", "training_type", "create_time", "creator"}
            assert all(
                isinstance(job[name], str) for name in texts | {"modifier", "user_identity", "workspace_id", "group"}
            )
            lists = {"training_file_ids", "validation_file_ids", "training_datasets", "validation_datasets"}
            assert all(isinstance(job[name], list) for name in lists)
            assert isinstance(job.get("usage", 0), int)
            assert None not in job.values()
            assert job["job_id"][3:15] == job["create_time"][:16].translate(str.maketrans("", "", "- :"))


async def test_a_job_lives_from_its_making_to_its_deletion(staged: Any) -> None:
    async with staged() as stage:
        body = {"model": "qwen3-8b", "training_file_ids": ["f-1"], "validation_file_ids": None, "training_type": "sft"}
        status, _, made = await stage.call("POST", JOBS, json=body)
        job = made["output"]
        path = f"{JOBS}/{job['job_id']}"
        assert (status, job["status"], job["model"], job["base_model"]) == (200, "PENDING", "qwen3-8b", "qwen3-8b")
        assert job["training_datasets"] == [{"data_source_type": "file_id", "file_id": "f-1"}]
        status, _, refused = await stage.call("DELETE", path)
        assert (status, refused["code"]) == (400, "UnsupportedOperation")
        stage.clock.advance(400)
        assert (await stage.call("GET", path))[2]["output"]["status"] == "RUNNING"
        stage.clock.advance(3600)
        done = (await stage.call("GET", path))[2]["output"]
        assert (done["status"], done["usage"] > 0) == ("SUCCEEDED", True)
        status, _, refused = await stage.call("POST", path + "/cancel")
        assert (status, refused["code"]) == (400, "UnsupportedOperation")
        _, _, child = await stage.call("POST", JOBS, json=body | {"model": done["finetuned_output"]})
        assert child["output"]["base_model"] == "qwen3-8b"
        status, _, gone = await stage.call("DELETE", path)
        assert (status, gone["output"]) == (200, {"status": "success"})
        status, _, missing = await stage.call("GET", path)
        assert (status, missing["code"]) == (404, "NotFound")


@pytest.mark.parametrize("status", ["PENDING", "QUEUING", "RUNNING"])
async def test_a_job_in_flight_can_be_canceled_once(staged: Any, status: str) -> None:
    async with staged() as stage:
        path = f"{JOBS}/{stage.emulator.world.add_job(status)}"
        assert (await stage.call("POST", path + "/cancel"))[2]["output"] == {"status": "success"}
        assert (await stage.call("GET", path))[2]["output"]["status"] == "CANCELING"
        assert (await stage.call("POST", path + "/cancel"))[0] == 400
        assert (await stage.call("DELETE", path))[0] == 400
        stage.clock.advance(60)
        assert (await stage.call("GET", path))[2]["output"]["status"] == "CANCELED"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"training_file_ids":["f"]}', b'{"model":"a"}', b'{"model":"a","training_file_ids":[]}'],
)
async def test_an_incomplete_order_is_refused(staged: Any, body: bytes) -> None:
    async with staged() as stage:
        status, _, refused = await stage.call("POST", JOBS, data=body)
        assert (status, refused["code"]) == (400, "InvalidParameter")


async def test_the_log_skips_an_offset_and_is_bounded(staged: Any) -> None:
    async with staged(jobs=1) as stage:
        (job,) = stage.emulator.world.jobs()
        path = f"{JOBS}/{job.job_id}/logs"
        _, _, first = await stage.call("GET", path)
        whole = (await stage.call("GET", f"{path}?line=1000"))[2]["output"]
        assert whole["total"] == len(whole["logs"]) > 100 == len(first["output"]["logs"])
        assert whole["logs"][-1] == "##FT_COMPLETE##"
        assert f"training usage {job.fields['usage']}" in whole["logs"][-2]
        assert (await stage.call("GET", f"{path}?offset=2&line=3"))[2]["output"]["logs"] == whole["logs"][2:5]
        assert (await stage.call("GET", f"{path}?offset=99999"))[2]["output"] == {"total": whole["total"], "logs": []}
        for query in ("offset=-1", "line=0", "line=1001"):
            assert (await stage.call("GET", f"{path}?{query}"))[0] == 400


async def test_a_running_log_only_grows(staged: Any) -> None:
    async with staged() as stage:
        job = stage.emulator.world.submit({"model": "a"})
        path, before = f"{JOBS}/{job.job_id}/logs?line=1000", []
        while not job.finished:
            stage.clock.advance(60)
            now = (await stage.call("GET", path))[2]["output"]["logs"]
            assert now[: len(before)] == before
            before = now
        assert len(before) > 100


async def test_the_stream_is_server_sent_events_that_end_with_an_error_where_the_job_failed(staged: Any) -> None:
    async with staged() as stage:
        world = stage.emulator.world
        for status, last in (("SUCCEEDED", "data:##FT_COMPLETE##"), ("FAILED", 'data:{"code":"Oom","message":"no"}')):
            job_id = world.add_job(status, code="Oom", message="no")
            code, headers, text = await stage.call("GET", f"{JOBS}/{job_id}/stream")
            assert (code, headers["Content-Type"].partition(";")[0]) == (200, "text/event-stream")
            frames = text.strip().split("\n\n")
            assert frames[-1].splitlines()[-1] == last
            assert ("event:error" in text) == (status == "FAILED")


async def test_checkpoints_are_an_array_by_step_downwards(staged: Any) -> None:
    async with staged() as stage:
        world = stage.emulator.world
        job_id = world.add_job("SUCCEEDED", output_cnt=3, max_output_cnt=3)
        found = (await stage.call("GET", f"{JOBS}/{job_id}/checkpoints"))[2]["output"]
        assert [(point["step"], point["status"]) for point in found] == [
            (300, "SUCCEEDED"),
            (200, "PENDING"),
            (100, "PENDING"),
        ]
        assert found[0]["full_name"] == f"{job_id}:checkpoint-300"
        assert (found[0]["create_time"][10], "model_name" in found[0], "model_name" in found[1]) == ("T", True, False)
        assert (await stage.call("GET", f"{JOBS}/{world.add_job()}/checkpoints"))[2]["output"] == []
        assert (await stage.call("GET", f"{JOBS}/ft-none/checkpoints"))[0] == 404


async def test_a_workspace_sees_its_own_jobs(staged: Any) -> None:
    async with staged(workspaces=("llm-a", "llm-b")) as stage:
        job_id = stage.emulator.world.add_job(workspace_id="llm-b")
        for workspace, status in (("llm-a", 404), ("llm-b", 200), ("llm-c", 403)):
            headers = {"X-DashScope-WorkSpace": workspace}
            assert (await stage.call("GET", f"{JOBS}/{job_id}", headers=headers))[0] == status
        body = {"model": "m", "training_file_ids": ["f"]}
        made = await stage.call("POST", JOBS, json=body, headers={"X-DashScope-WorkSpace": "llm-a"})
        assert made[2]["output"]["workspace_id"] == "llm-a"


async def test_faults_are_for_an_operation_and_requests_are_counted(staged: Any) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job()
        stage.emulator.faults.add(refusal(429, "Throttling", headers={"Retry-After": "3"}), operation="get")
        stage.emulator.faults.add(Slow(seconds=0.01), operation="list")
        assert (await stage.call("GET", JOBS))[0] == 200
        status, headers, body = await stage.call("GET", f"{JOBS}/{job_id}")
        assert (status, headers["Retry-After"], body["code"]) == (429, "3", "Throttling")
        assert headers["Date"] == "Fri, 20 Nov 2026 08:00:00 GMT"
        assert (await stage.call("GET", f"{JOBS}/{job_id}"))[0] == 200
        assert stage.emulator.requests == {"list": 1, "get": 2}


async def test_a_cut_answer_breaks_off(staged: Any) -> None:
    async with staged(jobs=5) as stage:
        stage.emulator.faults.add(Cut(share=0.5))
        with pytest.raises(ClientPayloadError):
            await stage.call("GET", JOBS)
