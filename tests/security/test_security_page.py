"""docs/security.md names a test for each of its claims, and each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test or file for file, test in NAMED])
def test_a_test_that_is_named_is_there(file: str, test: str) -> None:
    text = (ROOT / file).read_text()
    assert f"def {test}(" in text if test else "def test_" in text


def test_every_line_of_a_table_names_its_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.endswith("| test |")]
    assert len(rows) > 40
    assert [row for row in rows if "`tests/" not in row.rpartition("| ")[2]] == []


def test_every_test_of_this_folder_stands_on_the_page() -> None:
    files = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert {name for name in files if f"tests/security/{name}" not in PAGE} == set()
