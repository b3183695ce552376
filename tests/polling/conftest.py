"""Fixtures of the polling tests: a migrated database to start from, and fingerprints that are made quickly."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.rig import make_template


@pytest.fixture(scope="session", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    asyncio.run(make_template(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def quick_fingerprints() -> Iterator[None]:
    """A fingerprint is slow on purpose (50 ms at each start); the tests begin hundreds of lives, each with another
    address in it, and nobody guesses their keys."""
    scrypt = hashlib.scrypt

    def quick(text: bytes, *, n: int, **rest: Any) -> bytes:
        return scrypt(text, n=2, **rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashlib, "scrypt", quick)
        yield
