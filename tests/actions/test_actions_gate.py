"""Deletions at the gate: the budget of their credential, a turn that is given back, others who are faster."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import anyio

from monitor import store
from monitor.polling.pace import Pace
from tests.actions.bench import actions, arts, ask, deleting, finish, told

OTHER = {"access_key": "AKOTHER", "secret_key": "SKOTHER"}


async def test_a_turn_that_is_given_back_costs_an_unproven_key_nothing_and_lets_the_next_one_in() -> None:
    async with arts() as (rig, _), rig.running():
        pace = Pace(rig.store, rig.clock, "key", rate=100.0, burst=100)

        async def lost() -> int:
            return await rig.store.read(lambda conn: store.bad_signatures(conn, "key/lost") or 0)

        await pace.enter()
        assert await lost() == 1, "it is written down before it leaves"
        await pace.forgo()
        assert await lost() == 0
        with anyio.fail_after(5):
            await pace.enter()
        await pace.leave(None)
        await pace.enter()
        await pace.forgo()
        assert await lost() == 0


async def test_the_same_credential_has_one_gate_and_another_one_its_own_with_the_accounts_budget() -> None:
    async with arts() as (rig, _), rig.running():
        (watch,) = rig.poller._watches.values()
        assert len(set(map(id, watch.paces()))) == 1
    async with arts(delete_with=OTHER, budget={"requests_per_second": 3, "burst": 4}) as (rig, _), rig.running():
        (watch,) = rig.poller._watches.values()
        own, other = watch.paces()
        assert own is not other
        assert other._bucket.rate == 3


async def test_a_credential_for_deletions_that_is_refused_harms_no_poll() -> None:
    async with arts(delete_with=OTHER) as (rig, emulator), rig.running():
        await rig.poll()
        deletions = deleting(rig)
        await ask(rig, deletions, next(iter(emulator.world.jobs)))
        await finish(rig, deletions)
        assert [action.state.value for action in await actions(rig)] == ["refused"]
        assert await rig.poll() == [0.0], "the account itself is well"


async def test_what_vanishes_after_a_deletion_of_an_earlier_attempt_failed_is_gone() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        emulator.world.delete_lag = None
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await finish(rig, deletions)
        emulator.world.set_phase(victim, "Running")
        await rig.poll()
        await rig.sweep()
        emulator.world.remove(victim)
        await rig.poll()
        await rig.sweep()
        assert await told(rig) == ["deletion.requested", "deletion.failed", "job.gone"]


async def test_a_deletion_that_somebody_else_moves_meanwhile_is_left_to_them() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        deletions = deleting(rig)
        await ask(rig, deletions, next(iter(emulator.world.jobs)))

        def meanwhile() -> None:
            with closing(sqlite3.connect(rig.folder / "monitor.db")) as other:
                other.execute("update actions set state = 'refused', settled_at = 1, due_at = null")
                other.commit()

        emulator.faults.afterwards("show", meanwhile)
        await deletions.turn()
        assert emulator.requests["show"] == 1
        assert emulator.requests["delete"] == 0
        assert await told(rig) == ["deletion.requested"]
