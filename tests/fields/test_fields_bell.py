"""The bell that wakes the next stage: no ring is lost, many are one, and a wait can be bounded."""

from __future__ import annotations

import anyio
import pytest

from monitor.fields.bell import Bell, Broadcast
from monitor.fields.clock import FastClock, SystemClock

CLOCK = SystemClock()


async def test_a_ring_before_the_wait_is_not_lost() -> None:
    bell = Bell()
    bell.ring()
    with anyio.fail_after(5):
        await bell.wait()


async def test_many_rings_wake_once() -> None:
    bell = Bell()
    for _ in range(3):
        bell.ring()
    with anyio.fail_after(5):
        await bell.wait()
    assert not await bell.wait_at_most(CLOCK, 0.01)


async def test_a_ring_wakes_who_waits() -> None:
    bell, woken = Bell(), anyio.Event()

    async def listen() -> None:
        await bell.wait()
        woken.set()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            await anyio.wait_all_tasks_blocked()
            assert not woken.is_set()
            bell.ring()
            await woken.wait()


@pytest.mark.parametrize("early", [True, False], ids=["before", "during"])
async def test_a_bounded_wait_says_whether_it_rang(early: bool) -> None:
    bell = Bell()

    async def ring() -> None:
        bell.ring()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            if early:
                bell.ring()
            else:
                group.start_soon(ring)
            assert await bell.wait_at_most(CLOCK, 60)
        assert not await bell.wait_at_most(CLOCK, 0.01), "the ring was used up"


async def test_a_bounded_wait_ends_by_the_clock_it_was_given() -> None:
    with anyio.fail_after(5):
        assert not await Bell().wait_at_most(FastClock(10_000), 600)


async def test_a_cancelled_wait_leaves_the_ring_to_the_next() -> None:
    bell = Bell()
    with anyio.move_on_after(0.01):
        await bell.wait_at_most(CLOCK, 60)
    bell.ring()
    with anyio.fail_after(5):
        assert await bell.wait_at_most(CLOCK, 60)


async def test_a_broadcast_wakes_its_own_listener_and_each_of_the_others_once() -> None:
    broadcast = Broadcast()
    with broadcast.listening() as one, broadcast.listening() as two:
        broadcast.ring()
        broadcast.ring()
        with anyio.fail_after(5):
            for bell in (broadcast, one, two):
                await bell.wait()
        for bell in (broadcast, one, two):
            assert not await bell.wait_at_most(CLOCK, 0.01)


async def test_who_has_stopped_listening_to_a_broadcast_is_forgotten() -> None:
    broadcast = Broadcast()
    with broadcast.listening() as gone:
        pass
    broadcast.ring()
    assert not await gone.wait_at_most(CLOCK, 0.01)
    assert await broadcast.wait_at_most(CLOCK, 5)
