"""What people hear of an account that cannot be seen: once that it is so, once that it is over, of each trouble."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from monitor.emulation import Reply
from monitor.providers import registry
from monitor.providers.model_studio.emulator import refusal
from monitor.providers.modelarts.emulator import refuse
from monitor.store import StoreFull
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Rig, rigged

DOWN = Reply(status=500, body=b'{"code":"InternalError","message":"x"}')
FORBIDDEN = refuse(403, "ModelArts.2785", "no permission")


@asynccontextmanager
async def studio() -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, autoplay=False)
    async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig:
        yield rig, emulator


@asynccontextmanager
async def arts(**more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    watches: dict[str, Any] = {"jobs": {}, "training_flavors": {}, "resource_flavors": {}}
    async with rigged(modelarts(**(watches | more)), {"modelarts": emulator}, clock) as rig:
        yield rig, emulator


async def troubles(rig: Rig) -> list[tuple[str, str]]:
    found = await rig.events("account.unauthorized", "account.unreachable", "account.recovered")
    return [(event.type.value.removeprefix("account."), event.data["watch"]) for event in found]


async def test_two_failed_polls_are_not_worth_a_message() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        for _ in range(3):
            emulator.faults.add(DOWN, times=2)
            await rig.poll()
            await rig.poll()
            assert await rig.poll() == [0.0]
        assert await troubles(rig) == []


async def test_a_platform_that_is_down_is_told_after_the_third_poll_once_and_once_that_it_is_back() -> None:
    async with studio() as (rig, emulator):
        async with rig.running():
            await rig.poll()
            emulator.faults.add(DOWN, times=None)
            for _ in range(3):
                await rig.poll()
            assert await troubles(rig) == [("unreachable", "jobs")]
            for _ in range(5):
                await rig.poll()
        async with rig.running():
            for _ in range(5):
                await rig.poll()
        emulator.faults.clear()
        async with rig.running():
            await rig.poll()
            await rig.poll()
            assert await troubles(rig) == [("unreachable", "jobs"), ("recovered", "jobs")]
            down, up = (await rig.events("account.unreachable"))[0], (await rig.events("account.recovered"))[0]
            assert (down.data["failures"], up.data["was"]) == (3, "unreachable")
            assert down.data["since"] < down.data["detected_at"], "since the first failure, not since the third"


async def test_a_platform_that_comes_and_goes_is_told_once_and_again_only_when_it_stays_away() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        for _ in range(6):  # two minutes away, half a minute there
            emulator.faults.add(DOWN, times=4)
            for _ in range(5):
                await rig.poll()
        assert [what for what, _ in await troubles(rig)] == ["unreachable", "recovered"]
        emulator.faults.add(DOWN, times=None)
        begun = rig.clock.now()
        while len(await troubles(rig)) == 2:
            await rig.poll()
        assert 300 <= (rig.clock.now() - begun).total_seconds() < 300 + 90 + 2 * 60, "it lasts"
        emulator.faults.clear()
        await rig.poll()
        assert [what for what, _ in await troubles(rig)] == ["unreachable", "recovered"] * 2
        await rig.poll(1000)
        emulator.faults.add(DOWN, times=3)
        for _ in range(4):
            await rig.poll()
        assert [what for what, _ in await troubles(rig)] == ["unreachable", "recovered"] * 3, "a new one, long after"


async def test_a_restart_in_the_middle_of_it_tells_nothing_twice_and_loses_no_end() -> None:
    async with studio() as (rig, emulator):
        async with rig.running():
            await rig.poll()
            emulator.faults.add(DOWN, times=None)
            await rig.poll()
            await rig.poll()
        async with rig.running():  # what was counted so far is forgotten: it is told three polls later, once
            await rig.poll()
            await rig.poll()
            assert await troubles(rig) == []
            await rig.poll()
            assert [what for what, _ in await troubles(rig)] == ["unreachable"]
        for _ in range(3):
            async with rig.running():
                for _ in range(4):
                    await rig.poll()
        emulator.faults.clear()
        for _ in range(3):
            async with rig.running():
                await rig.poll()
        async with rig.running():
            assert [what for what, _ in await troubles(rig)] == ["unreachable", "recovered"]


async def test_a_watch_counts_as_reported_while_it_is_told_or_fails_beside_one_that_is() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll_together()
        assert not any(loop.freshness().reported for loop in rig.loops)
        emulator.faults.add(DOWN, times=None)
        await rig.poll_together()
        await rig.poll_together()
        assert not any(loop.freshness().reported for loop in rig.loops), "nobody was told yet"
        rig.clock.advance(60)
        await rig.loops[0].turn()
        assert all(loop.freshness().reported for loop in rig.loops), "the others fail too"
        emulator.faults.clear()
        await rig.loops[1].turn()
        assert [loop.freshness().reported for loop in rig.loops] == [True, False, True]


async def test_a_transient_fault_never_keeps_a_watch_away_for_more_than_a_minute_between_requests() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.faults.add(DOWN, times=None)
        for _ in range(20):
            await rig.poll()
        assert max(rig.clock.slept) <= 60
        emulator.faults.clear()
        await rig.poll()
        before = rig.clock.monotonic()
        assert await rig.poll(30) == [0.0]
        assert rig.clock.monotonic() - before == 30, "one good answer ended the back-off"


async def test_retry_after_is_obeyed() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.faults.add(refusal(429, "Throttling", headers={"Retry-After": "1800"}))
        await rig.poll()
        before = rig.clock.monotonic()
        await rig.poll(30)
        assert rig.clock.monotonic() - before == 1800
        assert await troubles(rig) == []


async def test_a_platform_that_asks_for_more_than_an_hour_is_told_at_once_and_probed_each_hour() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.faults.add(refusal(429, "Throttling", headers={"Retry-After": "90000"}), times=4)
        asked = emulator.requests.total()
        await rig.poll()
        assert await troubles(rig) == [("unreachable", "jobs")]
        for _ in range(3):
            before = rig.clock.monotonic()
            await rig.poll(30)
            assert rig.clock.monotonic() - before == 3600
        assert emulator.requests.total() == asked + 4
        await rig.poll(30)
        assert await troubles(rig) == [("unreachable", "jobs"), ("recovered", "jobs")]


async def test_a_walk_does_not_sit_out_a_long_wait_between_two_pages() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        for _ in range(150):
            emulator.world.add_job("RUNNING")
        emulator.faults.add(refusal(429, "Throttling", headers={"Retry-After": "7200"}), after=1)
        await rig.poll()
        assert await troubles(rig) == [("unreachable", "jobs")], "told now, not when the wait is over"
        await rig.poll()
        assert len(await rig.events("job.submitted")) == 150


async def test_a_watch_that_is_forbidden_harms_no_other() -> None:
    async with arts() as (rig, emulator), rig.running():
        emulator.faults.add(FORBIDDEN, operation="resource_flavors", times=None)
        assert await rig.poll_together() == [0.0, 0.0, 900.0]
        assert await rig.poll_together() == [0.0, 0.0, 900.0]
        assert await troubles(rig) == [("unauthorized", "resource_flavors")]
        assert rig.jobs().baselined


async def test_a_forbidden_watch_does_not_hide_that_another_fails_later() -> None:
    async with arts() as (rig, emulator):
        async with rig.running():
            emulator.faults.add(FORBIDDEN, operation="resource_flavors", times=None)
            for _ in range(3):
                await rig.poll()
        async with rig.running():
            await rig.poll()
            emulator.faults.add(refuse(403, "ModelArts.2784", "no"), operation="search", times=None)
            for _ in range(4):
                await rig.poll()
            assert await troubles(rig) == [("unauthorized", "resource_flavors"), ("unauthorized", "jobs/0")]
            emulator.faults.clear()
            emulator.faults.add(FORBIDDEN, operation="resource_flavors", times=None)
            await rig.poll()
            await rig.poll()
            assert (await troubles(rig))[2:] == [("recovered", "jobs/0")]
            emulator.faults.clear()
            await rig.poll()
            assert (await troubles(rig))[3:] == [("recovered", "resource_flavors")]


async def test_watches_that_fall_ill_together_have_one_trouble_which_ends_with_the_last_of_them() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.faults.add(DOWN, times=None)
        for _ in range(5):
            await rig.poll_together()
        assert [what for what, _ in await troubles(rig)] == ["unreachable"]
        emulator.faults.clear()
        rig.clock.advance(60)
        for loop in rig.loops:
            assert [what for what, _ in await troubles(rig)] == ["unreachable"]
            await loop.turn()
        assert [what for what, _ in await troubles(rig)] == ["unreachable", "recovered"]


async def test_a_trouble_that_could_not_be_written_is_told_when_the_store_is_back() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.faults.add(FORBIDDEN, times=None)
        rig.store_fault = StoreFull("The disk is full.")
        await rig.poll_together()
        assert await troubles(rig) == []
        rig.store_fault = None
        await rig.poll_together()
        assert [what for what, _ in await troubles(rig)] == ["unauthorized"]


async def test_arrears_are_told_at_once_and_looked_at_now_and_then() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.faults.add(refusal(400, "Arrearage"), times=None)
        assert await rig.poll() == [900.0]
        assert await rig.poll(900) == [900.0]
        assert await troubles(rig) == [("unauthorized", "jobs")]
        emulator.faults.clear()
        await rig.poll(900)
        assert await troubles(rig) == [("unauthorized", "jobs"), ("recovered", "jobs")]
