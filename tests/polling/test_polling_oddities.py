"""One bad thing harms one thing: an odd item, an unknown word, a bug; and how a return after a long gap is marked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from monitor import store
from monitor.emulation import Reply
from monitor.providers import registry
from monitor.providers.model_studio.simjob import ABSENT
from monitor.providers.modelarts.provider import ModelArts
from monitor.store import StoreFull
from tests.kit.clock import VirtualClock
from tests.kit.platforms import model_studio, modelarts
from tests.kit.rig import Rig, rigged


@asynccontextmanager
async def studio(history: int = 0, **more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, jobs=history, autoplay=False)
    async with rigged(model_studio(**more), {"model-studio": emulator}, clock) as rig:
        yield rig, emulator


async def types(rig: Rig) -> list[str]:
    return [event.type.value for event in await rig.events() if event.type.value != "account.baselined"]


async def test_a_malformed_item_among_good_ones_is_reported_once_and_the_others_are_told() -> None:
    async with studio(3) as (rig, emulator):
        async with rig.running():
            await rig.poll()
            rig.clock.advance(5)
            emulator.world.add_broken(b'{"job_id":"ft-odd","status":null}')
            emulator.world.add_broken(b'["no job at all"]')
            emulator.world.add_job("RUNNING")
            await rig.poll()
            await rig.poll()
        async with rig.running():
            await rig.poll()
            await rig.sweep()
            assert await types(rig) == ["job.submitted", "job.started", "poll.malformed", "poll.malformed"]
            odd = {event.data["item"] for event in await rig.events("poll.malformed")}
            assert "ft-odd" in odd
            writes = rig.writes
            await rig.poll(10)
            assert rig.writes == writes, "an odd item that is known makes no write"


async def test_a_job_that_turns_malformed_is_neither_missing_nor_gone() -> None:
    async with studio(3) as (rig, emulator), rig.running():
        job = emulator.world.add_job("RUNNING")
        await rig.poll()
        emulator.world.set(job, status=ABSENT)
        await rig.poll()
        await rig.sweep()
        assert await types(rig) == ["poll.malformed"]
        emulator.world.set(job, status="FAILED")
        await rig.poll()
        assert await types(rig) == ["poll.malformed", "job.finished"]


@pytest.mark.parametrize("trouble", ["fault", "store"])
async def test_a_malformed_item_is_reported_though_the_first_walk_that_saw_it_failed(trouble: str) -> None:
    async with studio(3) as (rig, emulator), rig.running():
        await rig.poll()
        emulator.world.add_broken(b'{"job_id":"ft-odd","status":null}')
        if trouble == "fault":
            for _ in range(120):
                emulator.world.add_job("FAILED")
            emulator.faults.add(Reply(status=500), after=1, times=3)
        else:
            rig.store_fault = StoreFull("The disk is full.")
        await rig.poll()
        rig.store_fault = None
        assert await types(rig) == []
        await rig.poll()
        assert (await types(rig)).count("poll.malformed") == 1


async def test_an_item_whose_bytes_move_all_the_time_is_reported_once_and_writes_nothing() -> None:
    async with studio(3) as (rig, emulator), rig.running():
        await rig.poll()
        for second in range(5):
            name = emulator.world.add_broken(b'{"job_id":"ft-odd","status":null,"duration":%d}' % second)
            await rig.poll(10)
            if second == 0:
                writes = rig.writes
            emulator.world.remove(name)
        assert await types(rig) == ["poll.malformed"]
        assert rig.writes == writes


async def test_an_unknown_status_is_reported_once_for_the_account_and_the_last_known_state_counts() -> None:
    async with studio() as (rig, emulator):
        one, two = emulator.world.add_job("RUNNING"), emulator.world.add_job("QUEUING")
        async with rig.running():
            await rig.poll()
            for job in (one, two):
                emulator.world.set(job, status="HIBERNATING")
                await rig.poll()
        async with rig.running():
            await rig.poll()
            await rig.sweep()
            (told,) = await rig.events("provider.unrecognised")
            assert (told.data["kind"], told.data["word"]) == ("status", "HIBERNATING")
            for job in (one, two):
                emulator.world.set(job, status="RUNNING")
            await rig.poll()
            assert await types(rig) == ["provider.unrecognised", "job.started"]


async def test_unknown_fields_are_reported_once_by_name_and_never_with_their_value() -> None:
    async with studio() as (rig, emulator):
        emulator.world.add_job("RUNNING", novelty="a secret")
        async with rig.running():
            await rig.poll()
            emulator.world.add_job("RUNNING", novelty="another secret", wonder={"key": "sk-1"})
            await rig.poll()
        async with rig.running():
            emulator.world.add_job("RUNNING", novelty=3)
            await rig.poll()
            told = [(event.data["kind"], event.data["word"]) for event in await rig.events("provider.unrecognised")]
            assert told == [("field", "novelty"), ("field", "wonder")]
            assert "secret" not in str([event.data for event in await rig.events()])


async def test_a_watch_that_breaks_is_tried_again_and_told_and_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    emulator.world.add_job("one", phase="Running")
    read = ModelArts.list_jobs

    async def broken(self: ModelArts, *args: Any, **more: Any) -> Any:
        raise RuntimeError("a bug")

    async with rigged(modelarts(resource_flavors={}), {"modelarts": emulator}, clock) as rig, rig.running():
        await rig.poll()
        monkeypatch.setattr(ModelArts, "list_jobs", broken)
        emulator.world.set_stock("modelarts.vm.cpu8u32g", "cn-north-7a", "soldout")
        for _ in range(3):
            assert await rig.poll_together() == [0.0, 0.0]
        assert await types(rig) == ["flavor.sold_out", "account.unreachable"]
        (told,) = await rig.events("account.unreachable")
        assert "RuntimeError" in told.data["reason"]
        monkeypatch.setattr(ModelArts, "list_jobs", read)
        emulator.world.add_job("two", phase="Running")
        await rig.poll_together()
        assert sorted((await types(rig))[2:]) == ["account.recovered", "job.started", "job.submitted"]


async def test_another_writer_s_change_is_read_again_before_the_next_poll() -> None:
    async with studio(3) as (rig, emulator), rig.running():
        job = emulator.world.add_job("QUEUING")
        await rig.poll()
        scope_id = rig.jobs().row.id

        def meddle(conn: Any) -> None:
            known = store.load_jobs(conn, scope_id, [job])[job]
            moved = store.JobWrite(known=replace(known, revision=9), previous_revision=1, hash=None, significant=None)
            store.save_jobs(conn, scope_id, [moved], now=rig.clock.now())

        await rig.store.write(meddle)
        emulator.world.set(job, status="RUNNING")
        await rig.poll()
        await rig.poll()
        assert await types(rig) == ["job.started"]
        assert (await rig.events("job.started"))[0].revision == 10


async def test_a_well_watch_notes_it_once_a_minute_and_nothing_else() -> None:
    async with studio(5) as (rig, _), rig.running():
        await rig.poll()
        rows = []
        for _ in range(12):
            before = rig.writes
            await rig.poll(15)
            rows.append(rig.writes - before)
        assert rows == [0, 0, 0, 1] * 3
        (row,) = await rig.store.read(store.list_scopes)
        assert row.last_good == rig.clock.now()
        assert rig.jobs().lens.decodes == 5, "the baseline's"


@pytest.mark.parametrize(("away", "late"), [(800, False), (1000, True)])
async def test_what_is_found_after_a_gap_is_late(away: float, late: bool) -> None:
    async with studio() as (rig, emulator):
        job = emulator.world.add_job("RUNNING")
        async with rig.running():
            await rig.poll()
            await rig.poll(61)
        rig.clock.advance(away)
        emulator.world.set(job, status="SUCCEEDED")
        async with rig.running():
            await rig.poll()
            assert {event.type.value: event.late for event in await rig.events("job.*", "usage.*")} == {
                "job.finished": late,
                "usage.recorded": late,
            }
            emulator.world.add_job("RUNNING")
            await rig.poll()
            assert [event.late for event in await rig.events("job.submitted")] == [False], "the gap is over"


async def test_a_job_first_seen_in_its_end_is_late_if_it_ended_before_the_previous_good_poll() -> None:
    async with studio(130) as (rig, emulator), rig.running():
        await rig.poll(600)
        await rig.poll(600)
        ended = (rig.clock.now() - timedelta(seconds=300)).astimezone() + timedelta(hours=8)
        created = rig.clock.now() - timedelta(seconds=400)
        emulator.world.add_job("FAILED", created_at=created, end_time=f"{ended:%Y-%m-%d %H:%M:%S}")
        emulator.world.add_job("FAILED", created_at=created)
        await rig.poll()
        late = [event.late for event in await rig.events("job.finished")]
        assert sorted(late) == [False, True]


async def test_an_idle_scope_asks_nothing_of_jobs_that_ended() -> None:
    async with studio(250) as (rig, emulator), rig.running():
        await rig.poll()
        before = emulator.requests.total()
        for _ in range(10):
            await rig.poll(40)
        assert emulator.requests.total() == before + 10
        assert await rig.store.read(partial(store.load_job_index, scope_id=rig.jobs().row.id))
