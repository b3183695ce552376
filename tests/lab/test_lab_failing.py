"""Cases that fail, each with exactly what is shown of it beside it (`<name>.txt`), on 80 columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from monitor.cli.rules.cases import read_cases
from monitor.cli.rules.report import Result, lines
from monitor.lab.differ import compare
from monitor.lab.run import play

FAILING = Path(__file__).parent / "failing"


@pytest.mark.parametrize("path", sorted(FAILING.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_case_that_fails_shows_what_differs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FAILING)  # where the checkout lies must not change where lines end
    shown = []
    for case in read_cases(Path(path.name), None):
        outcome = play(case)
        result = Result(case, outcome, compare(case, outcome), 0.0)
        assert result.state != "passed"
        shown += [f"{result.state}: {case.name}", *(f"  {line}".rstrip() for line in lines(result, 78)), ""]
    assert "\n".join(shown) == path.with_suffix(".txt").read_text()


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("path", sorted(FAILING.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_line_of_a_report_is_wider_than_the_terminal(path: Path, width: int) -> None:
    for case in read_cases(path, None):
        outcome = play(case)
        for line in lines(Result(case, outcome, compare(case, outcome), 0.0), width):
            assert cell_len(line) <= width, line
