"""The emulated account by itself: its story over time, and the hold that tests have of it."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.providers.model_studio.simjob import ABSENT
from monitor.providers.model_studio.world import World
from tests.kit.clock import VirtualClock


def still() -> tuple[World, VirtualClock]:
    clock = VirtualClock()
    return World(clock, autoplay=False), clock


def listed(world: World, number: int = 1, size: int = 100) -> list[dict[str, Any]]:
    return [json.loads(raw) for raw in world.page(number, size)[1]]


def the_only(world: World) -> dict[str, Any]:
    (job,) = listed(world)
    return job


def test_the_story_is_the_same_however_often_it_is_looked_at() -> None:
    stories = []
    for step in (60, 7200, 86400):
        clock = VirtualClock()
        world = World(clock, seed=7)
        for _ in range(86400 // step):
            clock.advance(step)
            world.advance()
        stories.append([job.encoded() for job in world.jobs()])
    assert stories[0] == stories[1] == stories[2]
    assert len(stories[0]) > 20


def test_another_seed_is_another_story() -> None:
    assert World(VirtualClock(), seed=1).jobs()[-1].job_id != World(VirtualClock(), seed=2).jobs()[-1].job_id


def test_one_job_runs_at_a_time_and_the_others_queue() -> None:
    clock = VirtualClock()
    world = World(clock, seed=3)
    running, queued = Counter[int](), Counter[int]()
    for _ in range(2000):
        clock.advance(30)
        states = Counter(job.status for job in world.jobs())
        running[states["RUNNING"]] += 1
        queued[states["QUEUING"]] += 1
    assert set(running) == {0, 1}
    assert running[1] > 300
    assert max(queued) >= 2


def test_jobs_take_tens_of_minutes_and_end_in_all_ways() -> None:
    clock = VirtualClock()
    world = World(clock, seed=5)
    clock.advance(20 * 86400)
    ended = [job for job in world.jobs() if job.finished]
    counts = Counter(job.status for job in ended)
    assert counts["SUCCEEDED"] > 3 * counts["FAILED"] > 0
    assert counts["CANCELED"] > 0
    for job in ended:
        fields = job.fields
        assert fields["end_time"] >= fields["create_time"]
        assert ("usage" in fields) == (job.status != "FAILED")
        assert ("message" in fields) == (job.status == "FAILED")
        if job.status == "SUCCEEDED":
            assert job.started is not None
            assert timedelta(minutes=8) <= job.ended - job.started <= timedelta(minutes=35)
    names = "".join(str(job.fields["job_name"]) for job in ended)
    assert "客服" in names


def test_ten_thousand_finished_jobs_are_made_at_once_and_a_page_of_them_costs_a_page() -> None:
    clock = VirtualClock()
    start = time.process_time()
    world = World(clock, jobs=10_000, autoplay=False)
    made = time.process_time() - start
    world.page(1, 100)
    start = time.process_time()
    for _ in range(100):
        total, items = world.page(1, 100)
    paged = (time.process_time() - start) / 100
    assert (total, len(items)) == (10_000, 100)
    assert all(job.finished for job in world.jobs())
    assert made < 3, "half a second is usual"
    assert paged < made / 100


def test_history_stays_as_it_is() -> None:
    clock = VirtualClock()
    world = World(clock, jobs=300, autoplay=False)
    before = listed(world)
    clock.advance(10 * 86400)
    assert (listed(world), len(world.jobs())) == (before, 300)


def test_a_job_added_by_hand_stands_still_until_it_is_set() -> None:
    world, clock = still()
    job_id = world.add_job("RUNNING", job_name="手工", output_cnt=1)
    clock.advance(86400)
    assert the_only(world)["status"] == "RUNNING"
    world.set(job_id, status="SUCCEEDED")
    job = the_only(world)
    assert (job["job_name"], job["status"], job["usage"]) == ("手工", "SUCCEEDED", 120_000)
    assert job["end_time"] == "2026-11-21 16:00:00"
    assert job["finetuned_output"].endswith(job_id)


def test_any_value_may_be_set_and_any_field_left_out() -> None:
    world, _ = still()
    job_id = world.add_job("SUCCEEDED", usage=ABSENT, create_time="once upon a time", job_name=ABSENT)
    assert "usage" not in the_only(world)
    world.set(job_id, usage="12", create_time=None, brand_new={"a": 1})
    job = the_only(world)
    assert (job["usage"], job["create_time"], job["brand_new"], "job_name" in job) == ("12", None, {"a": 1}, False)


def test_what_was_set_before_is_not_set_again_by_an_end() -> None:
    world, clock = still()
    job_id = world.add_job("SUCCEEDED", usage=5)
    end = the_only(world)["end_time"]
    clock.advance(60)
    world.set(job_id, status="SUCCEEDED")
    job = the_only(world)
    assert (job["usage"], job["end_time"]) == (5, end)


def test_a_job_that_was_removed_is_gone_and_a_stranger_is_a_key_error() -> None:
    world, _ = still()
    job_id = world.add_job()
    world.remove(job_id)
    assert listed(world) == []
    assert world.find(job_id) is None
    with pytest.raises(KeyError):
        world.remove(job_id)


def test_jobs_are_listed_by_their_time_of_creation_whenever_they_were_added() -> None:
    world, clock = still()
    first = world.add_job()
    old = world.add_job("SUCCEEDED", created_at=clock.now() - timedelta(days=3))
    same = world.add_job()
    assert [job["job_id"] for job in listed(world)] == [same, first, old]
    assert old.startswith("ft-202611171600-")


def test_broken_items_stand_in_the_listing_as_they_are() -> None:
    world, _ = still()
    name = world.add_broken(b'{"status": 7}')
    assert world.page(1, 10) == (1, [b'{"status": 7}'])
    world.remove(name)
    assert world.page(1, 10) == (0, [])


def test_every_page_read_may_shift_the_next() -> None:
    world, _ = still()
    world.add_history(5)
    world.shift_every_page = True
    first, second = listed(world, 1, 2), listed(world, 2, 2)
    assert first[1] == second[0]
    assert len(world.jobs()) == 7


def test_a_submitted_job_goes_through_all_stages_by_itself() -> None:
    world, clock = still()
    job = world.submit({"model": "qwen3-8b", "base_model": "qwen3-8b"})
    seen = [job.status]
    for _ in range(3600):
        clock.advance(1)
        world.advance()
        if job.status != seen[-1]:
            seen.append(job.status)
    assert seen == ["PENDING", "QUEUING", "RUNNING", "SUCCEEDED"]


def test_setting_the_running_job_lets_the_next_one_run() -> None:
    world, clock = still()
    first, second = world.submit({"model": "a"}), world.submit({"model": "b"})
    clock.advance(200)
    world.advance()
    assert sorted([first.status, second.status]) == ["QUEUING", "RUNNING"]
    running = first if first.status == "RUNNING" else second
    world.set(running.job_id, status="FAILED", code="X")
    assert {first.status, second.status} == {"FAILED", "RUNNING"}
    clock.advance(7200)
    world.advance()
    assert {first.status, second.status} == {"FAILED", "SUCCEEDED"}


def test_canceling_takes_a_while_and_bills_what_was_trained() -> None:
    world, clock = still()
    early = world.submit({"model": "a"})
    world.cancel(early)
    assert early.status == "CANCELING"
    clock.advance(31)
    world.advance()
    assert (early.status, early.fields["usage"], early.fields["code"]) == ("CANCELED", 0, "1")
    late = world.submit({"model": "a"})
    clock.advance(400)
    world.advance()
    assert late.status == "RUNNING"
    world.cancel(late)
    clock.advance(31)
    world.advance()
    assert late.status == "CANCELED"
    assert 0 < late.fields["usage"] < late.plan.tokens


def test_usage_may_come_later_than_the_end() -> None:
    world, clock = still()
    world.usage_lag = 300
    job = world.submit({"model": "a"})
    while job.status != "SUCCEEDED":
        clock.advance(1)
        world.advance()
    assert "usage" not in job.fields
    clock.advance(301)
    world.advance()
    assert job.fields["usage"] > 0


def test_checkpoints_grow_while_a_job_runs() -> None:
    clock = VirtualClock(datetime(2026, 11, 1, tzinfo=UTC))
    world = World(clock, seed=2)
    counts: dict[str, list[int]] = {}
    for _ in range(3000):
        clock.advance(30)
        for job in world.jobs()[:3]:
            if job.status == "RUNNING" and "output_cnt" in job.fields:
                seen = counts.setdefault(job.job_id, [])
                if not seen or seen[-1] != job.fields["output_cnt"]:
                    seen.append(job.fields["output_cnt"])
    assert [1, 2, 3] in [seen[:3] for seen in counts.values()]
