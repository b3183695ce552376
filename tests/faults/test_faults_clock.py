"""Somebody sets the wall clock of the machine by a day while the real daemon runs: nothing is told early, late or
twice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults.scene import scene

DAY = 86_400
SET = "the clock was set"
RULES = [
    {"name": "all", "on": ["job.*", "account.*"], "notify": ["inbox"]},
    {"name": "long", "on": ["job.started"], "for": "10m", "notify": ["inbox"]},
]


@pytest.fixture(scope="module")
def wall_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that has a process see another wall clock."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler here, which makes the library that sets a clock")
    made = tmp_path_factory.mktemp("clock") / "wall_clock.so"
    source = Path(__file__).with_name("wall_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source], check=True)
    return made


async def test_a_wall_clock_that_jumps_a_day_either_way_tells_nothing_early_late_or_twice(
    tmp_path: Path, wall_clock: Path
) -> None:
    shown = tmp_path / "clock"
    shown.write_text("0")
    environ = {"LD_PRELOAD": str(wall_clock), "WALL_CLOCK": str(shown)}
    async with scene(tmp_path, environ=environ, rules=RULES) as it:
        jobs = await it.begin(3)
        for times, by in enumerate((DAY, -DAY)):
            shown.write_text(str(by))
            it.end(jobs[times])
            await it.told(jobs[times])
            await it.until_said(SET, after=times)
        it.end(jobs[2])
        await it.told(jobs[2])
        assert [letter for letter in it.inbox.letters if letter.message["rule"] == "long"] == []
        set_by = [line["by"] for line in it.said if line["event"] == SET]
    assert [round(by / DAY) for by in set_by] == [1, -2]
