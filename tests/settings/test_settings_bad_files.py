"""Broken config files, each with exactly what is said of it beside it (`<name>.txt`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.settings import ConfigErrors, load

BAD = Path(__file__).parent / "bad"
ENVIRON = {"HOME": "/home/ann", "SECRET": "hunter2-hunter2", "EMPTY": ""}


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_broken_file_is_answered_with_every_mistake_and_its_place(path: Path) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load(path, resolve=True, environ=ENVIRON, credentials_dir=None)

    said = [str(problem).replace(str(BAD) + "/", "") for problem in caught.value.problems]
    assert said == path.with_suffix(".txt").read_text().splitlines()
    assert "hunter2" not in str(caught.value)
    assert [(problem.line, problem.column) for problem in caught.value.problems] == sorted(
        (problem.line, problem.column) for problem in caught.value.problems
    )


def test_every_expectation_has_its_file() -> None:
    assert {path.stem for path in BAD.glob("*.txt")} == {path.stem for path in BAD.glob("*.yaml")}
