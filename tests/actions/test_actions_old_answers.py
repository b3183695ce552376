"""An answer that was asked for before another one, and comes after it, takes nothing back that is known by then."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from monitor import store
from monitor.emulation import Held
from monitor.model import ActionState
from tests.actions.bench import actions, arts, ask, deleting
from tests.kit.rig import Rig
from tests.kit.until import until


async def state(rig: Rig, job_id: str) -> str:
    found = await rig.store.read(lambda conn: store.where_known(conn, rig.accounts[0].name, job_id))
    assert found is not None
    return str(found[2].job.state.value)


async def test_a_poll_that_asked_before_the_deletion_read_does_not_take_back_what_that_saw() -> None:
    async with arts() as (rig, emulator), rig.running():
        for age in range(60):  # more than a page
            emulator.world.add_job(
                f"older-{age}", phase="Completed", at=rig.clock.now() - timedelta(days=20, hours=age)
            )
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        emulator.world.set_phase(victim, "Failed")
        first = asyncio.Event()
        emulator.faults.add(Held(until=first), operation="search")
        asked = emulator.requests["search"]
        poll = asyncio.ensure_future(rig.poll())
        await until(lambda: emulator.requests["search"] > asked, within=30.0, why="nobody polls")
        emulator.world.set_phase(victim, "Running")
        turn = asyncio.ensure_future(deletions.turn())
        (watch,) = rig.poller._watches.values()
        await until(lambda: watch.pace._one.statistics().tasks_waiting == 1, within=30.0, why="nobody deletes")
        first.set()  # the read of the deletion comes now, and the second page of the poll after it
        await turn
        await poll
        assert emulator.requests["search"] > asked + 1
        assert await state(rig, victim) == "running"
        assert (await rig.story(f"job/{victim}")).count("job.finished") == 0
        await rig.poll()
        assert await state(rig, victim) == "running"


async def test_a_deletion_whose_read_a_poll_has_overtaken_reads_again() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        answer = asyncio.Event()
        emulator.faults.add(Held(until=answer), operation="show")
        turn = asyncio.ensure_future(deletions.turn())
        await until(lambda: emulator.requests["show"] == 1, within=30.0, why="nobody reads it")
        emulator.world.set_phase(victim, "Running")
        await rig.store.write(lambda conn: another(conn, rig, victim))
        answer.set()
        await turn
        assert emulator.requests["delete"] == 0
        assert emulator.requests["show"] == 2
        assert [action.state for action in await actions(rig)] == [ActionState.REFUSED]


def another(conn: Any, rig: Rig, job_id: str) -> None:
    """Another writer has seen it move."""
    found = store.where_known(conn, rig.accounts[0].name, job_id)
    assert found is not None
    scope_id, _, known = found
    after = replace(known, revision=known.revision + 1)
    write = store.JobWrite(known=after, previous_revision=known.revision, hash=None, significant=None)
    store.save_jobs(conn, scope_id, [write], now=rig.clock.now())
