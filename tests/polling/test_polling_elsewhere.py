"""A job that two scopes of an account have known: what one has told and booked, the other does not book anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from monitor import store as stores
from monitor.providers.model_studio.simjob import ABSENT
from monitor.store.tables import bookings
from tests.kit.platforms import model_studio
from tests.kit.rig import Rig
from tests.polling.test_polling_gone import studio

FILTER = {"model": "qwen3-8b"}


@asynccontextmanager
async def watching(rig: Rig, **watch: Any) -> AsyncIterator[None]:
    """A life whose account looks at its jobs so."""
    address = rig.accounts[0].model_dump()["endpoint"].removesuffix("/api/v1")
    rig.accounts = model_studio(**watch)(address)
    async with rig.running():
        yield


async def booked(rig: Rig) -> list[int]:
    query = select(bookings.c.tokens).order_by(bookings.c.id)
    return [row.tokens for row in await rig.store.read(lambda conn: conn.execute(query).all())]


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_scope_that_is_polled_again_goes_on_from_what_the_other_one_has_booked(
    corrected: bool,
) -> None:
    async with studio() as (rig, emulator):
        job = emulator.world.add_job("RUNNING", model="qwen3-8b", base_model="qwen3-8b")

        async def lives(*seen: dict[str, Any], **watch: Any) -> tuple[list[int], int]:
            async with watching(rig, **watch):
                for change in seen:
                    emulator.world.set(job, **change)
                    await rig.poll()
                return await booked(rig), (await rig.story(f"job/{job}")).count("job.finished")

        await lives({"status": "RUNNING"})
        if corrected:
            await lives({"status": "SUCCEEDED", "usage": 1000})
        await lives({"status": "SUCCEEDED", "usage": 1000}, {"usage": 1200}, jobs=FILTER)
        assert await lives({"usage": 1200}) == ([1000, 200], 1)
        assert await lives({"usage": 1250}, jobs=FILTER) == ([1000, 200, 50], 1)


async def test_an_end_that_the_other_scope_has_told_is_not_told_again() -> None:
    async with studio() as (rig, emulator):
        job = emulator.world.add_job("RUNNING", model="qwen3-8b", base_model="qwen3-8b")
        async with watching(rig):
            await rig.poll()
        async with watching(rig, jobs=FILTER):
            await rig.poll()
            emulator.world.set(job, status="SUCCEEDED")
            await rig.poll()
            assert (await rig.story(f"job/{job}")).count("job.finished") == 1
        async with watching(rig):
            await rig.poll()
            assert (await rig.story(f"job/{job}")).count("job.finished") == 1


async def test_a_job_of_which_the_other_scope_has_told_that_it_is_gone_is_not_gone_again() -> None:
    async with studio() as (rig, emulator):
        job = emulator.world.add_job("SUCCEEDED", model="qwen3-8b", base_model="qwen3-8b")
        async with watching(rig):
            await rig.poll()
        async with watching(rig, jobs=FILTER):
            await rig.poll()
            emulator.world.remove(job)
            await rig.sweep()
            assert (await rig.story(f"job/{job}")).count("job.gone") == 1
        async with watching(rig):
            await rig.poll()
            await rig.sweep()
            assert (await rig.story(f"job/{job}")).count("job.gone") == 1
            records = await rig.store.read(lambda conn: stores.list_jobs(conn, include_gone=True))
            assert [each.known.gone for each in records if each.known.job.id == job] == [True, True]


async def test_a_scope_that_looked_for_a_usage_in_vain_does_not_book_anew_what_the_other_one_has_found() -> None:
    async with studio() as (rig, emulator):
        job = emulator.world.add_job("RUNNING", model="qwen3-8b", base_model="qwen3-8b")
        async with watching(rig):
            await rig.poll()
            emulator.world.set(job, status="SUCCEEDED", usage=ABSENT)
            await rig.poll()
        async with watching(rig, jobs=FILTER):
            emulator.world.set(job, usage=1000)
            await rig.poll()
            assert await booked(rig) == [1000]
        async with watching(rig):
            emulator.world.set(job, usage=ABSENT)
            for _ in range(4):
                await rig.poll(1800.0)
            emulator.world.set(job, usage=1000)
            await rig.poll()
            await rig.sweep()
            assert await booked(rig) == [1000]
