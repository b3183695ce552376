"""The pages on the platforms say what watching costs in calls: an hour of each situation is lived and counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.providers import registry
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import rigged

pytestmark = pytest.mark.usefixtures("template", "quick_fingerprints")
DOCS = Path(__file__).parents[2] / "docs"
DEFAULT = {"requests_per_second": 2, "burst": 10}
BEGIN, HOUR = 300.0, 3600.0
"""Seconds after the first poll at which the counted hour begins: the baseline is over, the first sweep lies within."""


class StoryOver(BaseException):
    """The counted hour has passed."""


class CountedHour(VirtualClock):
    """Counts the requests of one hour of a loop that runs on it."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: Callable[[], int] = lambda: 0
        self._begin = float("inf")
        self._before: int | None = None
        self.counted = 0

    def count_from_now(self) -> None:
        self._begin, self._before = self.monotonic() + BEGIN, None

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self._before is None and self.monotonic() >= self._begin:
            self._before = self.requests()
        if self._before is not None and self.monotonic() >= self._begin + HOUR:
            self.counted = self.requests() - self._before
            raise StoryOver


async def hour(kind: str, fill: Callable[[Any], None], **more: Any) -> Counter[str]:
    """The calls that each watch of one account makes in an hour, by watch, as the emulator counts them."""
    clock = CountedHour()
    emulator: Any = registry.emulator(kind)(clock, autoplay=False)
    fill(emulator.world)
    make = {"model-studio": model_studio, "modelarts": modelarts}[kind](budget=DEFAULT, **more)
    found: Counter[str] = Counter()
    async with rigged(make, {kind: emulator}, clock) as rig, rig.running():
        clock.requests = lambda: sum(emulator.requests.values())
        for loop in rig.loops:
            clock.count_from_now()
            with pytest.raises(StoryOver):
                await loop.run()
            found[loop.scope.watch] += clock.counted
    return found


def studio_jobs(running: int, below: int) -> Callable[[Any], None]:
    """250 jobs, of which `running` are among the newest and `below` are older than the newest 100."""

    def fill(world: Any) -> None:
        clock: VirtualClock = world._clock
        world.add_history(100, before=clock.now())
        for number in range(below):
            world.add_job("RUNNING", job_id=f"ft-old-{number}")
        clock.advance(3600 * 400)
        world.add_history(150 - running - below, before=clock.now())
        for number in range(running):
            world.add_job("RUNNING", job_id=f"ft-new-{number}")

    return fill


def arts_jobs(running: int, below: int) -> Callable[[Any], None]:
    """120 jobs in one workspace, of which `running` are among the newest and `below` are older than the newest 50."""

    def fill(world: Any) -> None:
        clock: VirtualClock = world._clock
        world.add_history(50)
        for number in range(below):
            world.add_job(f"old-{number}", phase="Running")
        clock.advance(3600 * 400)
        world.add_history(70 - running - below)
        for number in range(running):
            world.add_job(f"new-{number}", phase="Running")

    return fill


def told(page: str) -> dict[str, tuple[int, int]]:
    """The rows of the page's table of calls: calls an hour and a day by situation."""
    rows = re.findall(r"^\| (.+?) \| ([\d,]+) \| ([\d,]+) \|$", (DOCS / page).read_text(), re.MULTILINE)
    return {name: (int(an_hour.replace(",", "")), int(a_day.replace(",", ""))) for name, an_hour, a_day in rows}


STUDIO: dict[str, tuple[int, int, dict[str, Any]]] = {
    "nothing active": (0, 0, {}),
    "5 active jobs among the newest 100": (5, 0, {}),
    "3 active jobs that are older than the newest 100": (0, 3, {}),
    "nothing active, `idle_every: 2m`": (0, 0, {"jobs": {"idle_every": "2m"}}),
}
ARTS: dict[str, tuple[int, int, dict[str, Any]]] = {
    "`jobs`, 10 active among the newest 50": (10, 0, {}),
    "`jobs`, 20 active that are older than the newest 50": (0, 20, {}),
    "`jobs`, nothing active, `idle_every: 2m`": (0, 0, {"jobs": {"idle_every": "2m"}}),
}
WATCHES = {
    "jobs": "`jobs`, nothing active",
    "training_flavors": "`training_flavors`",
    "resource_flavors": "`resource_flavors`",
}


async def test_an_hour_with_model_studio_costs_what_the_page_says() -> None:
    counted = {}
    for name, (running, below, more) in STUDIO.items():
        counted[name] = (await hour("model-studio", studio_jobs(running, below), **more)).total()
    assert told("model-studio.md") == {name: (calls, 24 * calls) for name, calls in counted.items()}


@pytest.mark.slow
async def test_an_hour_with_modelarts_costs_what_the_page_says() -> None:
    counted = {}
    for name, (running, below, more) in ARTS.items():
        counted[name] = (await hour("modelarts", arts_jobs(running, below), **more)).total()
    whole = await hour("modelarts", arts_jobs(0, 0), training_flavors={}, resource_flavors={})
    counted |= {name: whole[watch] for watch, name in WATCHES.items()}
    counted["all three, nothing active"] = whole.total()
    assert told("modelarts.md") == {name: (calls, 24 * calls) for name, calls in counted.items()}
