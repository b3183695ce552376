"""What ends a deletion that nobody wants any more, or that is over: nothing goes out late, nothing is told twice."""

from __future__ import annotations

from datetime import timedelta

from monitor.actions import forlorn, guard, steps
from monitor.emulation import Reply
from monitor.model import ActionState
from tests.actions.bench import NIGHTLY, actions, arts, ask, deleting, finish, studio, told
from tests.kit.platforms import model_studio, modelarts


async def test_what_a_policy_asked_for_is_not_begun_once_the_policy_is_off() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victims = list(emulator.world.jobs)[:2]
        enabled = {"nightly"}
        deletions = deleting(rig, enabled)
        await ask(rig, deletions, *victims, by=NIGHTLY)
        enabled.clear()
        await finish(rig, deletions)
        assert emulator.requests["delete"] == 0
        assert {action.reason for action in await actions(rig)} == {"the policy nightly is not enabled any more"}
        await ask(rig, deletions, victims[0])
        await finish(rig, deletions)
        assert victims[0] not in emulator.world.jobs, "people may ask as they like"


async def test_a_request_without_an_answer_is_not_sent_again_long_after_somebody_asked() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        emulator.faults.add(Reply(status=502), operation="delete")
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await deletions.turn()
        assert (await actions(rig))[0].state is ActionState.SENT
        rig.clock.advance(30 * 86400.0)  # nobody was there to go on with it
        await finish(rig, deletions)
        assert emulator.requests["delete"] == 1
        assert [action.state for action in await actions(rig)] == [ActionState.FAILED]


async def test_a_platform_that_always_turns_it_away_is_not_asked_for_ever() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.faults.add(Reply(status=429), operation="delete", times=3)
        emulator.faults.add(Reply(status=429, headers={"Retry-After": "600"}), operation="delete", times=None)
        deletions = deleting(rig)
        await ask(rig, deletions, next(iter(emulator.world.jobs)))
        began = rig.clock.now()
        await finish(rig, deletions, most=2 * 86400.0)
        assert [action.state for action in await actions(rig)] == [ActionState.FAILED]
        assert 30 < emulator.requests["delete"] < 40, "as often as the platform said"
        assert rig.clock.now() - began < timedelta(hours=7)


async def test_a_listing_that_shows_a_deleted_job_a_while_longer_makes_it_no_job_that_is_gone() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        kept = emulator.world.jobs[victim]
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await finish(rig, deletions)
        emulator.world.add_job(kept.name, phase=kept.phase, at=kept.created, id=victim)
        await rig.poll(60.0)
        await rig.sweep()
        emulator.world.remove(victim)
        await rig.poll(60.0)
        await rig.sweep()
        assert await told(rig) == ["deletion.requested", "job.deleted"]


async def test_a_newer_job_that_is_not_looked_at_any_more_does_not_make_the_newest_one_an_older_one() -> None:
    async with studio() as (rig, emulator):
        newest = emulator.world.add_job("SUCCEEDED", model="qwen3-8b", base_model="qwen3-8b")
        rig.clock.advance(60.0)
        emulator.world.add_job("SUCCEEDED")
        address = rig.accounts[0].model_dump()["endpoint"].removesuffix("/api/v1")
        async with rig.running():
            await rig.poll()
        rig.accounts = model_studio(jobs={"model": "qwen3-8b"})(address)
        rig.clock.advance(7200.0)
        async with rig.running():
            await rig.poll()
            deletions = deleting(rig)
            await ask(rig, deletions, newest)
            await finish(rig, deletions)
            assert [action.reason for action in await actions(rig)] == [guard.NEWEST]
            assert emulator.requests["delete"] == 0


async def test_what_a_reload_has_ended_between_the_read_and_the_request_sends_nothing() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        address = rig.accounts[0].model_dump()["endpoint"]
        after = modelarts(read_only=True)(address)
        (fresh,) = rig.poller.built(after)
        (before,) = rig.poller._watches.values()

        def reload() -> None:
            before._scope.cancel()
            rig.poller.take(after, [fresh], {})

        emulator.faults.afterwards("show", reload)
        await finish(rig, deletions)
        assert emulator.requests["delete"] == 0
        assert ["read_only" in action.reason for action in await actions(rig)] == [True]


