"""The clock as a port: every loop takes its time from here, so that tests and the demo can bend it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio


class Clock(Protocol):
    """Wall time for facts, monotonic seconds for waiting; both move at the same speed."""

    def now(self) -> datetime:
        """Aware UTC wall time."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns after that many of this clock's seconds; a negative number counts as 0."""
        ...


def _passed() -> float:
    """Seconds that really passed, the machine's sleep included where the system counts it: a laptop that wakes up must
    not look as if somebody had set its clock."""
    boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


NAP = 10.0
"""Seconds after which a sleeper looks at the clock: timers of the system stand still while the machine sleeps."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return _passed()

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while True:
            await anyio.sleep(min(NAP, max(0.0, end - self.monotonic())))
            if self.monotonic() >= end:
                return


class FastClock:
    """The machine's clock run `speed` times as fast from the moment it is made: one clock for a sandbox and the
    daemon that watches it, so that an hour of the story passes in a minute and all durations still agree."""

    def __init__(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self._speed = speed
        self._start = datetime.now(UTC)
        self._zero = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._zero) * self._speed

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(max(0.0, seconds) / self._speed)
