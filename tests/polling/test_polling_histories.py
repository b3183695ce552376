"""Random histories of a platform, polled at random times through faults, crashes and restarts: every transition that
was visible at a poll gives exactly one event, in order, and none is invented."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.emulation import Cut, Reply
from monitor.model import JobState
from monitor.providers import registry
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Crash, Rig, rigged

STUDIO = {
    "PENDING": JobState.PENDING,
    "QUEUING": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "CANCELING": JobState.STOPPING,
    "SUCCEEDED": JobState.SUCCEEDED,
    "FAILED": JobState.FAILED,
    "CANCELED": JobState.CANCELED,
    "HIBERNATING": JobState.UNKNOWN,
}
ARTS = {
    "Creating": JobState.PENDING,
    "Pending": JobState.QUEUED,
    "Running": JobState.RUNNING,
    "Terminating": JobState.STOPPING,
    "Completed": JobState.SUCCEEDED,
    "Failed": JobState.FAILED,
    "Abnormal": JobState.FAILED,
    "Terminated": JobState.CANCELED,
    "Hibernating": JobState.UNKNOWN,
}
STORY = (
    "job.submitted",
    "job.queued",
    "job.started",
    "job.requeued",
    "job.restarted",
    "job.stopping",
    "job.finished",
    "job.reopened",
)


@dataclass
class Oracle:
    """What section 3 of the design says of one job, told from the states that polls could see."""

    state: JobState | None = None
    queued: bool = False
    started: bool = False
    ended: bool = False
    told: list[str] = field(default_factory=list)

    def adopt(self, state: JobState) -> None:
        self._enter(state, [])

    def see(self, state: JobState) -> None:
        if state is self.state or (state is JobState.UNKNOWN and self.state is not None):
            return
        told = ["job.submitted"] if self.state is None else []
        self._enter(state, told)
        self.told += told

    def _enter(self, state: JobState, told: list[str]) -> None:
        before, self.state = self.state, state
        if before is not None and before.terminal:
            self.ended = False  # another outcome: an attempt that was not seen lies between
            if not state.terminal:
                told.append("job.reopened")
        if state is JobState.QUEUED or state is JobState.PENDING:
            if before is JobState.RUNNING:
                told.append("job.requeued")
                self.queued = self.queued or state is JobState.QUEUED
            elif state is JobState.QUEUED and not self.queued:
                told.append("job.queued")
                self.queued = True
        elif state is JobState.RUNNING:
            told.append("job.restarted" if self.started else "job.started")
            self.started = True
        elif state is JobState.STOPPING:
            told.append("job.stopping")
        elif state.terminal and not self.ended:
            told.append("job.finished")
            self.ended = True


moves = st.one_of(
    st.tuples(st.just("new"), st.integers(0, 7)),
    st.tuples(st.just("set"), st.integers(0, 7), st.integers(0, 8)),
    st.tuples(st.just("set"), st.integers(0, 7), st.integers(0, 8)),
    st.tuples(st.just("poll")),
    st.tuples(st.just("poll")),
    st.tuples(st.just("fault"), st.sampled_from(["500", "429", "html", "cut", "null"])),
    st.tuples(st.just("crash"), st.integers(0, 6)),
    st.tuples(st.just("restart")),
    st.tuples(st.just("sweep")),
)
FAULTS: dict[str, Any] = {
    "500": Reply(status=500, body=b'{"code":"InternalError","message":"x"}'),
    "429": Reply(status=429, body=b'{"code":"Throttling","message":"x"}', headers={"Retry-After": "7"}),
    "html": Reply(status=200, body=b"<html>hello</html>", content_type="text/html"),
    "cut": Cut(share=0.4),
    "null": Reply(status=200, body=b"null"),
}


class Play:
    """Acts out the moves on an emulated platform and keeps the oracles up to date."""

    def __init__(
        self, rig: Rig, emulator: Any, words: dict[str, JobState], add: Any, change: Any, but: frozenset[str]
    ) -> None:
        self.rig, self.emulator, self.words = rig, emulator, words
        self.add, self.change = add, change
        self.but = but
        """Types that the platform proves by a time field, whether or not a poll saw the state."""
        self.now: dict[str, JobState] = {}
        self.oracles: dict[str, Oracle] = {}

    def apply(self, move: tuple[Any, ...]) -> None:
        names = list(self.words)
        if move[0] == "new":
            word = names[move[1] % len(names)]
            self.now[self.add(word)] = self.words[word]
        elif move[0] == "set" and self.now:
            job_id = list(self.now)[move[1] % len(self.now)]
            word = names[move[2] % len(names)]
            self.change(job_id, word)
            self.now[job_id] = self.words[word]

    def visible(self, *, baseline: bool = False) -> None:
        for job_id, state in self.now.items():
            oracle = self.oracles.setdefault(job_id, Oracle())
            oracle.adopt(state) if baseline else oracle.see(state)

    async def good_poll(self) -> None:
        self.emulator.faults.clear()
        assert await self.rig.poll() == [0.0]
        self.visible()

    async def check(self) -> None:
        events = await self.rig.events()
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        for job_id, oracle in self.oracles.items():
            of_job = [e.type.value for e in events if e.subject == f"job/{job_id}" and e.type.value in STORY]
            told = [word for word in of_job if word not in self.but]
            assert told == [word for word in oracle.told if word not in self.but], (job_id, told, oracle.told)
            assert of_job.count("job.started") <= 1
        assert {e.subject.removeprefix("job/") for e in events if e.subject.startswith("job/")} <= set(self.oracles)


async def run(play_of: Any, rig: Rig, script: list[list[tuple[Any, ...]]], start: list[tuple[Any, ...]]) -> None:
    play: Play = play_of(rig)
    for move in start:
        play.apply(move)
    first = True
    for life in script:
        async with rig.running():
            if first:
                rig.clock.advance(5)
                await rig.poll()
                play.visible(baseline=True)
                first = False
            with contextlib.suppress(Crash):
                await live(play, rig, life)
        rig.live()
        async with rig.running():
            await play.good_poll()
            await play.check()
    async with rig.running():
        await rig.sweep()
        await play.good_poll()
        writes = rig.writes
        await rig.poll(1)
        assert rig.writes == writes, "nothing changed, nothing is written"
        await play.check()


async def live(play: Play, rig: Rig, life: list[tuple[Any, ...]]) -> None:
    for move in life:
        if move[0] == "poll":
            await play.good_poll()
        elif move[0] == "fault":
            play.emulator.faults.add(FAULTS[move[1]])
            await rig.poll()
            await play.good_poll()
        elif move[0] == "sweep":
            await play.good_poll()
            await rig.sweep()
        elif move[0] == "crash":
            rig.die_after(move[1])
            await rig.poll()
            rig.live()
            play.visible()
        elif move[0] == "restart":
            raise Crash("restart")
        else:
            play.apply(move)


lives = st.lists(st.lists(moves, max_size=14), min_size=1, max_size=4)
starts = st.lists(st.tuples(st.just("new"), st.integers(0, 7)), max_size=4)
house = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
)


@pytest.mark.slow
@house
@given(script=lives, start=starts)
def test_model_studio_histories(script: list[list[tuple[Any, ...]]], start: list[tuple[Any, ...]]) -> None:
    async def story() -> None:
        clock = VirtualClock()
        emulator = registry.emulator("model-studio")(clock, autoplay=False)
        world = emulator.world

        def add(word: str) -> str:
            clock.advance(1)
            return str(world.add_job(word))

        def change(job_id: str, word: str) -> None:
            clock.advance(1)
            world.set(job_id, status=word)

        async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig:
            await run(lambda rig: Play(rig, emulator, STUDIO, add, change, frozenset()), rig, script, start)

    asyncio.run(story())


@pytest.mark.slow
@house
@given(script=lives, start=starts)
def test_modelarts_histories(script: list[list[tuple[Any, ...]]], start: list[tuple[Any, ...]]) -> None:
    async def story() -> None:
        clock = VirtualClock()
        emulator = registry.emulator("modelarts")(clock, autoplay=False)
        world = emulator.world

        def add(word: str) -> str:
            clock.advance(1)
            return str(world.add_job("zh-支持", phase=word))

        def change(job_id: str, word: str) -> None:
            clock.advance(1)
            world.set_phase(job_id, word)

        proven = frozenset({"job.started", "job.restarted"})
        async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig:
            await run(lambda rig: Play(rig, emulator, ARTS, add, change, proven), rig, script, start)

    asyncio.run(story())
