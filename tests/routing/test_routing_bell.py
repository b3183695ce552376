"""The bell between the stages: no ring is lost, many rings wake once, and a wait can have an end."""

from __future__ import annotations

import asyncio

from monitor.fields.bell import Bell
from tests.kit.outbox import SteppedClock, eventually


async def test_a_ring_before_the_wait_is_not_lost_and_many_wake_once() -> None:
    bell, clock = Bell(), SteppedClock()
    bell.ring()
    bell.ring()
    assert await bell.wait_at_most(clock, 10) is True
    waiting = asyncio.create_task(bell.wait_at_most(clock, 10))
    await eventually(lambda: clock._sleepers)
    assert not waiting.done()
    clock.advance(10)
    assert await waiting is False


async def test_a_wait_without_time_hears_a_ring_that_was_there_or_the_next_one_does() -> None:
    bell, clock = Bell(), SteppedClock()
    for _ in range(20):
        bell.ring()
        heard = await bell.wait_at_most(clock, 0)
        if not heard:
            assert await bell.wait_at_most(clock, 10) is True
    assert clock._sleepers == []
