"""A wrong key is reported once and never locked; one that becomes good again goes on by itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.emulation import Cut, Reply
from monitor.providers import registry
from monitor.providers.options import AccountOptions
from monitor.store import StoreFull
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Crash, Rig, rigged

HIDDEN = 1
"""Bad signatures that a kill may hide: a proven key's request is not written down before it leaves."""
MOST = 4
"""ModelArts locks a key after more than five in a row; four is what may ever be reached."""
WATCHES: dict[str, Any] = {
    "jobs": {"workspaces": ["0", "research"]},
    "training_flavors": {"every": "30s"},
    "resource_flavors": {},
}

Make = Callable[[str], Sequence[AccountOptions]]


@asynccontextmanager
async def arts(make: Make | None = None, **more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False, workspaces=("0", "research"))
    async with rigged(make or modelarts(**WATCHES, **more), {"modelarts": emulator}, clock) as rig:
        yield rig, emulator


async def troubles(rig: Rig) -> list[str]:
    return [e.type.value for e in await rig.events("account.unauthorized", "account.unreachable", "account.recovered")]


async def test_a_wrong_secret_is_reported_once_and_never_locked_however_many_watches_poll_and_lives_begin() -> None:
    async with arts(secret_key="SKWRONG") as (rig, emulator):
        for _ in range(4):
            async with rig.running():
                for _ in range(6):
                    await rig.poll_together()
        assert 2 <= emulator.entrance.bad_signatures <= MOST - HIDDEN
        async with rig.running():
            assert await troubles(rig) == ["account.unauthorized"]
            (told,) = await rig.events("account.unauthorized")
            assert "access_key" in told.data["hint"]


async def test_a_proven_key_that_turns_bad_is_found_out_by_one_answer_though_all_watches_poll_at_once() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll_together()
        emulator.entrance.keys["AKDEMO"] = "SKOTHER"
        rig.clock.advance(30)
        before = rig.clock.monotonic()
        answers = await rig.poll_together()
        assert emulator.entrance.bad_signatures <= MOST - HIDDEN
        assert rig.clock.monotonic() - before >= 3600, "the second try is an hour after the first"
        assert set(answers) == {0.0}
        assert await troubles(rig) == ["account.unauthorized"]


async def test_a_key_that_becomes_good_again_ends_with_one_recovery() -> None:
    async with arts() as (rig, emulator):
        async with rig.running():
            await rig.poll_together()
            emulator.entrance.keys["AKDEMO"] = "SKOTHER"
            await rig.loops[0].turn()
        emulator.entrance.keys["AKDEMO"] = "SKDEMO"
        async with rig.running():
            await rig.poll_together()
            await rig.poll_together()
            assert await troubles(rig) == ["account.unauthorized", "account.recovered"]
            recovered = (await rig.events("account.recovered"))[0]
            assert recovered.data["down_for"] >= 30


@pytest.mark.parametrize("good_before", [False, True])
async def test_kills_between_request_and_answer_never_sum_up_to_a_lock(good_before: bool) -> None:
    async with arts(**({} if good_before else {"secret_key": "SKWRONG"})) as (rig, emulator):
        if good_before:
            async with rig.running():
                await rig.poll_together()
                emulator.entrance.keys["AKDEMO"] = "SKOTHER"
                rig.die_after(0, at="answer")
                with contextlib.suppress(Crash):
                    await rig.poll()
        for moment in range(14):
            async with rig.running():
                rig.die_after(moment % 3, at=("answer", "before write")[moment % 2])
                with contextlib.suppress(Crash):
                    await rig.poll()
                    await rig.poll()
        assert 2 <= emulator.entrance.bad_signatures <= MOST


async def test_a_good_key_whose_daemon_is_always_killed_too_early_is_tried_again_within_the_hour() -> None:
    async with arts() as (rig, emulator):
        for _ in range(5):
            async with rig.running():
                rig.die_after(0, at="answer")
                with contextlib.suppress(Crash):
                    await rig.poll()
        assert emulator.requests.total() <= MOST
        async with rig.running():
            for _ in range(3):
                await rig.poll()
            (told,) = await rig.events("account.unreachable")
            assert "ended 3 times before the first answer" in told.data["reason"]
            await rig.poll(3600)
            assert await troubles(rig) == ["account.unreachable", "account.recovered"]


async def test_the_hour_after_too_many_early_kills_goes_on_over_restarts() -> None:
    async with arts() as (rig, emulator):
        for _ in range(3):
            async with rig.running():
                rig.die_after(0, at="answer")
                with contextlib.suppress(Crash):
                    await rig.poll()
        asked = emulator.requests.total()
        for _ in range(2):
            rig.clock.advance(1500)
            async with rig.running():
                await rig.poll()
                assert emulator.requests.total() == asked, "not yet an hour"
        rig.clock.advance(1500)
        async with rig.running():
            await rig.poll()
            assert emulator.requests.total() > asked, "a daemon that never lives for an hour asks once an hour too"
            assert await rig.events("account.baselined")


