"""The official SDK works with the emulated ModelArts: each operation, each way to sign in, each refusal."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.emulation import Reply
from monitor.providers.modelarts.emulator import refuse

pytestmark = pytest.mark.sdk


async def test_the_job_list_is_walked_by_pages(bench: Any) -> None:
    made = bench.emulator.world.add_history(70)
    seen: list[str] = []
    for page in (0, 1):
        answer = await bench.value("list", offset=page, limit=50, sort_by="create_time", order="desc", workspace_id="0")
        seen += [job["metadata"]["id"] for job in answer["items"]]
        assert answer["total"] == 70
    assert seen == made[::-1]


async def test_a_filtered_list_and_an_empty_one(bench: Any) -> None:
    running = bench.emulator.world.add_job("one", phase="Running")
    bench.emulator.world.add_job("two", phase="Completed")
    found = await bench.value("list", filters=[{"key": "phase", "operator": "in", "value": ["Running"]}])
    assert [job["metadata"]["id"] for job in found["items"]] == [running]
    assert (await bench.value("list", workspace_id="ws1"))["items"] == []


async def test_the_sdk_decodes_every_part_of_a_job_that_it_knows(bench: Any) -> None:
    job_id = bench.emulator.world.add_job("bert", phase="Running", nodes=2)
    bench.emulator.world.restart(job_id)
    bench.emulator.world.set_phase(job_id, "Failed", exit_code=137, message="out of memory")
    job = await bench.value("show", job_id=job_id)
    assert job["kind"] == "job"
    assert job["metadata"]["name"] == "bert"
    assert job["status"]["phase"] == "Failed"
    assert job["status"]["task_statuses"] == [{"task": "worker-0", "exit_code": 137, "message": "out of memory"}]
    runs = job["status"]["running_records"]
    assert [run["start_type"] for run in runs] == ["init_or_rescheduled", "restarted"]
    assert isinstance(runs[0]["end_at"], int)
    assert job["spec"]["resource"]["node_count"] == 2
    assert job["spec"]["resource"]["main_container_allocated_resources"]["accelerator_num"] == 8.0
    assert job["algorithm"]["engine"]["engine_name"] == "MindSpore"
    assert job["endpoints"]["jupyter_lab"]["token"]


async def test_a_job_is_stopped_edited_and_deleted(bench: Any) -> None:
    job_id = bench.emulator.world.add_job("one", phase="Running")
    answer = await bench.ask("stop", job_id=job_id)
    assert answer["value"]["status"] == 202
    assert answer["value"]["value"]["status"]["phase"] == "Terminating"
    assert (await bench.ask("edit", job_id=job_id, text="a word"))["ok"]
    assert (await bench.value("show", job_id=job_id))["metadata"]["description"] == "a word"
    answer = await bench.ask("delete", job_id=job_id)
    assert (answer["value"]["status"], answer["value"]["raw"]) == (202, '""')
    other = bench.emulator.world.add_job("two", phase="Completed")
    assert (await bench.ask("batch_delete", ids=[other]))["ok"]


async def test_what_surrounds_a_job_is_read(bench: Any) -> None:
    job_id = bench.emulator.world.add_job("one", phase="Running", nodes=2)
    tasks = (await bench.ask("tasks", job_id=job_id))["value"]["raw"]
    assert tasks.startswith('[{"task": "worker-0"'), "a bare array"
    assert (await bench.value("stages", job_id=job_id))["total_count"] == 1
    events = await bench.value("events", job_id=job_id)
    assert {event["message"] for event in events["events"]} == {"Training job created", "Training job started"}
    assert [one["id"] for one in (await bench.value("workspaces"))["workspaces"]] == ["0", "ws1"]


async def test_the_training_flavors_are_read(bench: Any) -> None:
    answer = await bench.value("training_flavors")
    assert answer["total_count"] == len(answer["flavors"]) == 5
    one_type = await bench.value("training_flavors", flavor_type="Ascend")
    assert {flavor["flavor_type"] for flavor in one_type["flavors"]} == {"Ascend"}
    assert one_type["flavors"][0]["flavor_info"]["npu"]["unit_num"] == "8"


async def test_the_resource_flavors_are_read_page_by_page(bench: Any) -> None:
    first = await bench.value("resource_flavors", limit=3)
    rest = await bench.value("resource_flavors", limit=3, _continue=first["metadata"]["_continue"])
    names = [item["metadata"]["name"] for item in first["items"] + rest["items"]]
    assert (len(names), names) == (4, sorted(names))
    assert set(first["items"][0]["status"]["phase"].values()) == {"normal"}
    chosen = await bench.value("resource_flavors", label_selector="os.modelarts.flavor/baremetal=true")
    assert len(chosen["items"]) == 1


REFUSED = [
    ("show", {"job_id": "00000000-0000-4000-8000-000000000000"}, 400, "ModelArts.2775"),
    ("delete", {"job_id": "00000000-0000-4000-8000-000000000000"}, 400, "ModelArts.2775"),
    ("list", {"limit": 51}, 400, "ModelArts.2789"),
    ("list", {"filters": [{"key": "colour", "operator": "in", "value": ["x"]}]}, 400, "ModelArts.2807"),
    ("resource_flavors", {"limit": 501}, 400, "ModelArts.50004000"),
]


@pytest.mark.parametrize(("op", "args", "status", "code"), REFUSED)
async def test_a_refusal_reaches_the_sdk_with_its_code(
    bench: Any, op: str, args: dict[str, Any], status: int, code: str
) -> None:
    answer = await bench.ask(op, **args)
    assert (answer["status_code"], answer["error_code"]) == (status, code)
    assert answer["error_msg"]
    assert answer["request_id"]


async def test_stopping_twice_is_a_conflict_and_an_odd_action_an_error(bench: Any) -> None:
    job_id = bench.emulator.world.add_job("one", phase="Completed")
    assert (await bench.ask("stop", job_id=job_id))["error_code"] == "ModelArts.2796"
    assert (await bench.ask("stop", job_id=job_id, action="dance"))["error_code"] == "ModelArts.2812"


async def test_keys_are_checked(bench: Any) -> None:
    wrong = await bench.ask("list", account={"sk": "wrong"})
    assert (wrong["status_code"], wrong["error_code"]) == (401, "APIGW.0301")
    other = await bench.ask("list", account={"project_id": "p-other"})
    assert (other["status_code"], other["error_code"]) == (404, "ModelArts.2786")
    bench.emulator.entrance.keys["AKTEMP"] = "SKTEMP"
    bench.emulator.entrance.security_tokens["AKTEMP"] = "ST"
    temporary = {"ak": "AKTEMP", "sk": "SKTEMP"}
    assert not (await bench.ask("list", account=temporary))["ok"]
    assert (await bench.ask("list", account={**temporary, "security_token": "ST"}))["ok"]


async def test_iam_gives_tokens_and_names_the_project(bench: Any) -> None:
    job_id = bench.emulator.world.add_job("one")
    named = {"user": "ann", "password": "demo-password", "domain": "demo", "project": "p-demo"}
    answer = await bench.value("token", **named)
    assert answer["token"]["project"]["id"] == "p-demo"
    (token,) = bench.emulator.entrance.tokens
    assert answer["x_subject_token"] == token
    assert (await bench.ask("with_token", token=token, job_id=job_id))["ok"]
    assert (await bench.ask("with_token", token="T-wrong", job_id=job_id))["status_code"] == 401
    wrong = await bench.ask("token", **{**named, "password": "wrong"})
    assert (wrong["status_code"], wrong["error_msg"]) == (401, "The username or password is wrong.")
    found = await bench.value("projects", name="cn-north-7")
    assert [project["id"] for project in found["projects"]] == ["p-demo"]
    looked_up = await bench.ask("list", account={"project_id": None, "region": "cn-north-7"})
    assert looked_up["ok"], "the SDK asks IAM for the project by the region's name"


async def test_faults_look_to_the_sdk_like_the_platforms(bench: Any) -> None:
    bench.emulator.faults.add(refuse(429, "APIGW.0308", "slow down"), operation="search")
    throttled = await bench.ask("list")
    assert (throttled["status_code"], throttled["error_code"]) == (429, "APIGW.0308")
    bench.emulator.faults.add(refuse(503, "ModelArts.4205", "later"), operation="show")
    assert (await bench.ask("show", job_id="j"))["status_code"] == 503
    bench.emulator.faults.add(Reply(status=200, body=b"<html>", content_type="text/html"), operation="search")
    hidden = await bench.ask("list")
    assert hidden["ok"], "the SDK hides what our own client must not"
    assert hidden["value"]["value"]["items"] is None
