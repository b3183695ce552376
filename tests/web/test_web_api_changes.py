"""Changes: who may, what comes of them, whom they wake, and what they refuse."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from monitor.store import claim, get_delivery
from monitor.web.api import Api, Request
from tests.kit.api import CONFIG, Asking, settings

BY = "ann (uid 1000)"


async def of_state(ask: Asking, state: str, sink: str = "slack") -> str:
    found: str = (await ask.items("/deliveries", state=state, sink=sink))[-1]["id"]
    return found


async def test_nothing_is_changed_for_who_proves_nothing(ask: Asking) -> None:
    dead = await of_state(ask, "dead")
    for path in (f"/deliveries/{dead}/retry", f"/deliveries/{dead}/drop", "/sinks/slack/test"):
        assert (await ask.problem(path, "POST"))["status"] == 403
    assert (await ask.get(f"/deliveries/{dead}"))["state"] == "dead"
    assert ask.woken == []


async def test_a_dead_delivery_is_tried_again_and_its_sink_woken_after_the_commit(ask: Asking) -> None:
    dead = await of_state(ask, "dead")
    ask.inside.wake = lambda sinks: ask.woken.append(f"{list(sinks or ())}")
    answer = await ask.post(f"/deliveries/{dead}/retry")
    assert (answer["state"], answer["attempt"], answer["settled_at"]) == ("pending", 1, None)
    assert answer["next_at"] == "2026-11-20T13:00:00Z"
    assert answer["detail"] == f"to be tried again, asked by {BY}"
    assert ask.woken == ["['slack']"]
    (again,) = await ask.inside.store.write(partial(claim, sink="slack", now=ask.clock.now(), limit=1))
    assert (again.id, again.attempt, again.renewed_at) == (dead, 2, ask.clock.now())


@pytest.mark.parametrize(
    ("state", "status"), [("sending", 409), ("delivered", 409), ("refused", 200), ("pending", 200)]
)
async def test_what_is_being_sent_or_has_arrived_is_left_alone(state: str, status: int, ask: Asking) -> None:
    chosen = await of_state(ask, state)
    for what in ("retry", "drop"):
        reply = await ask.reply(f"/deliveries/{chosen}/{what}", "POST", who=BY)
        assert reply.status == status
        if status == 409:
            assert f"is {state} and cannot be" in json.loads(reply.body)["detail"]
    assert (await ask.get(f"/deliveries/{chosen}"))["state"] == (state if status == 409 else "dropped")


async def test_a_dropped_delivery_tells_who_did_it_and_nobody_is_told_of_it(ask: Asking) -> None:
    pending = await of_state(ask, "pending")
    before = (await ask.get("/status"))["last_seq"]
    answer = await ask.post(f"/deliveries/{pending}/drop")
    assert (answer["state"], answer["detail"], answer["next_at"]) == ("dropped", f"dropped by {BY}", None)
    assert (await ask.get("/status"))["last_seq"] == before


async def test_what_was_dropped_is_not_given_up_and_lives_again_only_by_its_id(ask: Asking) -> None:
    dead = await of_state(ask, "dead")
    before = (await ask.get("/status"))["given_up"]
    await ask.post(f"/deliveries/{dead}/drop")
    assert (await ask.get("/status"))["given_up"] == before - 1
    twice = await ask.problem(f"/deliveries/{dead}/drop", "POST", who=BY)
    assert (twice["status"], twice["hint"]) == (409, "It was dropped already.")
    assert [item["id"] for item in await ask.items("/deliveries", state="dropped")] == [dead]
    assert (await ask.post(f"/deliveries/{dead}/retry"))["state"] == "pending"


async def test_a_race_with_a_claim_ends_one_way_or_the_other(ask: Asking) -> None:
    dead = await of_state(ask, "dead")
    store, now = ask.inside.store, ask.clock.now()
    await ask.post(f"/deliveries/{dead}/retry")
    claimed, dropped = await asyncio.gather(
        store.write(partial(claim, sink="slack", now=now, limit=1)),
        ask.reply(f"/deliveries/{dead}/drop", "POST", who=BY),
    )
    record = await store.read(partial(get_delivery, id=dead))
    assert record is not None
    won = [delivery.id for delivery in claimed] == [dead]
    assert (dropped.status, record.row.state.value) == ((409, "sending") if won else (200, "dropped"))


async def test_a_sink_is_tested_through_the_outbox(ask: Asking) -> None:
    made = await ask.post("/sinks/hook/test")
    waiting = await ask.get(f"/deliveries/{made['delivery']}")
    assert (waiting["sink"], waiting["rule"], waiting["state"]) == ("hook", "test", "pending")
    assert ask.woken == ["hook"]
    problem = await ask.problem("/sinks/nobody/test", "POST", who=BY)
    assert (problem["status"], problem["hint"]) == (404, "There are: slack, hook.")


async def test_a_delivery_to_a_removed_sink_may_be_dropped_and_not_tried_again(ask: Asking, tmp_path: Path) -> None:
    dead = await of_state(ask, "dead")
    ask.inside.settings = settings(tmp_path, CONFIG.replace("slack", "teams"))
    problem = await ask.problem(f"/deliveries/{dead}/retry", "POST", who=BY)
    assert (problem["status"], problem["detail"]) == (409, "The config has no sink 'slack'.")
    assert (await ask.post(f"/deliveries/{dead}/drop"))["state"] == "dropped"


async def test_a_change_takes_no_body(ask: Asking) -> None:
    asked = Request(method="POST", path="/api/v1/sinks/slack/test", by=BY, body=b"{}")
    reply = await Api(ask.inside).answer(asked)
    assert (reply.status, b"The body must be empty." in reply.body) == (400, True)
