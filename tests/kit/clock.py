"""A clock for tests: time stands still until somebody sleeps on it or moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio.lowlevel


class VirtualClock:
    """`sleep` returns at once and moves the time by as much; `advance` moves it from outside."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
        await anyio.lowlevel.checkpoint()
