"""Fixtures of the polling tests: a migrated database to start from."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.kit.rig import make_template


@pytest.fixture(scope="session", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    asyncio.run(make_template(folder))
    return folder
