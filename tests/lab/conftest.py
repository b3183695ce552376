"""Cases written as people write them, played in the lab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.cli.rules.cases import read_cases
from monitor.lab.case import Case
from monitor.lab.run import Outcome, play

ALL = "rules:\n  - {name: all, on: ['*'], notify: [team]}\n"


@pytest.fixture
def cases(tmp_path: Path) -> Callable[[str], list[Case]]:
    """The cases of a file with this text."""

    def read(text: str) -> list[Case]:
        path = tmp_path / "cases.yaml"
        path.write_text(text)
        return read_cases(path, None)

    return read


@pytest.fixture
def played(cases: Callable[[str], list[Case]]) -> Callable[..., Outcome]:
    """What comes of these steps, by default under a rule that tells everything at once."""

    def run(steps: str, head: str = ALL, expect: str = "nothing") -> Outcome:
        given = "".join(f"      {line}\n" for line in steps.strip("\n").splitlines())
        (case,) = cases(f"{head}cases:\n  - name: c\n    expect: {expect}\n    given:\n{given}")
        return play(case)

    return run
