"""Waiting for another process without hoping: a condition is looked at until it holds, or the test fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

START = 100.0
"""Seconds for what waits for a whole program to start: a second of work, but many where all cores are busy."""
BUSY = 5.0
"""Seconds on top of what is promised, for a machine whose cores are all busy with other tests."""


async def until(holds: Callable[[], object], *, within: float = 30.0, why: str | Callable[[], str] = "") -> None:
    """Returns as soon as `holds()` is true. Raises AssertionError after `within` seconds; a `why` that is to tell what
    was said meanwhile is asked then."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, (why() if callable(why) else why) or "it did not come"
        await asyncio.sleep(0.02)
