"""What is told of accounts, sinks, rules, usage and the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from monitor.fields.rate import RateLimit
from monitor.store.sink_health import SinkHealth, save_sink_health
from monitor.web.api.inside import Heartbeating
from tests.kit.api import Asking


async def test_the_whole_at_a_glance(ask: Asking) -> None:
    status = await ask.get("/status")
    assert status["started_at"] == "2026-11-20T12:00:00Z"
    assert (status["accounts"], status["sinks"], status["rules"], status["last_seq"]) == (2, 2, 2, 12)
    assert status["troubles"] == ["north is ill"]
    states = [item["state"] for item in await ask.items("/deliveries")]
    assert status["waiting"] == states.count("pending") + states.count("sending")
    assert status["given_up"] == states.count("dead") + states.count("refused") == 4
    assert status["oldest_waiting_at"] == "2026-11-20T12:00:00Z"


async def test_a_sink_that_is_held_back_is_a_trouble_with_what_it_answers_and_one_that_is_well_is_none(
    ask: Asking,
) -> None:
    at = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    held = SinkHealth(sink="slack", since=at, probe_at=at, told_at=at, failures=9, messages=2, detail="answered 503")
    blinked = SinkHealth(sink="hook", since=at, failures=1, messages=1, detail="answered 502")
    for health in (held, blinked, SinkHealth(sink="of another config", since=at, probe_at=at)):
        await ask.inside.store.write(partial(save_sink_health, health=health))
    slack, hook = await ask.items("/sinks")
    assert slack["delivered_at"] is None
    assert (slack["state"], slack["reason"], slack["since"], slack["probe_at"]) == (
        "open", "answered 503", "2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z",
    )  # fmt: skip
    assert (hook["state"], hook["reason"], hook["probe_at"]) == ("failing", "answered 502", None)
    assert hook["waiting_since"] == "2026-11-20T12:00:00Z"
    status = await ask.get("/status")
    assert status["troubles"] == ["north is ill", "slack takes no messages: answered 503"]
    assert status["heartbeat"] is None


async def test_the_heartbeat_is_told_with_what_speaks_against_it(ask: Asking) -> None:
    at = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    ask.inside.heartbeat = lambda: Heartbeating(every=300.0, at=at, held=("north/jobs was last seen 2 h ago",))
    status = await ask.get("/status")
    assert status["heartbeat"] == {
        "every": 300.0,
        "last_at": "2026-11-20T12:00:00Z",
        "held": ["north/jobs was last seen 2 h ago"],
        "failure": None,
    }


async def test_an_account_is_as_well_as_its_worst_watch_and_as_old_as_its_oldest(ask: Asking) -> None:
    north, llm = await ask.items("/accounts")
    assert [(watch["watch"], watch["workspace"]) for watch in north["watches"]] == [
        ("jobs", "0"),
        ("jobs", "ws-2"),
        ("training_flavors", None),
        ("resource_flavors", None),
    ]
    assert (north["state"], north["last_good"], north["age"]) == ("unauthorized", "2026-11-20T12:00:00Z", 3600.0)
    assert north["labels"] == {"team": "vision"}
    assert (llm["state"], llm["reason"], llm["last_good"], llm["age"]) == (
        "unreachable",
        "no route to host",
        None,
        None,
    )
    assert llm["watches"][0]["every"] == 45.0
    assert await ask.items("/watches") == north["watches"] + llm["watches"]


async def test_an_accounts_jobs_are_counted_by_state(ask: Asking) -> None:
    north, _ = await ask.items("/accounts")
    assert north["jobs"] == dict.fromkeys(
        ["failed", "pending", "queued", "running", "stopping", "succeeded", "unknown"], 2
    )


async def test_sinks_tell_the_last_delivery_and_what_waits(ask: Asking) -> None:
    slack, hook = await ask.items("/sinks")
    assert (slack["name"], slack["type"], slack["given_up"], slack["waiting"]) == ("slack", "webhook", 4, 6)
    assert (hook["given_up"], hook["waiting"], hook["last_delivery"]["state"]) == (0, 12, "pending")


async def test_rules_stand_in_their_order_with_the_net_last(ask: Asking) -> None:
    ended, stock, net = await ask.items("/rules")
    assert (ended["name"], ended["notify"], ended["severity"]) == ("job-ended", ["slack", "owner"], "warning")
    assert stock["last_notification_at"] == "2026-11-20T12:11:00Z"
    assert (net["name"], net["net"], net["last_notification_at"]) == ("unmatched", True, None)


async def test_usage_is_summed_by_several_at_once_and_money_exactly(ask: Asking) -> None:
    by_owner = {row["owner"]: row for row in await ask.items("/usage", by="owner")}
    assert by_owner["Ann Bright"] == {
        "owner": "Ann Bright",
        "owner_name": "Ann Bright",
        "jobs": 2,
        "tokens": 2001,
        "node_hours": "0",
        "card_hours": "0",
        "cost": "0.30",
        "currency": "CNY",
        "unpriced": None,
    }
    assert (by_owner["modelarts:bob"]["owner_name"], by_owner["modelarts:bob"]["cost"]) == (None, None)
    assert by_owner[None]["cost"] == "100.00"
    rows = await ask.items("/usage", by="label:team,day")
    assert [(row["label:team"], row["day"], row["jobs"]) for row in rows] == [
        (None, "2026-11-20", 1),
        ("nlp", "2026-11-21", 1),
        ("vision", "2026-11-20", 1),
        ("vision", "2026-11-21", 1),
    ]
    assert await ask.items("/usage", account="llm") == []
    (whole,) = (await ask.get("/usage", by="day,account"))["totals"]
    assert (whole["jobs"], whole["currency"], "account" in whole) == (4, "CNY", False), "one of them on two days"
    assert [row["day"] for row in await ask.items("/usage", until="2026-11-21T00:00:00Z")] == ["2026-11-20"]


async def test_a_delivery_that_waits_says_why(ask: Asking) -> None:
    at, later = datetime(2026, 11, 20, 12, 0, tzinfo=UTC), ask.inside.clock.now() + timedelta(minutes=5)
    well = SinkHealth(sink="hook", delivered_at=at)
    failing = replace(well, since=at, failures=1, detail="answered 502")

    async def why(health: SinkHealth) -> str | None:
        await ask.inside.store.write(partial(save_sink_health, health=health))
        oldest = (await ask.items("/deliveries", sink="hook", state="pending"))[-1]
        assert (await ask.get(f"/deliveries/{oldest['id']}"))["waits"] == oldest["waits"]
        waits: str | None = oldest["waits"]
        return waits

    assert await why(well) is None
    assert await why(failing) == "the sink takes no messages (answered 502); it is tried with one at a time"
    held = await why(replace(failing, probe_at=later))
    assert held == "the sink takes no messages (answered 502); it is probed in 5 min"
    assert await why(replace(well, paced_to=later)) is None, "it has no rate"
    hook = ask.inside.settings.sinks[1].model_copy(update={"rate": RateLimit(count=1, period=600.0)})
    ask.inside.settings = replace(ask.inside.settings, sinks=(hook,))
    used = await why(replace(well, paced_to=later))
    assert used == "the rate of the sink is used up; the next message goes in 5 min"
    assert await why(replace(well, paced_to=None)) is None
