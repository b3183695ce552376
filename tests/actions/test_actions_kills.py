"""The same bad days with real deaths: what is committed is all that the next life has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.actions.kills import killed_course


@pytest.mark.parametrize(("kind", "seed"), [("modelarts", 1), ("modelarts", 2), ("model-studio", 3)])
async def test_nothing_wrong_comes_of_kills(kind: str, seed: int, tmp_path: Path) -> None:
    kills, wrong = await killed_course(kind, seed, tmp_path)
    assert wrong == []
    assert kills
