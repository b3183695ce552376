"""Each row of the page on reliability names tests, and each of them is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
HEAD = "| fault | what happens | what you see | tests |\n|---|---|---|---|\n"


def _rows(page: str) -> Iterator[str]:
    """Those of the tables of faults; what was measured stands in others."""
    for table in page.split(HEAD)[1:]:
        yield from table.partition("\n\n")[0].splitlines()


ROWS = list(_rows((DOCS / "reliability.md").read_text()))


def test_the_page_has_its_rows() -> None:
    assert len(ROWS) > 50


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip() for row in ROWS])
def test_a_row_names_tests_that_are_there(row: str) -> None:
    named = re.findall(r'\]\(\.\./(tests/[\w/]+\.py) "(\w+)"\)', row)
    assert named, "a row without a test"
    assert row.count("|") == 5, "fault, what happens, what you see, tests"
    missing = [f"{file}: {name}" for file, name in named if not _defined(DOCS.parent / file, name)]
    assert missing == []


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip() for row in ROWS])
def test_the_words_that_a_row_says_one_sees_stand_in_its_tests(row: str) -> None:
    """Or in what those are made of, in their folder. A command's name is no word that is said."""
    files = {DOCS.parent / file for file in re.findall(r"\]\(\.\./(tests/[\w/]+\.py) ", row)}
    parts = {part for file in files for part in file.parent.glob("*.py") if not part.name.startswith("test_")}
    text = "".join(file.read_text() for file in sorted(files | parts))
    said = [words for words in re.findall(r"`([^`]+)`", row.split("|")[3]) if not words.startswith("deliveries ")]
    pieces = [piece.strip(" .:") for words in said for piece in words.split("…")]
    assert [piece for piece in pieces if piece not in text] == []


def _defined(file: Path, name: str) -> bool:
    return file.exists() and re.search(rf"^(?:async )?def {name}\(", file.read_text(), re.MULTILINE) is not None
