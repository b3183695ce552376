"""A key of another place is told "there is no such job" of one that is there: that is no proof that it was deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from monitor.actions import guard, steps
from monitor.emulation import Reply
from monitor.model import ActionState
from monitor.providers import registry
from monitor.providers.model_studio.world import World
from tests.actions.bench import actions, ask, deleting, finish, studio, told
from tests.kit.clock import VirtualClock
from tests.kit.platforms import modelarts
from tests.kit.rig import Rig, rigged


async def sent(rig: Rig, emulator: Any) -> str:
    """A deletion whose request went out and was not answered, nor carried out."""
    await rig.poll()
    victim = str(emulator.world.jobs()[-1].job_id)
    emulator.faults.add(Reply(status=502), operation="delete")
    deletions = deleting(rig)
    await ask(rig, deletions, victim)
    await deletions.turn()
    assert (await actions(rig))[0].state is ActionState.SENT
    return victim


def exchanged(rig: Rig, emulator: Any, world: Any = None) -> Any:
    """The key is one of another workspace now; gives what it was before."""
    before = emulator._operations._world
    emulator._operations._world = world or World(rig.clock, seed=9, jobs=4, autoplay=False)
    return before


async def test_a_key_of_another_workspace_makes_no_job_deleted_and_the_right_one_goes_on() -> None:
    async with studio() as (rig, emulator):
        async with rig.running():
            victim = await sent(rig, emulator)
        home = exchanged(rig, emulator)
        async with rig.running():
            await rig.poll()
            await finish(rig, deleting(rig), most=100.0)
            (waiting,) = await actions(rig)
            assert (waiting.state, waiting.reason) == (ActionState.SENT, steps.BLIND)
            await rig.sweep()
            assert (await actions(rig))[0].state is ActionState.SENT
            assert "job.deleted" not in await told(rig)
        exchanged(rig, emulator, home)
        async with rig.running():
            await rig.poll()
            await finish(rig, deleting(rig))
            assert home.find(victim) is None
            assert [(each.state, each.reason) for each in await actions(rig)] == [(ActionState.DELETED, "")]
            (deleted,) = await rig.events("job.deleted")
            assert deleted.data["deletion"]["reason"] is None


async def test_what_cannot_be_proven_fails_in_the_end_and_is_then_gone_and_not_deleted() -> None:
    async with studio() as (rig, emulator), rig.running():
        victim = await sent(rig, emulator)
        exchanged(rig, emulator)
        rig.clock.advance(steps.STALE)
        await finish(rig, deleting(rig), most=60.0)
        assert [(each.state, each.reason) for each in await actions(rig)] == [(ActionState.FAILED, steps.BLIND)]
        await rig.poll(7200.0)
        await rig.sweep()
        assert (await rig.story(f"job/{victim}"))[-1] == "job.gone"


async def test_where_nothing_was_sent_it_is_refused_in_the_platforms_words() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        victim = emulator.world.jobs()[-1].job_id
        deletions = deleting(rig)
        exchanged(rig, emulator)
        await ask(rig, deletions, victim)
        await finish(rig, deletions)
        assert [(each.state, each.reason) for each in await actions(rig)] == [(ActionState.REFUSED, guard.ABSENT)]


async def test_the_one_other_job_shows_the_place_though_it_moves_on_meanwhile() -> None:
    clock = VirtualClock()
    emulator: Any = registry.emulator("modelarts")(clock, autoplay=False)
    victim = emulator.world.add_job("old", phase="Completed", at=clock.now() - timedelta(days=9))
    newest = emulator.world.add_job("newest", phase="Running", at=clock.now() - timedelta(days=1))
    async with rigged(modelarts(), {"modelarts": emulator}, clock) as rig, rig.running():
        await rig.poll()
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await deletions.turn()
        emulator.world.jobs[newest].move("Completed", clock.now())
        await rig.poll()
        await finish(rig, deletions)
        assert [each.state for each in await actions(rig)] == [ActionState.DELETED]
        assert await told(rig) == ["deletion.requested", "job.deleted"]
