"""Every metric moves when its thing happens: real platforms, a real store, a real webhook, read by a real parser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import anyio
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from monitor import __version__
from monitor.emulation import Reply
from monitor.providers import registry
from monitor.store import StoreFull
from monitor.web import metrics as room
from tests.kit.clock import VirtualClock
from tests.kit.outbox import eventually, hook_server, said
from tests.kit.platforms import modelarts
from tests.kit.rig import rigged
from tests.web.scraped import Scene, numbers, scene, value


async def test_polls_and_requests_are_counted_by_what_came_of_them() -> None:
    async with scene() as on:
        await on.rig.poll()
        on.emulator.faults.add(Reply(status=502), times=1)
        await on.rig.poll()
        on.rig.store_fault = StoreFull("The disk is full.")
        on.rig.clock.advance(61)  # a row a minute says that a watch is well
        await on.rig.poll()
        on.rig.store_fault = None
        seen = await on.scrape()
        requests = sum(value for key, value in seen.items() if key.startswith("requests_total"))
        assert requests == on.rig.requests
    polls = {key.partition("{")[2]: value for key, value in seen.items() if key.startswith("polls_total")}
    of = "account=ascend,outcome={},watch={}}}".format
    both = {"jobs/0" if "jobs/0" in key else "jobs" for key in polls if "jobs" in key}.pop()
    assert polls[of("good", both)] + polls[of("good", "training_flavors")] == 3
    assert polls.get(of("transient", both), 0) + polls.get(of("transient", "training_flavors"), 0) == 1
    assert polls[of("store", both)] + polls[of("store", "training_flavors")] == 2
    assert seen["requests_total{account=ascend,outcome=transient}"] == 1
    assert seen["request_duration_seconds_count{account=ascend}"] == requests
    assert seen[f"poll_duration_seconds_count{{account=ascend,watch={both}}}"] == 3


async def test_a_job_is_followed_from_its_event_to_its_delivery() -> None:
    async with scene() as on, on.outbox() as outbox:
        on.emulator.world.add_job("first", phase="Running")
        await on.rig.poll()
        on.emulator.world.add_job("second", phase="Running")
        await on.rig.poll()
        on.clock.advance(60 + 30)
        before = await on.scrape()
        assert before["events_unrouted"] == before["last_seq"] > 0
        while await on.router(outbox).turn():
            pass
        told = int(await value(on, "notifications_total{rule=job-told}"))
        await eventually(lambda: settled(on, told))
        seen = await on.scrape()
    assert seen["events_total{type=job.submitted}"] >= 1
    assert seen["notifications_total{rule=job-told}"] == len(on.server.got) > 0
    assert seen["delivery_attempts_total{outcome=delivered,sink=hook}"] == len(on.server.got)
    assert seen["delivery_duration_seconds_count{sink=hook}"] == len(on.server.got)
    assert seen["event_to_delivered_seconds_sum{sink=hook}"] == 30 * len(on.server.got)
    assert seen["route_duration_seconds_count"] == 1
    assert seen["jobs_active{account=ascend,state=running}"] == 2
    assert seen["events_unrouted"] == 0
    assert seen["store_writes_total{outcome=committed}"] >= seen["store_commit_duration_seconds_count"] > 0
    assert seen["store_commit_writes_sum"] == seen["store_writes_total{outcome=committed}"]


async def settled(on: Scene, count: int) -> bool:
    """Whether that many deliveries are counted: each counts a moment after its message arrived."""
    return await value(on, "delivery_attempts_total{outcome=delivered,sink=hook}") == count


async def test_what_waits_and_what_was_given_up_is_told_by_sink() -> None:
    async with scene() as on:
        now = on.rig.clock.now()
        await said(on.rig.store, "hook", "old", now - timedelta(seconds=300))
        await said(on.rig.store, "hook", "young", now)
        await said(on.rig.store, "of another config", "x", now)
        waiting = await on.scrape()
        on.server.answers["/hook"] = [404, 500]
        async with on.outbox():
            await eventually(lambda: value(on, "deliveries_given_up_stored{sink=hook}"))
            await eventually(lambda: value(on, "delivery_attempts_total{outcome=retry,sink=hook}"))
        seen = await on.scrape()
    assert waiting["deliveries_waiting{sink=hook}"] == 2
    assert waiting["oldest_delivery_age_seconds{sink=hook}"] == 300
    assert waiting["delivery_attempts_total{outcome=refused,sink=hook}"] == 0
    assert waiting["deliveries_given_up_total{sink=hook}"] == 0
    assert not [key for key in seen if "another" in key]
    assert seen["deliveries_waiting{sink=hook}"] == 1
    assert seen["deliveries_given_up_stored{sink=hook}"] == 1
    assert seen["deliveries_given_up_total{sink=hook}"] == 1
    assert seen["delivery_attempts_total{outcome=refused,sink=hook}"] == 1


async def test_data_grows_old_while_nobody_answers_and_the_account_changes_its_state() -> None:
    async with scene() as on:
        fresh = await on.scrape()
        await on.rig.poll()
        well = await on.scrape()
        on.emulator.faults.add(Reply(status=500), times=None)
        for _ in range(4):
            await on.rig.poll(100)
        ill = await on.scrape()
    states = [key for key in ill if key.startswith("account_state")]
    assert len(states) == 4
    assert fresh["account_state{account=ascend,state=waiting}"] == 1
    assert well["account_state{account=ascend,state=ok}"] == 1
    assert ill["account_state{account=ascend,state=unreachable}"] == 1
    assert sum(ill[key] for key in states) == 1
    age = "watch_data_age_seconds{account=ascend,watch=training_flavors}"
    assert well[age] < 1
    assert ill[age] >= 400


async def test_the_age_of_earlier_data_is_known_after_a_restart() -> None:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig, hook_server() as server:
        async with rig.running():
            await rig.poll()
        emulator.faults.add(Reply(status=500), times=None)
        async with rig.running():
            await rig.poll(500)
            seen = await Scene(rig, emulator, server).scrape()
    ages = [value for key, value in seen.items() if key.startswith("watch_data_age_seconds")]
    assert len(ages) == 1
    assert ages[0] >= 500


async def test_the_rest_of_the_daemon_is_there() -> None:
    async with scene() as on:
        on.metrics.streaming(+1)
        on.metrics.streaming(+1)
        on.metrics.streaming(-1)
        on.metrics.reloaded(ok=True)
        first = await on.scrape()
        on.metrics.reloaded(ok=False)
        on.dead.append("routing")
        seen = await on.scrape()
    assert seen[f"build_info{{version={__version__}}}"] == 1
    assert seen["event_streams_open"] == 1
    assert seen["config_reloads_total{outcome=taken}"] == seen["config_reloads_total{outcome=refused}"] == 1
    assert (first["config_last_reload_successful"], seen["config_last_reload_successful"]) == (1, 0)
    assert (first["ready"], seen["ready"]) == (1, 0)
    assert (first["dead_loops"], seen["dead_loops"]) == (0, 1)
    assert seen["store_size_bytes"] > 10_000
    assert seen["process_resident_memory_bytes"] > 1_000_000
    assert any(key.startswith("python_info") for key in seen)


async def test_a_store_that_is_down_or_hangs_costs_only_what_is_read_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        async def read(self, fn: Any) -> Any:
            raise StoreFull("postgresql://ann:hunter2@host is gone")

    class Hanging:
        asked = 0

        async def read(self, fn: Any) -> Any:
            self.asked += 1
            await anyio.sleep_forever()

    async with scene() as on:
        await on.rig.poll()
        well = await on.scrape()
        monkeypatch.setattr(room, "STORE_PATIENCE", 0.02)
        hanging = Hanging()
        exposer = on.exposer(hanging)
        pages = [(await each.exposition()).body for each in (on.exposer(Broken()), exposer, exposer)]
    assert (well["scrape_failed"], well["ready"]) == (0, 1)
    assert hanging.asked == 1  # no read is begun behind one that hangs
    for page in pages:
        seen = numbers(parse(page.decode()))
        assert (seen["scrape_failed"], seen["ready"]) == (1, 0)
        assert "last_seq" not in seen
        assert seen["requests_total{account=ascend,outcome=answered}"] > 0
        assert any(key.startswith("watch_data_age_seconds") for key in seen)
        assert b"hunter2" not in page
