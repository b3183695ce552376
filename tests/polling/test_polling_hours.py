"""The time of nodes and cards on ModelArts: booked when a job is over, on the day of its end, and told with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import select

from monitor import store
from monitor.ledger import PriceOptions
from monitor.model import BookedTime
from monitor.providers import registry
from monitor.store.old import old_jobs
from monitor.store.prune import drop_jobs
from monitor.store.tables import bookings, jobs, scopes
from tests.kit.clock import VirtualClock
from tests.kit.platforms import modelarts
from tests.kit.rig import Rig, rigged

PRICE = {"provider": "modelarts", "flavor": "npu.8", "currency": "CNY", "since": "2026-01-01", "per_card_hour": 2}
DEARER = PRICE | {"since": "2026-11-21", "per_card_hour": 3}
HOUR = 3_600_000


@asynccontextmanager
async def arts(**more: Any) -> AsyncIterator[tuple[Rig, Any]]:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    async with rigged(modelarts(**more), {"modelarts": emulator}, clock) as rig:
        rig.prices = tuple(PriceOptions.model_validate(price) for price in (PRICE, DEARER))
        yield rig, emulator.world


async def run(rig: Rig, world: Any, hours: float = 1.0, end: str = "Completed", **facts: Any) -> str:
    """A job on two nodes with eight cards each that runs so long between two polls and ends."""
    job = str(world.add_job("bert", **({"phase": "Running", "flavor": "npu.8", "nodes": 2} | facts)))
    await rig.poll()
    rig.clock.advance(hours * 3600 - 30)
    world.set_phase(job, end)
    await rig.poll(0)
    return job


async def rows(rig: Rig) -> list[Any]:
    return list(await rig.store.read(lambda conn: conn.execute(select(bookings).order_by(bookings.c.id)).all()))


async def usage(rig: Rig) -> list[dict[str, Any]]:
    return [event.data["usage"] for event in await rig.events("usage.*")]


async def test_a_job_that_is_over_is_booked_with_all_that_sums_are_made_by_and_its_end_says_so() -> None:
    async with arts(labels={"team": "nlp"}) as (rig, world), rig.running():
        await rig.poll()
        job = await run(rig, world)
        (told,) = await usage(rig)
        (finished,) = await rig.events("job.finished")
        assert finished.data["usage"] == told
        assert (told["tokens"], told["node_hours"], told["card_hours"]) == (None, "2", "16")
        assert (told["cost"], told["currency"], told["flavor"]) == ("32", "CNY", "npu.8")
        (row,) = await rows(rig)
        assert (row.node_ms, row.card_ms, row.tokens, row.correction) == (2 * HOUR, 16 * HOUR, 0, False)
        assert (row.flavor, row.region, row.workspace, row.kind) == ("npu.8", "cn-north-4", "0", "job")
        assert (row.cost, row.labels, row.at) == ("32", '{"team":"nlp"}', world.jobs[job].ended)
        await rig.poll()
        await rig.sweep()
        assert len(await rows(rig)) == 1


async def test_nothing_is_booked_of_a_job_that_never_ran() -> None:
    async with arts() as (rig, world), rig.running():
        await rig.poll()
        await run(rig, world, phase="Pending", end="Terminated")
        assert (await rows(rig), await usage(rig)) == ([], [])


async def test_a_job_that_heals_is_booked_by_the_difference_at_the_price_of_its_second_end() -> None:
    async with arts() as (rig, world), rig.running():
        await rig.poll()
        job = await run(rig, world, end="Abnormal")
        world.set_phase(job, "Running")
        await rig.poll()
        rig.clock.advance(24 * 3600 - 30)
        world.set_phase(job, "Completed")
        await rig.poll()
        assert [row.node_ms for row in await rows(rig)] == [2 * HOUR, 48 * HOUR]
        assert [Decimal(row.cost) for row in await rows(rig)] == [32, 8 * 48 * 3]
        first, second = await rig.events("usage.*")
        assert (first.type, second.type) == ("usage.recorded", "usage.corrected")
        assert second.data["usage"]["node_hours"] == "50"
        assert second.data["usage"]["delta_node_hours"] == "48"


async def test_a_duration_that_moves_after_the_end_is_a_correction_and_a_running_one_is_none() -> None:
    async with arts() as (rig, world), rig.running():
        await rig.poll()
        job = await run(rig, world)
        world.jobs[job].started -= timedelta(seconds=1800)
        await rig.poll()
        assert [row.node_ms for row in await rows(rig)] == [2 * HOUR, HOUR]
        writes = rig.writes
        world.add_job("other", phase="Running")
        await rig.poll()
        for _ in range(3):
            await rig.poll(10)
        assert rig.writes <= writes + 2, "a duration that grows is no change"


async def test_under_a_word_that_nobody_knows_nothing_is_booked() -> None:
    async with arts() as (rig, world), rig.running():
        await rig.poll()
        job = await run(rig, world)
        world.jobs[job].ended = None
        world.jobs[job].runs.clear()
        world.jobs[job].phase = "Hibernating"
        for _ in range(3):
            await rig.poll(600)
        assert len(await rows(rig)) == 1


async def test_what_was_over_before_the_first_look_is_booked_silently_when_it_ended() -> None:
    async with arts() as (rig, world):
        job = world.add_job("old", phase="Running", flavor="npu.8")
        rig.clock.advance(3600)
        world.set_phase(job, "Completed")
        lost = world.add_job("lost", phase="Running", flavor="npu.8")
        rig.clock.advance(7200)
        world.set_phase(lost, "Completed")
        once = world.jobs[lost].runs[0]
        once.end = once.start - timedelta(days=400)
        world.jobs[lost].runs.append(replace(once))
        rig.clock.advance(10 * 86400)
        async with rig.running():
            await rig.poll()
            assert await usage(rig) == []
            found = {row.job_id: row.at for row in await rows(rig)}
            assert found == {job: world.jobs[job].ended, lost: world.jobs[lost].ended}, "no end is proven of the second"


async def test_another_parser_books_what_it_reads_and_tells_nobody() -> None:
    async with arts() as (rig, world):
        async with rig.running():
            await rig.poll()
            await run(rig, world)
            told = len(await rig.events())

            def forget(conn: Any) -> None:
                known = store.load_jobs(conn, 1, [row.job_id for row in conn.execute(select(jobs.c.job_id))])
                for each in known.values():
                    bare = replace(each, job=replace(each.job, ran=None), booked_time=None, revision=each.revision + 1)
                    write = store.JobWrite(known=bare, previous_revision=each.revision, hash=1, significant=1)
                    store.save_jobs(conn, 1, [write], now=rig.clock.now())
                conn.execute(scopes.update().values(parser_version="modelarts-1"))
                conn.execute(bookings.delete())

            await rig.store.write(forget)
        async with rig.running():
            await rig.poll()
            await rig.sweep()
            assert [row.node_ms for row in await rows(rig)] == [2 * HOUR]
            assert len(await rig.events()) == told


async def test_a_job_that_was_forgotten_and_comes_back_is_not_booked_again() -> None:
    async with arts() as (rig, world), rig.running():
        await rig.poll()
        job = await run(rig, world)
        kept = world.jobs[job]
        world.remove(job)
        await rig.sweep()
        await rig.poll()
        late = datetime(2030, 1, 1, tzinfo=UTC)
        numbers = [n for n, _, _ in await rig.store.read(partial(old_jobs, before=late))]
        await rig.store.write(partial(drop_jobs, numbers=numbers, before=late))
        trace = (await rig.store.read(partial(store.load_jobs_elsewhere, scope_id=1, ids=[job])))[job]
        assert trace.booked_time == BookedTime(attempt=1, node_ms=2 * HOUR, card_ms=16 * HOUR)
        world.place("bert", phase="Running", at=kept.created, id=job, flavor="npu.8", nodes=2)
        world.jobs[job].started, world.jobs[job].runs = kept.started, kept.runs
        world.set_phase(job, "Completed", at=kept.ended)
        await rig.poll()
        assert len(await rows(rig)) == 1
