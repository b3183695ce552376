"""Lists: pages that together are the whole, filters, and what a person finds by a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.api import Asking

LISTS: dict[str, dict[str, Any]] = {
    "/accounts": {},
    "/watches": {},
    "/jobs": {"gone": True},
    "/flavors": {},
    "/flavors/north/ascend-0/history": {},
    "/stock-history": {"since": "30d"},
    "/events": {},
    "/notifications": {},
    "/deliveries": {},
    "/sinks": {},
    "/rules": {},
}


async def test_pages_are_together_the_whole_list(ask: Asking) -> None:
    for path, query in LISTS.items():
        whole = await ask.items(path, **query, limit=1000)
        assert whole
        for limit in (1, 2, 5):
            assert await ask.every(path, **query, limit=limit) == whole, (path, limit)


async def test_events_come_in_both_orders(ask: Asking) -> None:
    newest = [event["seq"] for event in await ask.every("/events", limit=3)]
    oldest = [event["seq"] for event in await ask.every("/events", limit=3, order="oldest")]
    assert newest == oldest[::-1] == sorted(oldest, reverse=True)
    assert oldest == list(range(1, 13))


def ids(items: list[Any]) -> list[str]:
    return sorted(item["id"] for item in items)


JOBS: dict[str, tuple[dict[str, Any], Callable[[Any], bool]]] = {
    "account": ({"account": "llm"}, lambda job: job["account"] == "llm"),
    "state": ({"state": "failed"}, lambda job: job["state"] == "failed"),
    "account and state": (
        {"account": "north", "state": "running"},
        lambda job: job["account"] == "north" and job["state"] == "running",
    ),
    "active": ({"active": True}, lambda job: job["state"] not in ("succeeded", "failed", "canceled")),
    "finished": ({"active": False}, lambda job: job["state"] in ("succeeded", "failed")),
    "active of an account": (
        {"active": True, "account": "llm"},
        lambda job: job["account"] == "llm" and job["state"] not in ("succeeded", "failed"),
    ),
    "gone too": ({"gone": True, "state": "canceled"}, lambda job: job["state"] == "canceled"),
    "part of an id": ({"search": "WS-2"}, lambda job: "ws-2" in job["id"]),
    "part of a name": ({"search": "name of llm"}, lambda job: job["account"] == "llm"),
    "a person's name": ({"owner": "Ann Bright"}, lambda job: job["creator"] in ("ann-id", "139699")),
    "an identity": ({"owner": "modelarts:ann-id"}, lambda job: job["creator"] == "ann-id"),
    "a creator": ({"owner": "bob"}, lambda job: job["creator"] == "bob"),
    "a creator and a state": (
        {"owner": "bob", "state": "failed"},
        lambda job: job["creator"] == "bob" and job["state"] == "failed",
    ),
    "a base model": ({"model": "qwen3-14b"}, lambda job: job["base_model"] == "qwen3-14b"),
    "a model": ({"model": "engine"}, lambda job: job["base_model"] is None),
    "since": ({"since": "2026-11-20T12:03:00Z"}, lambda job: job["created_at"] >= "2026-11-20T12:03:00Z"),
    "nobody": ({"owner": "nobody"}, lambda job: False),
}


async def test_filters_of_jobs(ask: Asking) -> None:
    everything = await ask.items("/jobs", gone=True, limit=1000)
    for name, (query, wanted) in JOBS.items():
        expected = [job for job in everything if wanted(job) and (query.get("gone") or not job["gone"])]
        assert await ask.items("/jobs", **query, limit=1000) == expected, name
        assert await ask.every("/jobs", **query, limit=3) == expected, name


async def test_the_name_of_a_jobs_owner_is_told(ask: Asking) -> None:
    names = {job["creator"]: job["owner"] for job in await ask.items("/jobs")}
    assert names == {"ann-id": "Ann Bright", "139699": "Ann Bright", "bob": None}


async def test_a_job_is_found_by_id_name_or_the_beginning_of_its_id(ask: Asking) -> None:
    assert ids(await ask.items("/jobs", find="llm-None-3")) == ["llm-None-3"]
    assert ids(await ask.items("/jobs", find="name of llm-None-3")) == ["llm-None-3"]
    assert len(await ask.items("/jobs", find="llm-")) == 8
    assert await ask.items("/jobs", find="llm-", account="north") == []
    whole = await ask.get("/jobs/north/north-0-3")
    assert [event["subject"] for event in whole["events"]] == ["job/north-0-3"]
    assert [(each["tokens"], each["cost"], each["currency"]) for each in whole["usage"]] == [(1003, "100.00", "CNY")]


EVENTS: dict[str, tuple[dict[str, Any], Callable[[Any], bool]]] = {
    "a type": ({"type": "job.finished"}, lambda event: event["type"] == "job.finished"),
    "types": (
        {"type": ["flavor.*", "monitor.started"]},
        lambda event: event["type"].startswith(("flavor", "monitor")),
    ),
    "all types": ({"type": "*"}, lambda event: True),
    "types of an account": (
        {"type": ["flavor.*", "monitor.*"], "account": "north"},
        lambda event: event["type"].startswith("flavor"),
    ),
    "an account": ({"account": "north"}, lambda event: event["account"] == "north"),
    "a subject": ({"subject": "job/north-0-3"}, lambda event: event["subject"] == "job/north-0-3"),
    "a severity": ({"severity": "warning"}, lambda event: event["severity"] == "warning"),
    "a time": (
        {"since": "2026-11-20T12:02:00Z", "until": "2026-11-20T12:06:00Z"},
        lambda event: "2026-11-20T12:02:00Z" <= event["detected"] < "2026-11-20T12:06:00Z",
    ),
    "after": ({"after": 7}, lambda event: event["seq"] > 7),
    "a text in the data": ({"search": "NAME 4"}, lambda event: event["data"].get("job", {}).get("name") == "name 4"),
    "a person": ({"search": "ann b"}, lambda event: "job" in event["data"]),
}


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_filters_of_events(order: str, ask: Asking) -> None:
    for name, (query, wanted) in EVENTS.items():
        expected = [event for event in await ask.items("/events", order=order) if wanted(event)]
        assert expected, name
        assert await ask.items("/events", **query, order=order) == expected, name
        assert await ask.every("/events", **query, order=order, limit=2) == expected, name


def _stock_ended(sent: Any) -> bool:
    return sent["rule"] == "stock" and sent["state"] in ("delivered", "dead")


def _slack_answered(sent: Any) -> bool:
    return sent["sink"] == "slack" and sent["state"] in ("delivered", "refused")


MESSAGES: list[tuple[str, dict[str, Any], Callable[[Any], bool]]] = [
    ("/notifications", {"rule": "stock"}, lambda said: said["rule"] == "stock"),
    ("/notifications", {"sink": "hook", "severity": "warning"}, lambda said: True),
    ("/notifications", {"reason": "test"}, lambda said: False),
    ("/notifications", {"search": "OF N05"}, lambda said: said["id"] == "n05"),
    ("/notifications", {"since": "2026-11-20T12:05:00Z"}, lambda said: said["id"] >= "n05"),
    ("/deliveries", {"sink": "slack"}, lambda sent: sent["sink"] == "slack"),
    ("/deliveries", {"state": "dead"}, lambda sent: sent["state"] == "dead"),
    ("/deliveries", {"state": ["dead", "refused"]}, lambda sent: sent["state"] in ("dead", "refused")),
    ("/deliveries", {"state": ["pending", "dead", "dead"]}, lambda sent: sent["state"] in ("pending", "dead")),
    ("/deliveries", {"state": ["delivered", "dead"], "rule": "stock"}, _stock_ended),
    ("/deliveries", {"state": ["refused", "delivered"], "sink": "slack"}, _slack_answered),
    ("/deliveries", {"state": "delivered", "rule": "job-ended"}, lambda sent: sent["state"] == "delivered"),
    ("/deliveries", {"rule": "stock", "sink": "hook"}, lambda s: (s["rule"], s["sink"]) == ("stock", "hook")),
    ("/deliveries", {"notification": "n02"}, lambda sent: sent["notification"] == "n02"),
    (
        "/deliveries",
        {"notification": "n02", "sink": "hook"},
        lambda s: (s["notification"], s["sink"]) == ("n02", "hook"),
    ),
    ("/deliveries", {"since": "2026-11-20T12:05:00Z"}, lambda sent: sent["notification"] >= "n05"),
    ("/deliveries", {"search": "answer 2"}, lambda sent: sent["detail"] == "answer 2"),
]


async def test_filters_of_messages(ask: Asking) -> None:
    for path, query, wanted in MESSAGES:
        expected = [item for item in await ask.items(path) if wanted(item)]
        assert await ask.items(path, **query) == expected, query
        assert await ask.every(path, **query, limit=2) == expected, query


async def test_a_notification_tells_what_it_is_about_and_how_it_fares(ask: Asking) -> None:
    said = await ask.get("/notifications/n01")
    assert (said["subjects"], said["accounts"], said["events"], said["event_count"]) == (
        ["job/north-0-1"],
        ["north"],
        [2],
        1,
    )
    states = {sent["sink"]: (sent["state"], sent["detail"]) for sent in said["deliveries"]}
    assert states == {"slack": ("dead", "answer 1"), "hook": ("pending", "")}


async def test_flavors_by_zone_and_what_left_the_catalogue(ask: Asking) -> None:
    rows = [(row["id"], row["zone"], row["stock"]) for row in await ask.items("/flavors", catalogue="resource_flavors")]
    assert rows == [(f"ascend-{n}", zone, stock) for n in (0, 1) for zone, stock in (("a", "normal"), ("b", "soldout"))]
    sold_out = await ask.items("/flavors", stock="soldout", zone="b", search="ASCEND-1")
    assert [(row["id"], row["zone"]) for row in sold_out] == [("ascend-1", "b")]
    gone = await ask.items("/flavors", stock="delisted")
    assert {(row["id"], row["stock"], row["listed"]) for row in gone} == {("ascend-2", "delisted", False)}
    assert {row["zone"] for row in await ask.items("/flavors", catalogue="training_flavors")} == {None}


async def test_the_history_of_a_flavor_holds_its_zones_and_its_catalogue(ask: Asking) -> None:
    types = [event["type"] for event in await ask.items("/flavors/north/ascend-0/history")]
    assert types == ["flavor.sold_out", "flavor.restocked"]
    assert await ask.items("/flavors/north/ascend-0/history", zone="b") == []
    assert await ask.items("/flavors/north/ascend-0/history", since="1s") == []
    assert [event["type"] for event in await ask.items("/flavors/north/ascend-2/history")] == ["flavor.delisted"]


async def test_stock_over_time_begins_with_what_held_then(ask: Asking) -> None:
    rows = {(row["id"], row["zone"]): row for row in await ask.items("/stock-history", since="2026-11-20T12:01:00Z")}
    assert sorted(rows) == [(f"ascend-{n}", zone) for n in range(3) for zone in "ab"]
    changes = [(change["at"][11:16], change["stock"]) for change in rows["ascend-0", "a"]["changes"]]
    assert (rows["ascend-0", "a"]["at_start"], changes) == ("normal", [("12:10", "soldout"), ("12:20", "normal")])
    assert (rows["ascend-0", "b"]["at_start"], rows["ascend-0", "b"]["changes"]) == ("soldout", [])
    left = rows["ascend-2", "b"]
    assert (left["at_start"], left["listed"]) == ("soldout", False)
    assert [(change["at"][11:16], change["stock"]) for change in left["changes"]] == [("12:30", "delisted")]
    before = await ask.items("/stock-history", since="30d", search="ascend-1")
    assert {row["at_start"] for row in before} == {None}  # nobody looked then
    whole = (await ask.items("/stock-history", since="30d", search="ascend-0"))[0]
    changes = [(change["at"][11:16], change["stock"]) for change in whole["changes"]]
    assert (whole["at_start"], changes) == (None, [("12:00", "normal"), ("12:10", "soldout"), ("12:20", "normal")])
    early = await ask.items("/stock-history", since="2026-11-20T12:01:00Z", until="2026-11-20T12:15:00Z")
    assert [len(row["changes"]) for row in early if row["id"] == "ascend-0"] == [1, 0]
