"""A burst between two polls: nothing of it is hidden by a fault, a crash or pages that shift, and each is told once."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from monitor.emulation import Cut, Reply
from monitor.providers import registry
from monitor.store import StoreFull, StoreLocked
from monitor.store.backup import backup
from monitor.store.restore import restore
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Crash, Rig, rigged

BURST = 350


@asynccontextmanager
async def studio(history: int = 30) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, jobs=history, autoplay=False)
    async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig:
        yield rig, emulator


@asynccontextmanager
async def arts(offset_mode: str, history: int = 30) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False, offset_mode=offset_mode)
    emulator.world.add_history(history)
    async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig:
        yield rig, emulator


async def submitted(rig: Rig) -> Counter[str]:
    return Counter(event.subject.removeprefix("job/") for event in await rig.events("job.submitted"))


def once(jobs: list[str]) -> Counter[str]:
    return Counter(jobs)


def burst_of(emulator: Any, clock: VirtualClock, count: int = BURST) -> list[str]:
    made = []
    clock.advance(5)  # the platform's times are whole seconds: nothing of it falls into the baseline's
    for _ in range(count):
        clock.advance(0.05)
        made.append(emulator.world.add_job("SUCCEEDED"))
    return made


@pytest.mark.parametrize("fault", [Reply(status=502), Cut(share=0.2), Reply(status=200, body=b"<html>")])
@pytest.mark.parametrize("page", range(1, 4))
async def test_a_fault_between_two_pages_of_a_burst_hides_nothing(fault: Any, page: int) -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        made = burst_of(emulator, rig.clock)
        emulator.faults.add(fault, after=page, times=3)  # more tries than a walk has
        await rig.poll()
        assert await submitted(rig) == Counter(), "the walk commits as a whole"
        await rig.poll()
        assert await submitted(rig) == once(made)


async def test_after_a_restore_all_that_is_found_is_late_however_young_the_backup(tmp_path: Path) -> None:
    async with studio() as (rig, emulator):
        url, young = "sqlite:monitor.db", tmp_path / "young.db"
        async with rig.running():
            await rig.poll()
            await backup(url, rig.folder, young, now=rig.clock.now())
            lost = emulator.world.add_job("RUNNING")
            await rig.poll()
        await restore(url, rig.folder, young, now=rig.clock.now())
        async with rig.running():
            await rig.poll()
            (again,) = [event for event in await rig.events() if event.subject == f"job/{lost}"][:1]
            fresh = emulator.world.add_job("RUNNING")
            await rig.poll()
            late = {event.subject: event.late for event in await rig.events()}
            assert (again.late, late[f"job/{fresh}"]) == (True, False), "it is over with the first good poll"


@pytest.mark.parametrize("moment", range(14))
async def test_a_crash_at_any_moment_of_a_burst_hides_nothing(moment: int) -> None:
    async with studio() as (rig, emulator):
        async with rig.running():
            await rig.poll()
        made = burst_of(emulator, rig.clock)
        async with rig.running():
            rig.die_after(moment)
            with contextlib.suppress(Crash):
                await rig.poll()
        async with rig.running():
            await rig.poll()
            await rig.poll()
            assert await submitted(rig) == once(made)


async def test_one_bad_page_of_a_long_walk_is_asked_again() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        made = burst_of(emulator, rig.clock)
        emulator.faults.add(Reply(status=502), after=2, times=2)
        assert await rig.poll() == [0.0]
        assert await submitted(rig) == once(made)


async def test_pages_that_shift_while_they_are_read_repeat_and_hide_nothing() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        burst_of(emulator, rig.clock)
        emulator.world.shift_every_page = True
        await rig.poll()
        await rig.poll()
        emulator.world.shift_every_page = False
        await rig.poll()
        jobs = [job.job_id for job in emulator.world.jobs()][:-30]
        assert await submitted(rig) == once(jobs)


@pytest.mark.parametrize("mode", ["page", "item"])
async def test_a_burst_on_modelarts_is_told_once_on_both_readings_of_offset(mode: str) -> None:
    async with arts(mode) as (rig, emulator):
        async with rig.running():
            await rig.poll()
            made = [emulator.world.add_job(f"burst-{n}", phase="Completed") for n in range(BURST)]
            emulator.operations.after_search.extend(
                [lambda world: made.append(world.add_job("shift", phase="Running"))] * 4
            )
            await rig.poll()
            await rig.poll()
            assert await submitted(rig) == once(made)
        async with rig.running():
            await rig.loops[0]._open()
            assert rig.jobs().row.paging == mode, "kept across a restart"
            made += [emulator.world.add_job(f"more-{n}", phase="Completed") for n in range(120)]
            asked = emulator.requests["search"]
            await rig.poll()
            assert emulator.requests["search"] - asked == 4, "and not found out again"
            assert await submitted(rig) == once(made)


@pytest.mark.parametrize(("before", "after"), [("page", "item"), ("item", "page")])
async def test_each_sweep_checks_again_what_offset_means(before: str, after: str) -> None:
    async with arts(before, history=230) as (rig, emulator):
        async with rig.running():
            await rig.poll()
            assert rig.jobs().pages.paging == before
            emulator.operations.offset_mode = after
            await rig.sweep()
            assert await rig.events("job.*") == []
            assert rig.jobs().row.paging == after
        async with rig.running():
            made = [emulator.world.add_job(f"burst-{n}", phase="Completed") for n in range(170)]
            await rig.poll()
            assert await submitted(rig) == once(made)


async def test_a_disk_that_is_full_or_a_database_that_is_held_loses_nothing_of_a_burst() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        made = burst_of(emulator, rig.clock)
        for fault in (StoreFull("The disk is full."), StoreLocked("Another process holds the database.")):
            rig.store_fault = fault
            assert await rig.poll() == [5.0], "a short pause, then again"
            assert await rig.poll(5) == [5.0]
        rig.store_fault = None
        assert await rig.poll(5) == [0.0]
        assert await submitted(rig) == once(made)
        assert len(await rig.events("account.*")) == 1, "the baseline: it is no fault of the platform"


async def test_a_really_full_database_file_loses_nothing_of_a_burst() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        made = burst_of(emulator, rig.clock)

        def limit(conn: Any, pages: int) -> None:
            conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        await rig.store.write(lambda conn: limit(conn, 1))  # SQLite rounds it up to what is used
        assert await rig.poll() == [5.0]
        assert await submitted(rig) == Counter()
        await rig.store.write(lambda conn: limit(conn, 1 << 30))
        assert await rig.poll(5) == [0.0]
        assert await submitted(rig) == once(made)


async def test_what_moves_between_two_requests_of_one_poll_is_told_step_by_step() -> None:
    """The head of the listing shows it waiting, and the listing of the active jobs a moment later at work."""
    async with arts("page", history=0) as (rig, emulator):
        emulator.world.add_job("below", phase="Running")
        rig.clock.advance(60)
        for _ in range(120):
            emulator.world.add_job("done", phase="Completed")
        async with rig.running():
            await rig.poll()
            rig.clock.advance(60)
            job = emulator.world.add_job("quick", phase="Pending")
            emulator.faults.afterwards("search", lambda: emulator.world.set_phase(job, "Running"))
            await rig.poll()
            assert await rig.story(f"job/{job}") == ["job.submitted", "job.queued", "job.started"]
            revisions = [event.revision for event in await rig.events() if event.subject == f"job/{job}"]
            assert revisions == [1, 1, 2]
            await rig.poll()
            assert len(await rig.story(f"job/{job}")) == 3
