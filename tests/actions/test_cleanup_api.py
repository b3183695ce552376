"""Deletions and clean-up over the API: looked at first, asked for by somebody who is named, never more than half."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.model import Asker, AskerKind
from monitor.web.api.deletions import asker
from tests.actions.bench import actions, told
from tests.kit.api import Asking
from tests.kit.cleaning import Cleaning, cleaning, policy

ANN = "socket uid 1000 (ann)"


@pytest.fixture
async def bench() -> AsyncIterator[Cleaning]:
    async with cleaning() as found:
        yield found


async def post(ask: Asking, path: str, **query: object) -> list[dict[str, object]]:
    reply = await ask.reply(path, "POST", who=ANN, **query)
    assert reply.status == 200, reply.body
    found: list[dict[str, object]] = json.loads(reply.body)["items"]
    return found


@pytest.mark.parametrize(
    ("by", "who"),
    [
        (ANN, Asker(AskerKind.USER, "ann")),
        ("command uid 0 (root)", Asker(AskerKind.USER, "root")),
        ("socket uid 1234", Asker(AskerKind.USER, "uid 1234")),
        ("socket", Asker(AskerKind.USER, "socket")),
        ("token", Asker(AskerKind.TOKEN, "token")),
        ("web sign-in", Asker(AskerKind.TOKEN, "web sign-in")),
    ],
)
def test_who_asked_is_whom_the_system_knows_else_the_token(by: str, who: Asker) -> None:
    assert asker(by) == who


async def test_jobs_are_looked_at_asked_for_and_followed(bench: Cleaning, tmp_path: Path) -> None:
    ask = bench.asking(tmp_path)
    victim, newest = bench.ids["old-0"], bench.ids["newest"]
    seen = await ask.get("/deletions/preview", account="ascend", job=[victim, newest, "nobody"])
    assert seen["too_many"] is None
    assert [item["refused"] for item in seen["items"]] == [
        None,
        "it is the newest job of its account, which is never deleted",
        "no job of this account has this id, as far as the monitor knows",
    ]
    assert await ask.items("/deletions") == []

    good, bad = await post(ask, "/deletions", account="ascend", job=[victim, newest])
    assert (good["refused"], good["again"], bad["refused"] is None) == (None, False, False)
    assert len(bench.rung) == 1
    (again,) = await post(ask, "/deletions", account="ascend", job=[victim])
    assert again["again"] is True
    await bench.settled()
    refused, done = await ask.items("/deletions", account="ascend")
    assert (done["state"], done["name"], done["asked_by"]) == ("deleted", "old-0", {"kind": "user", "name": "ann"})
    assert await ask.get(f"/deletions/{done['id']}") == done
    assert await ask.items("/deletions", id=[refused["id"]], state=["refused"]) == [refused]
    assert await ask.every("/deletions", limit=1) == [refused, done]
    assert await ask.items("/deletions", open=True) == []
    assert (await ask.problem("/deletions/nix"))["status"] == 404


async def test_more_than_half_of_an_account_is_refused_until_it_is_meant(bench: Cleaning, tmp_path: Path) -> None:
    ask = bench.asking(tmp_path)
    four = [bench.ids[f"old-{n}"] for n in range(4)]
    assert (await ask.get("/deletions/preview", account="ascend", job=four))["too_many"] == {
        "account": "ascend",
        "going": 4,
        "known": 7,
    }
    problem = await ask.problem("/deletions", "POST", who=ANN, account="ascend", job=four)
    assert (problem["status"], problem["detail"]) == (
        409,
        "4 of the 7 jobs of ascend would go at once, which is more than half; nothing was asked for.",
    )
    assert problem["hint"].endswith("`many=true`.")
    await post(ask, "/deletions", account="ascend", job=four[:2])
    problem = await ask.problem("/deletions", "POST", who=ANN, account="ascend", job=four[2:])
    assert problem["status"] == 409, "what is leaving counts"
    await post(ask, "/deletions", account="ascend", job=four[2:], many=True)
    assert await bench.settled() == ["newest", "old-4", "old-5"]


async def test_nobody_deletes_who_proves_nothing_and_nothing_is_deleted_of_what_is_not_there(
    bench: Cleaning, tmp_path: Path
) -> None:
    ask = bench.asking(tmp_path, policy())
    for path in ("/deletions", "/cleanup", "/cleanup/nightly/resume"):
        asked = {"account": "ascend", "job": ["x"]} if path == "/deletions" else {}
        assert (await ask.problem(path, "POST", **asked))["status"] == 403
    assert (await ask.problem("/deletions", "POST", who=ANN, account="nix", job=["x"]))["status"] == 404
    assert (await ask.problem("/deletions", "POST", who=ANN, account="ascend", job=["x"] * 51))["status"] == 400
    assert (await ask.problem("/cleanup", policy=["nix"]))["status"] == 404
    alone = bench.asking(tmp_path, policy(), daemon=False)
    assert (await alone.problem("/deletions", "POST", who=ANN, account="ascend", job=["x"]))["status"] == 409
    assert await told(bench.rig) == []


async def test_the_plan_says_what_goes_and_why_the_rest_stays(bench: Cleaning, tmp_path: Path) -> None:
    ask = bench.asking(tmp_path, policy(keep_last=3), policy(name="all", after="1d", at_most=20))
    plan = await ask.get("/cleanup")
    nightly, rest = plan["policies"]
    assert (nightly["state"], nightly["goes"], nightly["stays"], nightly["ran_at"]) == ("active", 2, 4, None)
    assert nightly["next_at"] is not None
    assert (rest["goes"], rest["stays"]) == (0, 1)
    assert [(job["name"], job["policy"], job["also"], job["stays"]) for job in plan["jobs"]][:4] == [
        ("old-0", "nightly", ["all"], None),
        ("old-1", "nightly", ["all"], None),
        ("old-2", "nightly", ["all"], "later"),
        ("old-3", "nightly", ["all"], "later"),
    ]
    assert plan["too_many"] == []
    assert [each["name"] for each in (await ask.get("/cleanup", policy=["all"]))["policies"]] == ["all"]
    short = await ask.get("/cleanup", stays=False)
    assert (short["policies"], [job["name"] for job in short["jobs"]]) == (plan["policies"], ["old-0", "old-1"])


async def test_a_run_by_hand_is_asked_for_by_the_person_and_only_of_what_is_enabled(
    bench: Cleaning, tmp_path: Path
) -> None:
    ask = bench.asking(tmp_path, policy(), policy(name="trial", enabled=False))
    problem = await ask.problem("/cleanup", "POST", who=ANN, policy=["trial"])
    assert (problem["status"], problem["detail"]) == (409, "The policy trial is not enabled: it deletes nothing.")
    first, second = await post(ask, "/cleanup")
    assert (first["refused"], second["refused"]) == (None, None)
    assert await bench.settled() == ["newest", "old-2", "old-3", "old-4", "old-5"]
    assert {action.asker for action in await actions(bench.rig)} == {Asker(AskerKind.USER, "ann")}
    (requested, _) = await bench.rig.events("deletion.requested")
    assert requested.data["deletion"]["reason"] == "nightly: it succeeded, 19 d ago"


async def test_a_policy_that_stands_still_says_so_and_is_let_go_on(bench: Cleaning, tmp_path: Path) -> None:
    options = policy(at_most=20)
    await bench.clean(bench.stage(options))
    ask = bench.asking(tmp_path, options)
    plan = await ask.get("/cleanup")
    (item,) = plan["policies"]
    assert (item["state"], item["next_at"], plan["too_many"][0]["going"]) == ("stopped", None, 6)
    assert item["too_many"] == plan["too_many"][0]
    assert item["reason"].startswith("6 of the 7 jobs of ascend would go at once")
    problem = await ask.problem("/cleanup", "POST", who=ANN)
    assert problem["status"] == 409, "a person must say that many are meant too"
    rung: list[None] = []
    ask.inside.clean = lambda: rung.append(None)
    reply = await ask.reply("/cleanup/nightly/resume", "POST", who=ANN)
    assert len(rung) == 1, "who runs policies hears of it"
    assert (reply.status, b'"state":"active"' in reply.body) == (200, True)
    assert (await ask.problem("/cleanup/nightly/resume", "POST", who=ANN))["status"] == 409
    await post(ask, "/cleanup", many=True)
    assert await bench.settled() == ["newest"]


async def test_a_job_that_nobody_knows_is_not_found_and_nothing_is_written_down(
    bench: Cleaning, tmp_path: Path
) -> None:
    asked = {"account": "ascend", "job": [bench.ids["old-0"], "nobody"]}
    problem = await bench.asking(tmp_path).problem("/deletions", "POST", who=ANN, **asked)
    assert (problem["status"], problem["detail"]) == (
        404,
        "No job of ascend has the id 'nobody', as far as the monitor knows; nothing was asked for.",
    )
    assert await actions(bench.rig) == []
    assert await told(bench.rig) == []


async def test_a_policy_of_another_name_is_let_go_on_before_any_daemon_has_heard_of_it(
    bench: Cleaning, tmp_path: Path
) -> None:
    await bench.clean(bench.stage(policy(name="half", at_most=20)))
    ask = bench.asking(tmp_path, policy(name="rest", was="half", at_most=20), daemon=False)
    (item,) = (await ask.get("/cleanup"))["policies"]
    assert (item["name"], item["state"], "half " in item["reason"]) == ("rest", "stopped", False)
    reply = await ask.reply("/cleanup/rest/resume", "POST", who=ANN)
    assert (reply.status, b'"state":"active"' in reply.body) == (200, True)
    assert [(row.policy, row.stopped_at) for row in (await bench.rows()).values()] == [("rest", None)]
    assert (await ask.problem("/cleanup/rest/resume", "POST", who=ANN))["status"] == 409


async def test_an_account_that_leaves_in_that_instant_is_a_conflict_and_nothing_is_begun(
    bench: Cleaning, tmp_path: Path
) -> None:
    ask = bench.asking(tmp_path, policy())
    bench.rig.poller.take([], [], {})  # the config of the API is a moment older
    for path, asked in (("/cleanup", {}), ("/deletions", {"account": "ascend", "job": [bench.ids["old-0"]]})):
        problem = await ask.problem(path, "POST", who=ANN, **asked)
        assert (problem["status"], "has just left the config" in problem["detail"]) == (409, True)
    assert await actions(bench.rig) == []
