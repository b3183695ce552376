"""One box for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.box import Box, booted, why_not


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    folder: Path = tmp_path_factory.mktemp("box")
    with booted(folder) as made:
        yield made