async def test_two_accounts_of_one_key_share_the_count_and_the_budget_whatever_their_projects() -> None:
    def make(address: str) -> list[AccountOptions]:
        one = modelarts(secret_key="SKWRONG", jobs={})(address)
        two = modelarts(name="twin", project_id="p-other", secret_key="SKWRONG", jobs={})(address)
        return [*one, *two]

    async with arts(make) as (rig, emulator), rig.running():
        for _ in range(8):
            await rig.poll_together()
        assert emulator.entrance.bad_signatures <= MOST - HIDDEN
        told = await rig.events("account.unauthorized")
        assert sorted(str(event.account) for event in told) == ["ascend", "twin"], "each is told of its own"


async def test_a_full_disk_does_not_lift_the_guard_of_a_bad_key() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll_together()
        emulator.entrance.keys["AKDEMO"] = "SKOTHER"
        rig.store_fault = StoreFull("The disk is full.")
        for _ in range(8):
            await rig.poll_together()
        assert emulator.entrance.bad_signatures == 1, "a risk that cannot be written down is not taken"
        assert await troubles(rig) == []
        rig.store_fault = None
        await rig.poll_together()
        assert await troubles(rig) == ["account.unauthorized"]
        assert emulator.entrance.bad_signatures <= MOST - HIDDEN


async def test_a_platform_that_is_out_of_order_at_the_start_costs_the_key_nothing() -> None:
    async with arts() as (rig, emulator):
        for fault in (Reply(status=500), Cut(share=0.3), Reply(status=404), Reply(status=200, body=b"<html>")):
            async with rig.running():
                emulator.faults.add(fault, times=None)
                await rig.poll()
                await rig.poll()
                emulator.faults.clear()
        async with rig.running():
            assert await rig.poll_together() == [0.0] * 4


async def test_a_wrong_password_is_tried_a_few_times_and_reported_once() -> None:
    def make(address: str) -> Sequence[AccountOptions]:
        iam = {"user": "ann", "password": "wrong", "domain": "demo", "endpoint": address}
        return modelarts(access_key=None, secret_key=None, iam=iam, **WATCHES)(address)

    async with arts(make) as (rig, emulator):
        for _ in range(3):
            async with rig.running():
                for _ in range(5):
                    await rig.poll_together()
        assert emulator.requests["tokens"] <= MOST - HIDDEN
        assert emulator.requests["search"] == 0
        async with rig.running():
            assert await troubles(rig) == ["account.unauthorized"]


async def test_a_wrong_token_slows_its_watches_to_a_crawl_until_it_is_accepted() -> None:
    async with arts(access_key=None, secret_key=None, token="MIIstranger") as (rig, emulator):
        async with rig.running():
            assert await rig.poll_together() == [900.0] * 4
            assert await rig.poll_together(900) == [900.0] * 4
        emulator.entrance.tokens["MIIstranger"] = rig.clock.now() + timedelta(days=1)
        async with rig.running():
            assert await rig.poll_together(900) == [0.0] * 4
            assert await troubles(rig) == ["account.unauthorized", "account.recovered"]


async def test_a_wrong_model_studio_key_is_reported_once_and_recovers_by_itself() -> None:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, autoplay=False, api_keys=("sk-other",))
    async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig:
        for _ in range(2):
            async with rig.running():
                for _ in range(8):
                    assert await rig.poll(900) == [900.0], "nothing locks it: it is looked at now and then"
        emulator._api_keys = frozenset({"sk-demo"})
        async with rig.running():
            assert await rig.poll(900) == [0.0]
            assert await troubles(rig) == ["account.unauthorized", "account.recovered"]


class Ahead(VirtualClock):
    """A machine's clock that is wrong by `by`."""

    def __init__(self, right: VirtualClock, by: timedelta) -> None:
        super().__init__()
        self._right, self._by = right, by

    def now(self) -> datetime:
        return self._right.now() + self._by

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._right.advance(seconds)


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_wrong_clock_of_this_machine_locks_nothing_and_is_no_trouble(hours: int) -> None:
    right = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(right, autoplay=False, workspaces=("0", "research"))
    wrong = Ahead(right, timedelta(hours=hours))
    async with rigged(modelarts(**WATCHES), {"modelarts": emulator}, wrong) as rig:
        for _ in range(7):
            async with rig.running():
                assert await rig.poll_together() == [0.0] * 4
        assert emulator.entrance.bad_signatures == 7, "one for each start; the platform's clock is known from then on"
        async with rig.running():
            assert await troubles(rig) == []


async def test_a_wrong_key_on_a_machine_with_a_wrong_clock_is_not_locked_either() -> None:
    right = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(right, autoplay=False, workspaces=("0", "research"))
    wrong = Ahead(right, timedelta(hours=1))
    async with rigged(modelarts(secret_key="SKWRONG", **WATCHES), {"modelarts": emulator}, wrong) as rig:
        for _ in range(6):
            async with rig.running():
                await rig.loops[0].turn()
        assert 2 <= emulator.entrance.bad_signatures <= MOST - HIDDEN
        async with rig.running():
            assert await troubles(rig) == ["account.unauthorized"]
