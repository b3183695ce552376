"""The course of a deletion: asked for, read anew, archived, sent once, followed until the job is gone, told once."""

from __future__ import annotations

from monitor.model import ActionState
from tests.actions.bench import actions, arts, ask, deleting, finish, studio, told


async def test_a_finished_job_is_asked_for_once_followed_and_told_as_deleted() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        deletions = deleting(rig)
        (asked,) = await ask(rig, deletions, victim)
        assert asked.action is not None
        assert not asked.reason
        await finish(rig, deletions)
        (action,) = await actions(rig)
        assert action.state is ActionState.DELETED
        assert action.tries == 1
        assert emulator.requests["delete"] == 1
        assert victim not in emulator.world.jobs
        assert await told(rig) == ["deletion.requested", "job.deleted"]
        (deleted,) = await rig.events("job.deleted")
        assert deleted.data["deletion"]["asked_by"] == {"kind": "user", "name": "ann"}
        assert deleted.severity.value == "info"
        await rig.poll()
        await rig.sweep()
        assert await told(rig) == ["deletion.requested", "job.deleted"], "polling has nothing to add"


async def test_model_studio_deletes_likewise() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        victim = emulator.world.jobs()[-1].job_id
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await finish(rig, deletions)
        assert [action.state.value for action in await actions(rig)] == ["deleted"]
        assert await told(rig) == ["deletion.requested", "job.deleted"]
