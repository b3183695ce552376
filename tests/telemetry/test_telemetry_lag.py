"""The lag of the event loop is measured, and who blocks it is told while it does and when it is over."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from structlog.testing import capture_logs

from monitor.telemetry.lag import LoopLag, place
from monitor.telemetry.meter import Meter
from tests.kit.until import until


class Lags(Meter):
    def __init__(self) -> None:
        self.seen: list[float] = []

    def lagged(self, seconds: float) -> None:
        self.seen.append(seconds)


def hog(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


async def test_a_loop_that_is_blocked_is_told_with_who_blocks_it_and_measured() -> None:
    meter = Lags()
    with capture_logs() as logs:
        lag = asyncio.create_task(LoopLag(meter, every=0.05, blocked=0.4).run())
        await until(lambda: len(meter.seen) >= 3)
        hog(1.2)
        await until(lambda: max(meter.seen) >= 0.4)
        lag.cancel()
        await asyncio.gather(lag, return_exceptions=True)
    said: list[Any] = [line for line in logs if "hog" in str(line.get("at"))]
    assert [line["event"] for line in said] == ["the event loop is blocked", "the event loop was blocked"]
    assert "test_telemetry_lag.py:" in said[0]["at"]
    assert said[1]["seconds"] >= 0.4


async def test_nothing_is_said_of_a_loop_that_is_only_busy_and_the_thread_ends_with_it() -> None:
    meter = Lags()
    with capture_logs() as logs:
        watch = LoopLag(meter, every=0.02, blocked=30.0)
        lag = asyncio.create_task(watch.run())
        await until(lambda: len(meter.seen) >= 5)
        lag.cancel()
        await asyncio.gather(lag, return_exceptions=True)
    assert watch._ended.is_set()
    assert logs == []
    assert all(seconds >= 0 for seconds in meter.seen)


def test_a_place_is_told_by_file_line_and_function_and_nobody_knows_where_nothing_runs() -> None:
    assert place(sys._getframe()).startswith("tests/telemetry/test_telemetry_lag.py:")
    assert place(None) == ""
