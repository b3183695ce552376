"""Broken files of cases, each with exactly what is said of it beside it (`<name>.txt`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli.rules.cases import read_cases
from monitor.settings import ConfigErrors

BAD = Path(__file__).parent / "bad"


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_broken_file_of_cases_is_answered_with_every_mistake_and_its_place(path: Path) -> None:
    with pytest.raises(ConfigErrors) as caught:
        read_cases(path, None)
    said = [str(problem).replace(str(BAD) + "/", "") for problem in caught.value.problems]
    assert said == path.with_suffix(".txt").read_text().splitlines()


def test_every_expectation_of_a_broken_file_has_its_file() -> None:
    assert {path.stem for path in BAD.glob("*.txt")} == {path.stem for path in BAD.glob("*.yaml")}
