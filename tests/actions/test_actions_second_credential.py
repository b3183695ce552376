"""A credential of its own for deletions: it deletes, and what it cannot see is not taken for gone."""

from __future__ import annotations

from monitor.model import ActionState
from monitor.providers.model_studio.emulator import refusal
from tests.actions.bench import actions, arts, ask, deleting, finish, studio, told


async def test_the_second_credential_deletes_for_an_account_that_may_only_read() -> None:
    own = {"access_key": "AKDEL", "secret_key": "SKDEL"}
    async with arts(read_only=True, delete_with=own) as (rig, emulator), rig.running():
        emulator.entrance.keys["AKDEL"] = "SKDEL"
        await rig.poll()
        first, second, *_ = emulator.world.jobs
        deletions = deleting(rig)
        await ask(rig, deletions, first)
        await finish(rig, deletions)
        emulator.entrance.keys["AKDEL"] = "SKOTHER"
        await ask(rig, deletions, second)
        await finish(rig, deletions)
        assert emulator.entrance.bad_signatures == 1, "it is the second one that signs"
        assert (first in emulator.world.jobs, second in emulator.world.jobs) == (False, True)
        assert [action.state for action in await actions(rig)] == [ActionState.DELETED, ActionState.REFUSED]


async def test_a_key_that_does_not_see_the_job_has_not_deleted_it() -> None:
    async with studio(delete_with={"api_key": "sk-demo"}, api_key="sk-demo2") as (rig, emulator), rig.running():
        emulator._api_keys = frozenset({"sk-demo", "sk-demo2"})
        await rig.poll()
        victim = emulator.world.jobs()[-1].job_id
        emulator.faults.add(refusal(404, "NotFound"), operation="delete")
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await finish(rig, deletions)
        (action,) = await actions(rig)
        assert action.state is ActionState.REFUSED
        assert "does not see the job" in action.reason
        assert await told(rig) == ["deletion.requested", "deletion.refused"]
        assert emulator.world.find(victim) is not None


async def test_the_same_key_is_believed_when_it_says_that_the_job_is_gone() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        victim = emulator.world.jobs()[-1].job_id
        emulator.faults.afterwards("get", lambda: emulator.world.remove(victim))
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await finish(rig, deletions)
        assert [action.state for action in await actions(rig)] == [ActionState.DELETED]
        assert await told(rig) == ["deletion.requested", "job.deleted"]
