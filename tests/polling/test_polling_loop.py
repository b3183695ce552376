"""The loop of a watch over virtual hours: its beat, its idle pace, and sweeps in the time that polls leave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import anyio
import pytest

from monitor.emulation import Reply
from monitor.providers import registry
from monitor.store import StoreFull
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Rig, rigged


class Timetable(VirtualClock):
    """A clock that ends the story at a given time."""

    def __init__(self) -> None:
        super().__init__()
        self.end = float("inf")

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.monotonic() >= self.end:
            raise StoryOver


class StoryOver(BaseException):
    pass


class Diary:
    """When each request came: polls ask for the first page, sweeps for the following ones too."""

    def __init__(self, rig: Rig) -> None:
        self.times: list[float] = []
        self.polls: list[float] = []
        for loop in rig.loops:
            turn = loop.turn

            async def noted(turn: Any = turn) -> float:
                self.polls.append(rig.clock.monotonic())
                return float(await turn())

            loop.turn = noted  # type: ignore[method-assign]
        moment = rig.moment

        def heard(name: str) -> None:
            if name == "request":
                self.times.append(rig.clock.monotonic())
            moment(name)

        rig.moment = heard  # type: ignore[method-assign]


async def live(rig: Rig, seconds: float) -> None:
    """Runs the only loop for that long."""
    (loop,) = rig.loops
    clock: Any = rig.clock
    clock.end = clock.monotonic() + seconds
    try:
        await loop.run()
    except BaseExceptionGroup as several:  # where it came while a turn at the gate was waited for
        if several.split(StoryOver)[1] is not None:
            raise
    except StoryOver:
        pass
    clock.end = float("inf")


@asynccontextmanager
async def studio(history: int = 0, **more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = Timetable()
    emulator: Any = registry.emulator("model-studio")(clock, jobs=history, autoplay=False)
    async with rigged(model_studio(**more), {"model-studio": emulator}, clock) as rig:
        yield rig, emulator


def gaps(times: list[float]) -> list[float]:
    return [round(after - before, 6) for before, after in pairwise(times)]


async def test_the_first_poll_is_at_once_and_the_others_keep_the_beat_of_their_own_offset() -> None:
    async with studio(5) as (rig, emulator), rig.running():
        emulator.world.add_job("RUNNING")
        diary = Diary(rig)
        begun = rig.clock.monotonic()
        await live(rig, 400)
        assert diary.polls[0] == begun
        assert 0 < diary.polls[1] - begun <= 60
        assert set(gaps(diary.polls[1:])) == {30.0}


async def test_watches_do_not_all_poll_at_the_same_moment() -> None:
    clock = Timetable()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False, workspaces=tuple("0abcdef"))
    make = modelarts(jobs={"workspaces": list("0abcdef")})
    async with rigged(make, {"modelarts": emulator}, clock) as rig, rig.running():
        beats = [loop._next(0.0, 1000.0) for loop in rig.loops]
        assert len({round(beat, 3) for beat in beats}) == 7
        assert max(beats) - min(beats) > 5


async def test_an_idle_watch_slows_down_and_speeds_up_at_the_first_sign_of_work() -> None:
    async with studio(5, jobs={"every": "10s", "idle_every": "2m"}) as (rig, emulator), rig.running():
        diary = Diary(rig)
        await live(rig, 700)
        assert set(gaps(diary.polls[2:])) == {120.0}
        emulator.world.add_job("RUNNING")
        diary.polls.clear()
        await live(rig, 300)
        assert set(gaps(diary.polls[2:])) == {10.0}


async def test_a_sweep_is_spread_at_half_the_budget_and_no_poll_comes_later_for_it() -> None:
    budget = {"requests_per_second": 2, "burst": 10}
    jobs = {"every": "10s", "sweep_every": "10m"}
    async with studio(3000, budget=budget, jobs=jobs) as (rig, emulator), rig.running():
        emulator.world.add_job("RUNNING")
        await rig.poll()
        rig.clock.advance(600)
        diary = Diary(rig)
        await live(rig, 300)
        assert set(gaps(diary.polls[2:])) == {10.0}, "the polls keep their beat"
        sweeps = sorted(set(diary.times) - set(diary.polls))
        assert len(sweeps) >= 25, "thirty pages were read"
        assert min(gaps(sweeps)) >= 1.0, "at half of two requests a second"
        swept_at = rig.jobs().row.swept_at
        assert swept_at is not None
        assert (rig.clock.now() - swept_at).total_seconds() < 300
        assert await rig.events("job.gone") == []


@pytest.mark.parametrize(
    ("every", "rate"), [("1s", 2.0), ("30s", 0.05)], ids=["as fast as may be", "as slow as may be"]
)
async def test_a_sweep_gets_on_whatever_the_pace(every: str, rate: float) -> None:
    budget = {"requests_per_second": rate, "burst": 5}
    async with studio(520, budget=budget, jobs={"every": every, "sweep_every": "1m"}) as (rig, emulator), rig.running():
        emulator.world.add_job("RUNNING")
        await rig.poll()
        gone = [job.job_id for job in emulator.world.jobs()][300]
        emulator.world.remove(gone)
        await live(rig, 1200)
        assert [event.subject for event in await rig.events("job.gone")] == [f"job/{gone}"]


async def test_while_polls_fail_nothing_is_swept() -> None:
    async with studio(250, jobs={"sweep_every": "1m"}) as (rig, emulator), rig.running():
        await rig.poll()
        emulator.faults.add(Reply(status=500), times=None)
        before = emulator.requests["list"]
        diary = Diary(rig)
        await live(rig, 600)
        unsent = len(diary.polls) - (emulator.requests["list"] - before)
        assert unsent in (0, 1), "a request for each poll and none for a sweep; the last poll may still be waiting"


async def test_a_full_disk_pauses_a_watch_shortly_and_then_it_goes_on() -> None:
    async with studio(5) as (rig, emulator), rig.running():
        await rig.poll()
        rig.clock.advance(5)
        emulator.world.add_job("RUNNING")
        rig.store_fault = StoreFull("The disk is full.")
        diary = Diary(rig)
        await live(rig, 60)
        assert set(gaps(diary.polls)) == {5.0}
        assert await rig.events("job.*") == []
        rig.store_fault = None
        await live(rig, 60)
        assert [event.type.value for event in await rig.events("job.*")] == ["job.submitted", "job.started"]


async def test_all_watches_run_side_by_side_and_end_when_they_are_cancelled() -> None:
    clock = Timetable()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    watches: dict[str, Any] = {"jobs": {}, "training_flavors": {}, "resource_flavors": {}}
    async with rigged(modelarts(**watches), {"modelarts": emulator}, clock) as rig, rig.running():
        emulator.world.add_job("one", phase="Running")
        assert rig.poller.untried()
        async with anyio.create_task_group() as group:
            group.start_soon(rig.poller.run)
            with anyio.fail_after(10):
                while rig.poller.untried() or emulator.requests["resource_flavors"] <= 3:
                    await anyio.sleep(0.01)
            group.cancel_scope.cancel()
        assert len(await rig.events("account.baselined")) == 3
