"""Every recipe of the page is a rule and cases that pass, word for word as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.cli.rules.cases import read_cases
from monitor.cli.rules.report import Result, lines
from monitor.lab.differ import compare
from monitor.lab.run import play

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "recipes"
PAGE = (ROOT / "docs/recipes.md").read_text()
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def recipes() -> dict[str, list[str]]:
    """The blocks under each heading."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    return {_file(section.splitlines()[0]): BLOCK.findall(section) for section in sections}


def _file(title: str) -> str:
    return re.sub(r"[^a-z]+", "-", title.lower()).strip("-") + ".yaml"


@pytest.mark.parametrize("file", recipes())
def test_a_recipe_does_what_its_cases_say(file: str) -> None:
    fragment, cases = recipes()[file]
    assert "rules:" in fragment
    assert "\ncases:\n" in f"\n{cases}"
    path = FOLDER / file
    assert path.read_text() == f"{fragment}\n{cases}", "docs/recipes.md and tests/lab/recipes say different things"
    for case in read_cases(path, None):
        outcome = play(case)
        result = Result(case, outcome, compare(case, outcome), 0.0)
        assert result.state == "passed", "\n".join([case.name, *lines(result, 100)])


def test_there_are_ten_and_more_and_the_readme_leads_to_them() -> None:
    assert len(recipes()) >= 10
    assert {path.name for path in FOLDER.iterdir()} == set(recipes())
    assert "(docs/recipes.md)" in (ROOT / "README.md").read_text()


def test_the_page_of_the_lab_shows_what_the_lab_prints(tmp_path: Path) -> None:
    page = (ROOT / "docs/lab.md").read_text()
    example = BLOCK.findall(page)[0]
    path = tmp_path / "queue.yaml"
    path.write_text(example)
    (case,) = read_cases(path, None)
    assert compare(case, play(case)).right

    (shown,) = re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    path.write_text(example.replace("to: team", "to: [team, on-call]"))
    (case,) = read_cases(path, None)
    outcome = play(case)
    printed = [f"  {line}".rstrip() for line in lines(Result(case, outcome, compare(case, outcome), 0.0), 78)]
    head = [f"FAILED  {case.name}", f"  queue.yaml:{case.line}"]
    assert [*head, *printed][: len(shown.splitlines())] == shown.splitlines()