async def test_a_clock_that_is_set_right_again_is_seen_before_long() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        deletions = deleting(rig)
        await ask(rig, deletions, next(iter(emulator.world.jobs)))
        rig.clock._now -= timedelta(hours=3)
        wait = await deletions.turn()
        assert wait is not None
        assert wait <= 300.0


async def test_a_clock_that_is_set_back_makes_nothing_wait_for_what_it_said_before() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        victim, other = [job.job_id for job in emulator.world.jobs()[-2:]]
        emulator.world.delete_lag = None
        deletions = deleting(rig)
        await ask(rig, deletions, victim, other)
        wait = await deletions.turn()
        assert wait is not None
        assert {action.state for action in await actions(rig)} == {ActionState.ACCEPTED}
        rig.clock._now -= timedelta(days=1)
        emulator.world.remove(victim)
        emulator.world.remove(other)
        began = rig.clock.monotonic()
        await finish(rig, deletions, most=600.0)
        assert [action.state for action in await actions(rig)] == [ActionState.DELETED] * 2
        assert rig.clock.monotonic() - began < 120.0
        assert emulator.requests["get"] < 20


async def test_a_clock_that_is_set_back_makes_nobody_look_for_as_long_at_a_job_that_stays() -> None:
    async with studio() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.world.delete_lag = None
        deletions = deleting(rig)
        await ask(rig, deletions, emulator.world.jobs()[-1].job_id)
        await deletions.turn()
        rig.clock._now -= timedelta(days=1)
        await finish(rig, deletions, most=2 * steps.PATIENCE)
        assert [action.state for action in await actions(rig)] == [ActionState.FAILED]


async def test_nor_where_it_was_set_back_while_nobody_was_there() -> None:
    async with studio() as (rig, emulator):
        async with rig.running():
            await rig.poll()
            deletions = deleting(rig)
            victim = emulator.world.jobs()[-1].job_id
            emulator.world.delete_lag = None
            await ask(rig, deletions, victim)
            await deletions.turn()
        rig.clock._now -= timedelta(days=1)
        emulator.world.remove(victim)
        async with rig.running():
            began = rig.clock.monotonic()
            await finish(rig, deleting(rig), most=600.0)
            assert [action.state for action in await actions(rig)] == [ActionState.DELETED]
            assert rig.clock.monotonic() - began < 600.0


async def test_what_is_open_of_an_account_that_left_the_config_ends_and_is_told_once() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        sent, unsent = list(emulator.world.jobs)[:2]
        emulator.faults.add(Reply(status=502), operation="delete")
        deletions = deleting(rig)
        await ask(rig, deletions, sent)
        await deletions.turn()
        await ask(rig, deletions, unsent)
        accounts, at_work = rig.accounts, rig.poller._watches.copy()
        rig.poller.take([], [], {})
        assert await deletions.turn() == forlorn.GRACE
        assert not any(action.state.settled for action in await actions(rig)), "a reload may be under way"
        rig.clock.advance(forlorn.GRACE)
        await finish(rig, deletions)
        found = {action.job_id: (action.state, action.reason) for action in await actions(rig)}
        assert found[sent] == (ActionState.FAILED, forlorn.UNSEEN)
        assert found[unsent] == (ActionState.REFUSED, forlorn.AWAY)
        kept = ["deletion.requested", "deletion.requested", "deletion.failed", "deletion.refused"]
        assert await told(rig) == kept
        assert {event.data["account"]["provider"] for event in await rig.events("deletion.*")} == {"modelarts"}
        rig.poller.take(accounts, list(at_work.values()), {})
        emulator.world.remove(sent)
        await rig.poll()
        await rig.sweep()
        assert await told(rig) == [*kept, "job.deleted"], "it was, as far as anybody can say"


async def test_a_request_without_an_answer_fails_where_the_account_may_not_delete_any_more() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.faults.add(Reply(status=502), operation="delete")
        deletions = deleting(rig)
        await ask(rig, deletions, next(iter(emulator.world.jobs)))
        await deletions.turn()
        after = modelarts(read_only=True)(rig.accounts[0].model_dump()["endpoint"])
        rig.poller.take(after, rig.poller.built(after), {})
        await finish(rig, deletions)
        assert emulator.requests["delete"] == 1
        (action,) = await actions(rig)
        assert (action.state, "read_only" in action.reason) == (ActionState.FAILED, True)
