"""Fixtures of the tests of the pages: a migrated database to start from, and fingerprints that are made only once."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.rig import make_template


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that every rig of this process starts from."""
    folder = tmp_path_factory.mktemp("template")
    asyncio.run(make_template(folder))
    return folder


@pytest.fixture
def quick_fingerprints() -> Iterator[None]:
    """A fingerprint is slow on purpose (50 ms at each start)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashlib, "scrypt", functools.cache(hashlib.scrypt))
        yield
