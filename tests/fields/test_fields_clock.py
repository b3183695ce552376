"""The clocks that loops take their time from."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from monitor.fields import Clock, SystemClock
from monitor.fields.clock import FastClock


def test_the_machines_clock_tells_aware_utc() -> None:
    clock: Clock = SystemClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().tzinfo is UTC


def test_monotonic_seconds_never_go_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)


def test_the_machines_clock_passes_as_fast_as_time_itself() -> None:
    clock = SystemClock()
    before, begin = clock.monotonic(), time.monotonic()
    while time.monotonic() - begin < 0.02:
        pass
    passed, real = clock.monotonic() - before, time.monotonic() - begin
    assert 0.015 < passed < real + 5.0


async def test_a_sleep_in_naps_is_as_long_as_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.fields.clock.NAP", 0.003)
    clock, begin = SystemClock(), time.monotonic()
    await clock.sleep(0.02)
    assert 0.019 < time.monotonic() - begin < 5.0


@pytest.mark.parametrize("clock", [SystemClock(), FastClock(60)], ids=["system", "fast"])
async def test_a_negative_sleep_returns_at_once(clock: Clock) -> None:
    begin = time.monotonic()
    await clock.sleep(-100)
    assert time.monotonic() - begin < 1


async def test_a_fast_clock_lets_a_minute_pass_in_a_moment() -> None:
    clock: Clock = FastClock(1000)
    wall, ticks, begin = clock.now(), clock.monotonic(), time.monotonic()
    await clock.sleep(60)
    assert time.monotonic() - begin < 30
    assert clock.monotonic() - ticks >= 60
    assert clock.now() - wall >= timedelta(seconds=60)


def test_both_hands_of_a_fast_clock_move_at_one_speed() -> None:
    clock = FastClock(3600)
    wall, ticks = clock.now(), clock.monotonic()
    time.sleep(0.05)
    later, more = clock.now(), clock.monotonic()
    assert (later - wall).total_seconds() == pytest.approx(more - ticks, abs=3600 * 0.02)
    assert more - ticks >= 180


@pytest.mark.parametrize("speed", [0, -1])
def test_a_clock_does_not_stand_or_run_back(speed: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        FastClock(speed)
