"""The emulated platform over HTTP: its rules of entry, its errors and its asynchronous deletions."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from monitor.emulation import Cut, Slow
from monitor.providers.modelarts.emulator import Emulator, refuse
from monitor.providers.modelarts.signing import DATE_FORMAT, query_string, sign
from tests.kit.clock import VirtualClock


async def call(
    stage: Any,
    method: str,
    path: str,
    *,
    query: list[tuple[str, str]] | None = None,
    body: Any = None,
    key: tuple[str, str] = ("AKDEMO", "SKDEMO"),
    date: datetime | None = None,
    **headers: str,
) -> tuple[int, Any, Any]:
    """Status, headers and decoded body of a signed request."""
    sent = b"" if body is None else json.dumps(body).encode()
    whole = URL(stage.address)
    signed = sign(
        *key,
        method=method,
        host=whole.authority,
        path=path,
        query=query or [],
        headers={"Content-Type": "application/json", **headers},
        body=sent,
        date=(date or stage.clock.now()).strftime(DATE_FORMAT),
    )
    url = URL(f"{stage.address}{path}?{query_string(query or [])}".rstrip("?"), encoded=True)
    async with stage.session.request(method, url, headers=signed, data=sent or None) as answer:
        text = await answer.text()
        return answer.status, answer.headers, json.loads(text) if text else None


JOBS = "/v2/p-demo/training-jobs"
SEARCH = "/v2/p-demo/training-job-searches"


async def test_the_date_is_the_emulated_clocks_in_every_answer(staged: Any) -> None:
    async with staged() as stage:
        stage.faults.add(refuse(429, "APIGW.0308", "slow down"), operation="search")
        for expected in (429, 200):
            status, headers, _ = await call(stage, "POST", SEARCH, body={})
            assert status == expected
            assert parsedate_to_datetime(headers["Date"]) == stage.clock.now()
            assert headers["X-Request-Id"]


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (-14, 200), (16, 401), (-16, 401)])
async def test_a_date_fifteen_minutes_off_is_refused(staged: Any, minutes: int, status: int) -> None:
    async with staged() as stage:
        date = stage.clock.now() + timedelta(minutes=minutes)
        assert (await call(stage, "POST", SEARCH, body={}, date=date))[0] == status


async def test_more_than_five_bad_signatures_in_a_row_lock_the_key_for_five_minutes(staged: Any) -> None:
    async with staged() as stage:
        for _ in range(5):
            assert (await call(stage, "POST", SEARCH, body={}, key=("AKDEMO", "wrong")))[0] == 401
        assert (await call(stage, "POST", SEARCH, body={}))[0] == 200, "five are forgiven"
        for _ in range(6):
            await call(stage, "POST", SEARCH, body={}, key=("AKDEMO", "wrong"))
        status, _, body = await call(stage, "POST", SEARCH, body={})
        assert (status, body["error_code"]) == (401, "APIGW.0301")
        assert "limit" in body["error_msg"]
        stage.clock.advance(299)
        assert (await call(stage, "POST", SEARCH, body={}))[0] == 401
        stage.clock.advance(2)
        assert (await call(stage, "POST", SEARCH, body={}))[0] == 200


async def test_who_proves_nothing_does_not_come_in(staged: Any) -> None:
    async with staged() as stage:
        async with stage.session.get(f"{stage.address}{JOBS}/x") as answer:
            assert answer.status == 401
        async with stage.session.get(f"{stage.address}{JOBS}/x", headers={"Authorization": "Basic x"}) as answer:
            assert answer.status == 401
        async with stage.session.get(f"{stage.address}{JOBS}/x", headers={"X-Auth-Token": "T"}) as answer:
            assert answer.status == 401
        assert (await call(stage, "GET", JOBS.replace("p-demo", "p-other") + "/x"))[2]["error_code"] == "ModelArts.2786"


BAD_SEARCHES = [
    ({"limit": 0}, "ModelArts.2789"),
    ({"limit": 51}, "ModelArts.2789"),
    ({"limit": "50"}, "ModelArts.2789"),
    ({"offset": -1}, "ModelArts.2789"),
    ({"sort_by": "name"}, "ModelArts.2790"),
    ({"order": "up"}, "ModelArts.2790"),
    ({"workspace_id": "other"}, "ModelArts.2891"),
    ({"filters": [{"key": "colour", "operator": "in", "value": []}]}, "ModelArts.2807"),
    ({"filters": [{"key": "phase", "operator": "is", "value": []}]}, "ModelArts.2808"),
    ({"filters": [{"key": "phase", "operator": "in", "value": "Running"}]}, "ModelArts.2809"),
    ({"filters": [{"key": "phase", "operator": "in", "value": ["x"] * 11}]}, "ModelArts.2809"),
    ({"filters": [{"key": "create_time", "operator": "between", "value": ["x", "y"]}]}, "ModelArts.2809"),
    (
        {
            "filters": [
                {
                    "key": "create_time",
                    "operator": "between",
                    "value": ["2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"],
                }
            ]
        },
        "ModelArts.2809",
    ),
    ([], "ModelArts.2788"),
]


@pytest.mark.parametrize(("body", "code"), BAD_SEARCHES)
async def test_a_wrong_search_is_refused_with_its_code(staged: Any, body: Any, code: str) -> None:
    async with staged() as stage:
        status, _, answer = await call(stage, "POST", SEARCH, body=body)
        assert (status, answer["error_code"]) == (400, code)


async def test_filters_choose_and_order_sorts(staged: Any) -> None:
    async with staged() as stage:
        world = stage.emulator.world
        old = world.add_job("bert-old", phase="Completed", at=stage.clock.now() - timedelta(days=3))
        new = world.add_job("bert-new", phase="Running")
        world.add_job("yolo", phase="Pending", tags={"team": "cv"})

        async def ids(*filters: tuple[str, str, list[str]], **more: Any) -> list[str]:
            entries = [{"key": key, "operator": operator, "value": value} for key, operator, value in filters]
            _, _, answer = await call(stage, "POST", SEARCH, body={"filters": entries, **more})
            return [item["metadata"]["name"] for item in answer["items"]]

        assert await ids() == ["yolo", "bert-new", "bert-old"]
        assert await ids(order="asc") == ["bert-old", "bert-new", "yolo"]
        assert await ids(("", "", [""])) == ["yolo", "bert-new", "bert-old"]
        assert await ids(("name", "like", ["bert"])) == ["bert-new", "bert-old"]
        assert await ids(("phase", "not", ["Completed"]), ("name", "like", ["e"])) == ["bert-new"]
        assert await ids(("phase", "in", ["Running", "Completed"]), order="asc") == ["bert-old", "bert-new"]
        assert await ids(("id", "in", [old, new])) == ["bert-new", "bert-old"]
        span = [f"{stage.clock.now() + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (-4, -2)]
        assert await ids(("create_time", "between", span)) == ["bert-old"]
        assert await ids(tags=[{"key": "team", "values": ["cv", "nlp"]}]) == ["yolo"]
        assert await ids(("phase", "in", ["Running"]), limit=1, offset=1) == []


async def test_stopping_is_for_jobs_that_are_not_over(staged: Any) -> None:
    async with staged() as stage:
        job_id = stage.emulator.world.add_job("one", phase="Running")
        path = f"{JOBS}/{job_id}/actions"
        assert (await call(stage, "POST", path, body={"action_type": "dance"}))[2]["error_code"] == "ModelArts.2812"
        status, _, job = await call(stage, "POST", path, body={"action_type": "terminate"})
        assert (status, job["status"]["phase"]) == (202, "Terminating")
        stage.clock.advance(15)
        _, _, job = await call(stage, "GET", f"{JOBS}/{job_id}")
        assert job["status"]["phase"] == "Terminated"
        status, _, answer = await call(stage, "POST", path, body={"action_type": "terminate"})
        assert (status, answer["error_code"]) == (409, "ModelArts.2796")


async def test_a_deleted_job_stays_for_a_while(staged: Any) -> None:
    async with staged() as stage:
        job_id, other = (stage.emulator.world.add_job(name, phase="Completed") for name in ("one", "two"))
        status, _, body = await call(stage, "DELETE", f"{JOBS}/{job_id}")
        assert (status, body) == (202, "")
        assert (await call(stage, "GET", f"{JOBS}/{job_id}"))[0] == 200
        stage.clock.advance(30)
        for method in ("GET", "DELETE"):
            status, _, body = await call(stage, method, f"{JOBS}/{job_id}")
            assert (status, body["error_code"]) == (400, "ModelArts.2775")
        entry = {"kind": "job", "metadata": {"id": other}}
        assert (await call(stage, "POST", f"{JOBS}/batch-delete", body={"jobs": [entry]}))[0] == 200
        stage.clock.advance(30)
        assert (await call(stage, "POST", SEARCH, body={}))[2]["items"] == []


async def test_resource_flavors_are_paged_by_a_cursor_and_chosen_by_labels(staged: Any) -> None:
    async with staged() as stage:
        path, cursor, names = "/v1/p-demo/resourceflavors", "", []
        for _ in range(2):
            query = [("limit", "2"), *([("continue", cursor)] if cursor else [])]
            _, _, page = await call(stage, "GET", path, query=query)
            names += [item["metadata"]["name"] for item in page["items"]]
            cursor = page["metadata"].get("continue", "")
        assert names == sorted(names)
        assert (len(names), cursor) == (4, "")
        for selector, number in (("os.modelarts.flavor/baremetal=true", 1), ("os.modelarts.flavor/baremetal!=true", 3)):
            _, _, page = await call(stage, "GET", path, query=[("labelSelector", selector)])
            assert len(page["items"]) == number
        assert (await call(stage, "GET", path, query=[("limit", "501")]))[2]["error_code"] == "ModelArts.50004000"


async def test_an_unknown_path_is_no_api(staged: Any) -> None:
    async with staged() as stage:
        for path in ("/v1/p-demo/training-jobs", "/v2/p-demo/nothing", "/v3/x"):
            status, _, body = await call(stage, "GET", path)
            assert (status, body["error_code"]) == (404, "APIGW.0101")


async def test_pages_shift_while_they_are_read(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.world.add_history(3)
        stage.emulator.operations.after_search.append(lambda world: world.add_job("late"))
        first = (await call(stage, "POST", SEARCH, body={}))[2]
        second = (await call(stage, "POST", SEARCH, body={}))[2]
        assert len(second["items"]) == len(first["items"]) + 1


async def test_faults_hit_the_operation_that_they_are_for(staged: Any) -> None:
    async with staged() as stage:
        stage.faults.add(refuse(500, "ModelArts.2950", "internal", Retry_After="9"), operation="search")
        stage.faults.add(Slow(seconds=0.01), operation="show")
        stage.faults.add(Cut(share=0.5), operation="training_flavors")
        status, headers, body = await call(stage, "POST", SEARCH, body={})
        assert (status, headers["Retry-After"], body["error_code"]) == (500, "9", "ModelArts.2950")
        assert (await call(stage, "POST", SEARCH, body={}))[0] == 200


async def test_both_platforms_share_one_server() -> None:
    from monitor.providers import registry

    clock = VirtualClock()
    app = web.Application()
    for kind in registry.kinds():
        app.add_routes(registry.emulator(kind)(clock, seed=1).routes())
    async with TestServer(app) as server:
        assert server.started


def test_the_emulator_is_one_by_the_port() -> None:
    from monitor.emulation import Emulator as Port

    emulator: Port = Emulator(VirtualClock())
    assert emulator.requests.total() == 0
