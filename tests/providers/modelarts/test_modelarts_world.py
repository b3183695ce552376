"""The emulated world: the same for the same seed, alive by its clock, obedient to tests, and cheap to ask."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import pytest

from monitor.providers.modelarts.emulated.job import STOPPABLE, TERMINAL
from monitor.providers.modelarts.emulated.render import job_json
from monitor.providers.modelarts.emulated.search import search
from monitor.providers.modelarts.emulator import Emulator
from tests.kit.clock import VirtualClock

DAY = 24 * 3600


def picture(emulator: Emulator) -> str:
    world = emulator.world
    world.advance()
    jobs = [job_json(world.jobs[job_id], world.now) for _, _, job_id in world.places("0")]
    return json.dumps([jobs, [entry.as_json() for entry in world.training], [e.as_json() for e in world.resources]])


def test_the_same_seed_gives_the_same_story_whenever_one_looks() -> None:
    often_clock, once_clock, other_clock = VirtualClock(), VirtualClock(), VirtualClock()
    often, once, other = Emulator(often_clock, seed=7), Emulator(once_clock, seed=7), Emulator(other_clock, seed=8)
    for _ in range(500):
        often_clock.advance(DAY / 500)
        often.world.advance()
    once_clock.advance(DAY)
    other_clock.advance(DAY)
    assert picture(often) == picture(once)
    assert picture(once) != picture(other)


def test_a_few_days_hold_every_kind_of_story() -> None:
    clock = VirtualClock()
    emulator = Emulator(clock)
    seen: Counter[str] = Counter()
    previous: dict[str, str] = {}
    words: dict[tuple[str, str], set[str]] = {}
    catalogues = set()
    for _ in range(3 * 24 * 60):
        clock.advance(60)
        emulator.world.advance()
        for job in emulator.world.jobs.values():
            if previous.get(job.id) != job.phase:
                seen[f"{previous.get(job.id)} -> {job.phase}"] += 1
                previous[job.id] = job.phase
        for flavor in emulator.world.resources:
            for zone, word in flavor.zones.items():
                words.setdefault((flavor.id, zone), set()).add(word)
        catalogues.add(tuple((entry.id, entry.max_num, entry.listed) for entry in emulator.world.training))
    moves = set(seen)
    assert {"Pending -> Running", "Running -> Completed", "Running -> Failed", "Running -> Pending"} <= moves
    assert {
        "Running -> Abnormal",
        "Abnormal -> Running",
        "Running -> Terminating",
        "Terminating -> Terminated",
    } <= moves
    assert any(len(job.runs) > 1 for job in emulator.world.jobs.values())
    assert all(found == {"normal", "soldout"} for found in words.values())
    assert len(catalogues) > 2
    assert set(previous.values()) <= {*STOPPABLE, *TERMINAL, "Terminating"}


def test_without_autoplay_nothing_happens_by_itself() -> None:
    clock = VirtualClock()
    emulator = Emulator(clock, autoplay=False)
    before = picture(emulator)
    clock.advance(30 * DAY)
    assert picture(emulator) == before


def test_jobs_go_where_tests_send_them() -> None:
    clock = VirtualClock()
    world = Emulator(clock, autoplay=False).world
    job_id = world.add_job("one", phase="Creating")
    clock.advance(10)
    world.set_phase(job_id, "Running")
    clock.advance(60)
    world.restart(job_id)
    clock.advance(60)
    world.set_phase(job_id, "Pending")
    clock.advance(60)
    world.set_phase(job_id, "Running")
    clock.advance(60)
    world.set_phase(job_id, "Failed", exit_code=1, message="no")
    shown = job_json(world.jobs[job_id], world.now)
    runs = shown["status"]["running_records"]
    assert [run["start_type"] for run in runs] == ["init_or_rescheduled", "restarted", "init_or_rescheduled"]
    assert [run.get("end_recover") for run in runs] == ["npu_proc_restart", "job_reschedule", None]
    assert shown["status"]["duration"] == 240_000
    assert shown["status"]["task_statuses"] == [{"task": "worker-0", "exit_code": 1, "message": "no"}]
    world.remove(job_id)
    world.remove(job_id)
    assert world.places("0") == []


def test_a_lost_job_that_heals_runs_on_in_the_same_run() -> None:
    clock = VirtualClock()
    world = Emulator(clock, autoplay=False).world
    job_id = world.add_job("one", phase="Running")
    world.set_phase(job_id, "Abnormal", secondary="Lost")
    assert world.jobs[job_id].ended is not None
    world.set_phase(job_id, "Running")
    assert world.jobs[job_id].ended is None
    assert len(world.jobs[job_id].runs) == 1


@pytest.mark.parametrize("body", [{}, {"filters": [{"key": "phase", "operator": "in", "value": ["Running"]}]}])
def test_a_page_costs_the_same_however_long_the_history_is(body: dict[str, Any]) -> None:
    def cost(jobs: int) -> float:
        world = Emulator(VirtualClock(), autoplay=False).world
        world.add_history(jobs)
        asked = json.dumps({"limit": 50, **body}).encode()
        best = 1e9
        for _ in range(7):
            start = time.process_time()
            search(world, asked, offset_mode="page", empty_items="list")
            best = min(best, time.process_time() - start)
        return best

    assert cost(10_000) < 5 * cost(100) + 0.001


def test_a_history_of_ten_thousand_jobs_is_made_fast_and_is_over() -> None:
    start = time.process_time()
    world = Emulator(VirtualClock(), autoplay=False).world
    world.add_history(10_000)
    assert time.process_time() - start < 3
    assert all(job.phase in TERMINAL and job.ended for job in world.jobs.values())


def test_a_long_life_keeps_a_bounded_history() -> None:
    clock = VirtualClock()
    emulator = Emulator(clock)
    clock.advance(30 * DAY)
    emulator.world.advance()
    assert len(emulator.world.jobs) < 2100


def test_stock_and_catalogues_obey() -> None:
    world = Emulator(VirtualClock(), autoplay=False).world
    world.set_stock("modelarts.vm.cpu8u32g", "cn-north-7a", "soldout")
    world.set_stock("modelarts.vm.cpu8u32g", "cn-north-7b", None)
    world.training_flavor("modelarts.vm.cpu.2u").listed = False
    assert world.resource("modelarts.vm.cpu8u32g").zones == {"cn-north-7a": "soldout", "cn-north-7c": "normal"}
    with pytest.raises(KeyError):
        world.set_stock("no-such-flavor", "z", "normal")
