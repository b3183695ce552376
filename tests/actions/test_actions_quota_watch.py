"""The watch over quotas on the emulated platforms: who is asked and when, what is counted, and what people hear."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, cast

import anyio
import pytest

from monitor.actions.options import CleanupOptions
from monitor.actions.quota_watch import AGAIN, STORE_PAUSE, TICK, QuotaWatch
from monitor.actions.stopping import REMEDY
from monitor.emulation import Reply
from monitor.fields.bell import Broadcast
from monitor.model import Event, Quota, Severity
from monitor.providers import registry
from monitor.store import Store, StoreFull, stop_cleanup
from monitor.store.quotas import QuotaRow, load_quotas, save_quota
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Crash, Rig, rigged

HOUR = 3600.0
NIGHTLY = CleanupOptions(name="nightly", after="1d", enabled=True)
TRIAL = CleanupOptions(name="trial", after="10m")


def watch(rig: Rig, *policies: CleanupOptions) -> QuotaWatch:
    return QuotaWatch(rig.store, rig.poller.reaches, policies, rig.clock, Broadcast())


def studio(**more: Any) -> tuple[AbstractAsyncContextManager[Rig], Any]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, autoplay=False)
    return rigged(model_studio(**more), {"model-studio": emulator}, clock), emulator


def arts(jobs: int, quota: int, **more: Any) -> tuple[AbstractAsyncContextManager[Rig], Any]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    emulator.world.job_quota = quota
    for number in range(jobs):
        emulator.world.add_job(f"old-{number}", phase="Completed", at=clock.now() - timedelta(days=9, hours=-number))
    return rigged(modelarts(**more), {"modelarts": emulator}, clock), emulator


async def told(rig: Rig) -> list[Event]:
    return await rig.events("quota.reached", "quota.eased")


async def rows(rig: Rig) -> list[QuotaRow]:
    return await rig.store.read(load_quotas)


def words(events: list[Event]) -> list[tuple[str, int, int | None]]:
    return [(event.type.value, event.data["quota"]["used"], event.data["quota"]["threshold"]) for event in events]


async def test_model_studios_running_and_succeeded_jobs_are_counted_against_the_cap_of_the_config() -> None:
    bench, emulator = studio(job_cap=10)
    async with bench as rig, rig.running():
        made = [emulator.world.add_job("SUCCEEDED") for _ in range(7)] + [emulator.world.add_job("FAILED")]
        quotas = watch(rig)
        await quotas.turn()
        assert await rows(rig) == []
        await rig.poll()
        await quotas.turn()
        assert [(row.quota.used, row.quota.cap, row.told) for row in await rows(rig)] == [(7, 10, 0)]
        emulator.world.add_job("RUNNING")
        for _ in range(2):
            await rig.poll()
            await quotas.turn()
        assert words(await told(rig)) == [("quota.reached", 8, 80)]
        for job in made[:2]:
            emulator.world.remove(job)
        await rig.poll()
        await rig.sweep()
        await quotas.turn()
        assert words(await told(rig)) == [("quota.reached", 8, 80), ("quota.eased", 6, None)]
        assert {(event.account, event.subject) for event in await told(rig)} == {("llm", "quota/jobs")}


class Looked:
    """The store, and how often it was asked for something."""

    def __init__(self, store: Any) -> None:
        self.store, self.times = store, 0

    def __getattr__(self, name: str) -> Any:
        self.times += name in ("read", "write")
        return getattr(self.store, name)


async def test_the_store_is_neither_read_nor_written_while_no_job_changes() -> None:
    bench, emulator = studio(job_cap=10)
    async with bench as rig, rig.running():
        emulator.world.add_job("RUNNING")
        looked = Looked(rig.store)
        quotas = QuotaWatch(cast("Store", looked), rig.poller.reaches, (), rig.clock, Broadcast())
        await quotas.turn()
        await rig.poll()
        for used in (1, 2):
            for _ in range(2):
                await quotas.turn()
            assert [row.quota.used for row in await rows(rig)] == [used]
            before = looked.times
            for _ in range(12):
                rig.clock.advance(TICK)
                await rig.poll(0)
                await quotas.turn()
            assert looked.times == before
            emulator.world.add_job("SUCCEEDED")
            await rig.poll()


async def test_modelarts_is_asked_with_each_sweep_and_no_more_often() -> None:
    bench, emulator = arts(jobs=5, quota=10)
    async with bench as rig, rig.running():
        quotas = watch(rig)
        await quotas.turn()
        assert (rig.requests, await rows(rig)) == (0, [])
        await rig.poll()
        before = rig.requests
        for _ in range(3):
            rig.clock.advance(HOUR / 3 - 1)
            await quotas.turn()
        assert rig.requests == before + 1
        assert [(row.account, row.quota.resource, row.quota.used) for row in await rows(rig)] == [
            ("ascend", "job-num", 5)
        ]
        emulator.world.job_quota = 5
        rig.clock.advance(HOUR)
        await quotas.turn()
        (event,) = await told(rig)
        assert (event.severity, event.subject) == (Severity.CRITICAL, "quota/job-num")
        assert event.data["quota"]["free"] == 0


async def test_a_restart_tells_nothing_twice() -> None:
    bench, _ = arts(jobs=9, quota=10)
    async with bench as rig:
        for _ in range(2):
            async with rig.running():
                await rig.poll()
                await watch(rig).turn()
                assert words(await told(rig)) == [("quota.reached", 9, 80)]


@pytest.mark.parametrize("at", ["before write", "after write", "request", "answer"])
async def test_a_death_at_any_moment_loses_nothing_and_tells_nothing_twice(at: str) -> None:
    bench, _ = arts(jobs=9, quota=10)
    async with bench as rig:
        async with rig.running():
            await rig.poll()
            quotas = QuotaWatch(rig.poller._around.store, rig.poller.reaches, (), rig.clock, Broadcast())
            rig.die_after(0, at=at)
            with pytest.raises((Crash, ExceptionGroup)):
                await quotas.turn()
        for _ in range(2):
            async with rig.running():
                await rig.poll()
                await watch(rig).turn()
                assert words(await told(rig)) == [("quota.reached", 9, 80)]


async def test_a_store_that_is_full_is_waited_for_and_then_it_is_told() -> None:
    bench, emulator = studio(job_cap=10)
    async with bench as rig, rig.running():
        for _ in range(9):
            emulator.world.add_job("SUCCEEDED")
        await rig.poll()
        quotas = QuotaWatch(rig.poller._around.store, rig.poller.reaches, (), rig.clock, Broadcast())
        rig.store_fault = StoreFull("the disk is full")
        assert await quotas._guarded() == ([], STORE_PAUSE)
        rig.store_fault = None
        assert await quotas._guarded() == ([], TICK)
        assert words(await told(rig)) == [("quota.reached", 9, 80)]


async def test_what_cleanup_would_free_is_named_with_the_policies_that_do_it_and_why_one_does_not() -> None:
    bench, emulator = arts(jobs=8, quota=10)
    emulator.world.add_job("newest", phase="Running")
    async with bench as rig, rig.running():
        await rig.poll()
        rig.clock.advance(48 * HOUR)
        stopped = CleanupOptions(name="stopped", after="1h", enabled=True, accounts=["ascend"], at_most=1)
        others = CleanupOptions(name="others", accounts=["elsewhere"])
        three = NIGHTLY.model_copy(update={"at_most": 3})
        await rig.store.write(lambda conn: stop_cleanup(conn, "stopped", f"8 of the 9 jobs; {REMEDY}", rig.clock.now()))
        await watch(rig, three, stopped, TRIAL, others).turn()
        (event,) = await told(rig)
        quota = event.data["quota"]
        assert (quota["frees"], quota["finished"]) == (3, 8)
        assert quota["policies"] == [
            {"name": "nightly", "jobs": 3, "enabled": True, "held": None},
            {"name": "stopped", "jobs": 0, "enabled": True, "held": "it stands still: 8 of the 9 jobs"},
            {"name": "trial", "jobs": 0, "enabled": False, "held": None},
        ]


async def test_a_platform_that_refuses_the_question_is_asked_at_the_next_sweep_and_the_account_stays_well() -> None:
    bench, emulator = arts(jobs=9, quota=10)
    async with bench as rig, rig.running():
        await rig.poll()
        quotas = watch(rig)
        emulator.faults.add(Reply(status=403, body=b'{"error_code":"ModelArts.0104"}'), operation="quotas", times=2)
        for _ in range(2):
            await quotas.turn()
            rig.clock.advance(HOUR)
        await rig.poll()
        assert (await rows(rig), rig.poller.states()) == ([], {"ascend": "ok"})
        await quotas.turn()
        assert words(await told(rig)) == [("quota.reached", 9, 80)]


async def test_a_fault_that_passes_is_asked_again_soon() -> None:
    bench, emulator = arts(jobs=9, quota=10)
    async with bench as rig, rig.running():
        await rig.poll()
        quotas = watch(rig)
        emulator.faults.add(Reply(status=502), operation="quotas")
        for wait, known in ((0.0, 0), (AGAIN - 1, 0), (2.0, 1)):
            rig.clock.advance(wait)
            with anyio.fail_after(5):
                await quotas.turn()
            assert len(await rows(rig)) == known


@pytest.mark.parametrize(("cap", "known"), [(10, (8, 10)), (None, None)])
async def test_where_the_platform_has_no_such_question_all_jobs_count_if_the_config_says_a_cap(
    cap: int | None, known: Any
) -> None:
    bench, emulator = arts(jobs=8, quota=1, job_cap=cap)
    emulator.faults.add(Reply(status=404, body=b'{"error_code":"APIGW.0101"}'), operation="quotas", times=None)
    async with bench as rig, rig.running():
        await rig.poll()
        await watch(rig).turn()
        assert [(row.quota.used, row.quota.cap) for row in await rows(rig)] == ([known] if known else [])
        assert len(await told(rig)) == (1 if known else 0)


async def test_what_the_platform_no_longer_says_has_eased_and_an_account_that_left_is_forgotten() -> None:
    bench, emulator = arts(jobs=8, quota=10)
    async with bench as rig, rig.running():
        await rig.poll()
        quotas = watch(rig)
        gone = QuotaRow(account="left", quota=Quota(resource="jobs", used=1, cap=1, seen_at=rig.clock.now()), told=95)
        await rig.store.write(lambda conn: save_quota(conn, gone))
        await quotas.turn()
        assert [row.account for row in await rows(rig)] == ["ascend"]
        emulator.faults.add(Reply(status=404, body=b'{"error_code":"APIGW.0101"}'), operation="quotas", times=None)
        rig.clock.advance(HOUR)
        await quotas.turn()
        assert words(await told(rig)) == [("quota.reached", 8, 80), ("quota.eased", 8, None)]


async def test_nothing_is_written_while_a_reload_rests_it_and_then_by_what_is_in_the_config() -> None:
    bench, _ = arts(jobs=8, quota=10)
    async with bench as rig, rig.running():
        await rig.poll()
        quotas = watch(rig)
        asked = await quotas._counted()
        async with anyio.create_task_group() as group, quotas.resting():
            for account in asked:
                group.start_soon(quotas._ask, account)
            await anyio.wait_all_tasks_blocked()
            rig.poller.take([], [], {})
            quotas.take([TRIAL])
        assert len(asked) == 1
        assert await rows(rig) == []
        assert await told(rig) == []
