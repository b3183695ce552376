"""The course of a deletion: asked for, read anew, archived, sent once, followed until the job is gone, told once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import anyio

from monitor import store
from monitor.actions import guard
from monitor.emulation import Reply
from monitor.model import ActionState, Asker, AskerKind
from monitor.store import BookingRow, Connection
from tests.actions.bench import NIGHTLY, actions, arts, ask, deleting, finish, studio, told
from tests.kit.made import deletion
from tests.kit.rig import Rig

FORBIDDEN = b'{"error_code":"ModelArts.0108","error_msg":"no"}'


async def test_a_finished_job_is_asked_for_once_followed_and_told_as_deleted() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        facts: dict[str, Any] = {"account": "ascend", "provider": "modelarts", "scope_id": 1, "job_id": victim}
        facts |= {"job_name": "x", "model": None, "creator": None, "labels": {}, "at": rig.clock.now(), "tokens": 0}
        booked = [BookingRow(**facts, cost=Decimal(c), currency="CNY", node_ms=1_800_000) for c in ("9", "3.5")]
        await rig.store.write(lambda conn: store.book(conn, *booked))
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
        used = deleted.data["usage"]
        assert (used["node_hours"], used["total_cost"], used["currency"]) == ("1", "12.5", "CNY")
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


async def test_the_newest_a_running_and_an_unknown_job_are_refused_at_once_and_nothing_is_sent() -> None:
    async with arts() as (rig, emulator), rig.running():
        running = emulator.world.add_job("runs", phase="Running", at=rig.clock.now() - timedelta(days=1))
        await rig.poll()
        newest = list(emulator.world.jobs)[3]
        deletions = deleting(rig)
        asked = await ask(rig, deletions, newest, running, "nobody-knows")
        assert [each.reason for each in asked] == [guard.NEWEST, guard.RUNNING.format("running"), guard.UNKNOWN]
        await finish(rig, deletions)
        assert emulator.requests["delete"] == 0
        assert await told(rig) == ["deletion.refused"] * 2, "a slip of the pen is no news"
        subjects = [event.subject for event in await rig.events("deletion.refused")]
        assert subjects == [f"job/{newest}", f"job/{running}"]
        assert [action.state.value for action in await actions(rig)] == ["refused", "refused"]


async def test_a_job_that_is_being_deleted_is_not_asked_for_twice() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        deletions = deleting(rig)
        first, second = await ask(rig, deletions, victim, victim)
        assert second.again
        assert second.action == first.action
        assert len(await actions(rig)) == 1


async def test_of_several_that_are_the_newest_together_that_is_said() -> None:
    async with arts() as (rig, emulator), rig.running():
        twin = emulator.world.add_job("twin", phase="Completed")
        await rig.poll()
        (asked,) = await ask(rig, deleting(rig), twin)
        assert asked.reason == guard.SAME.format(2)


async def test_a_refusal_that_somebody_has_just_had_is_not_told_again_and_what_is_gone_is_refused_to_nobody() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim, *_, newest = emulator.world.jobs
        deletions = deleting(rig)
        (first,) = await ask(rig, deletions, newest)
        (second,) = await ask(rig, deletions, newest)
        assert (second.action, second.reason, second.again) == (first.action, guard.NEWEST, False)
        await ask(rig, deletions, newest, by=NIGHTLY)
        assert await told(rig) == ["deletion.refused"] * 2, "another one has not heard it"
        rig.clock.advance(3700)
        await ask(rig, deletions, newest)
        assert len(await told(rig)) == 3
        await ask(rig, deletions, victim)
        await finish(rig, deletions)
        before = await told(rig)
        (gone,) = await ask(rig, deletions, victim)
        assert (gone.action, gone.reason[:26]) == (None, "it was deleted already, 20")
        assert await told(rig) == before, "it is deleted, as was wished"


async def test_a_job_that_runs_again_since_it_was_asked_for_is_refused_by_the_fresh_read_which_tells_it() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        emulator.world.set_phase(victim, "Running")
        await finish(rig, deletions)
        assert emulator.requests["delete"] == 0
        assert [action.reason for action in await actions(rig)] == [guard.RESTARTED]
        assert await rig.story(f"job/{victim}") == [
            *("deletion.requested", "job.reopened", "job.started", "deletion.refused")
        ]


async def test_a_job_that_vanished_by_another_hand_before_anything_was_sent_is_gone_and_not_deleted() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        emulator.world.remove(victim)
        await finish(rig, deletions)
        await rig.sweep()
        assert await told(rig) == ["deletion.requested", "deletion.refused", "job.gone"]


async def test_a_lost_answer_is_looked_after_before_anything_is_sent_again() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        emulator.world.delete_lag = 0.0
        emulator.faults.add(Reply(status=504, done=True), operation="delete")
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await finish(rig, deletions)
        assert emulator.requests["delete"] == 1
        assert await told(rig) == ["deletion.requested", "job.deleted"]


async def test_three_requests_without_an_answer_are_all_then_it_is_only_looked_what_comes_of_them() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        emulator.faults.add(Reply(status=502), operation="delete", times=None)
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        began = rig.clock.now()
        await finish(rig, deletions)
        (action,) = await actions(rig)
        assert (action.state, action.tries) == (ActionState.FAILED, 3)
        assert emulator.requests["delete"] == 3
        assert rig.clock.now() - began > timedelta(minutes=30)
        assert await told(rig) == ["deletion.requested", "deletion.failed"]


async def test_a_yes_that_nothing_comes_of_fails_after_half_an_hour_and_is_a_deletion_all_the_same_when_it_does() -> (
    None
):
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        emulator.world.delete_lag = None
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await finish(rig, deletions)
        (action,) = await actions(rig)
        assert "30 min later the job is still there" in action.reason
        emulator.world.remove(victim)
        await rig.poll(60.0)
        await rig.sweep()
        assert await told(rig) == ["deletion.requested", "deletion.failed", "job.deleted"]
        assert [action.state.value for action in await actions(rig)] == ["deleted"]


async def test_a_sweep_that_finds_it_out_first_tells_the_deletion_and_settles_it() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        emulator.world.delete_lag = 5.0
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        await deletions.turn()
        await rig.poll(6.0)
        await rig.sweep()
        assert await told(rig) == ["deletion.requested", "job.deleted"]
        (action,) = await actions(rig)
        assert action.state is ActionState.DELETED
        await finish(rig, deletions)
        assert await told(rig) == ["deletion.requested", "job.deleted"]


async def test_many_that_leave_because_they_are_deleted_are_no_view_that_shrank() -> None:
    async with arts() as (rig, emulator), rig.running():
        old = emulator.world.add_history(15, until=rig.clock.now() - timedelta(days=20))
        await rig.poll()
        emulator.world.delete_lag = 5.0
        for job_id in old:
            await sent(rig, job_id)
            emulator.world.remove(job_id)
        await rig.poll(6.0)
        await rig.sweep()
        assert await rig.events("account.view_shrunk") == []
        assert len(await rig.events("job.deleted")) == 15


async def sent(rig: Rig, job_id: str) -> None:
    """As if the request had gone out in another life."""

    def write(conn: Connection) -> None:
        found = store.where_known(conn, "ascend", job_id)
        assert found is not None
        known = deletion(
            id=job_id,
            account="ascend",
            scope_id=found[0],
            job_id=job_id,
            state=ActionState.SENT,
            tries=1,
            sent_at=rig.clock.now(),
            due_at=rig.clock.now() + timedelta(hours=1),
        )
        store.add_action(conn, known)

    await rig.store.write(write)


async def test_what_the_platform_forbids_ends_the_run_and_the_policy_stands_still() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        victims = list(emulator.world.jobs)[:3]
        emulator.faults.add(Reply(status=403, body=FORBIDDEN), operation="delete", times=None)
        deletions = deleting(rig)
        await ask(rig, deletions, *victims, by=NIGHTLY)
        await finish(rig, deletions)
        assert emulator.requests["delete"] == 1
        assert [action.state.value for action in await actions(rig)] == ["refused"] * 3
        assert (await told(rig)).count("cleanup.stopped") == 1
        (stopped,) = await rig.events("cleanup.stopped")
        assert stopped.data["cleanup"]["account"] == "ascend"
        assert stopped.data["cleanup"]["reason"].endswith("; 2 jobs were not tried")
        assert [event.quiet for event in await rig.events("deletion.refused")] == [False, True, True]
        emulator.faults.clear()
        await ask(rig, deletions, victims[0], by=NIGHTLY)
        await finish(rig, deletions)
        assert "stands still" in (await actions(rig))[-1].reason
        await ask(rig, deletions, victims[0])
        await finish(rig, deletions)
        assert (await actions(rig))[-1].state is ActionState.DELETED, "people may ask as they like"


async def test_a_job_that_the_platform_does_not_let_go_harms_no_other() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        first, second = list(emulator.world.jobs)[:2]
        body = b'{"error_code":"ModelArts.2878","error_msg":"no"}'
        emulator.faults.add(Reply(status=409, body=body), operation="delete")
        deletions = deleting(rig)
        await ask(rig, deletions, first, second)
        await finish(rig, deletions)
        assert [action.state.value for action in await actions(rig)] == ["refused", "deleted"]


async def test_a_read_only_account_deletes_nothing_and_another_credential_of_it_does() -> None:
    own = {"access_key": "AKDEMO", "secret_key": "SKDEMO"}
    async with arts(read_only=True) as (rig, emulator), rig.running():
        await rig.poll()
        (asked,) = await ask(rig, deleting(rig), next(iter(emulator.world.jobs)))
        assert "read_only" in asked.reason
    async with arts(read_only=True, delete_with=own) as (rig, emulator), rig.running():
        await rig.poll()
        deletions = deleting(rig)
        await ask(rig, deletions, next(iter(emulator.world.jobs)))
        await finish(rig, deletions)
        assert [action.state.value for action in await actions(rig)] == ["deleted"]


async def test_a_request_that_does_not_get_its_turn_while_the_read_is_fresh_does_not_leave() -> None:
    async with arts() as (rig, emulator), rig.running():
        emulator.world.delete_lag = 0.0
        await rig.poll()
        victim = next(iter(emulator.world.jobs))
        deletions = deleting(rig)
        await ask(rig, deletions, victim)
        emulator.faults.afterwards("show", lambda: rig.clock.advance(60.0))
        await finish(rig, deletions)
        began = await rig.events("deletion.requested")
        assert len(began) == 1, "nobody hears of it"
        assert emulator.requests["show"] == 4, "twice before it was sent, once then, and a witness"
        assert emulator.requests["delete"] == 1
        (action,) = await actions(rig)
        assert action.tries == 1


async def test_what_was_asked_for_long_ago_and_never_begun_is_not_begun() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        deletions = deleting(rig)
        await ask(rig, deletions, next(iter(emulator.world.jobs)))
        rig.clock.advance(7 * 3600.0)
        await deletions.turn()
        assert emulator.requests["delete"] == 0
        (action,) = await actions(rig)
        assert "within 6 h" in action.reason


async def test_who_follows_sees_each_step_until_all_are_settled() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        emulator.world.delete_lag = 0.0
        deletions = deleting(rig)
        asked = await ask(rig, deletions, *list(emulator.world.jobs)[:2])
        async with anyio.create_task_group() as group:
            group.start_soon(deletions.run)
            steps = deletions.follow(each.action.id for each in asked if each.action)
            seen = [{action.state.value for action in now} async for now in steps]
            group.cancel_scope.cancel()
        assert seen[-1] == {"deleted"}
        assert deletions.hung() == []


async def test_a_key_that_one_policy_saw_refused_no_other_tries_and_people_hear_it_once_of_each() -> None:
    async with arts() as (rig, emulator), rig.running():
        await rig.poll()
        first, second, third = list(emulator.world.jobs)[:3]
        emulator.faults.add(Reply(status=403, body=FORBIDDEN), operation="delete", times=None)
        deletions = deleting(rig, ("nightly", "other"))
        await ask(rig, deletions, first, by=NIGHTLY)
        await ask(rig, deletions, second, by=Asker(AskerKind.POLICY, "other"))
        await ask(rig, deletions, third)
        await finish(rig, deletions)
        assert emulator.requests["delete"] == 2, "a person may try"
        heard = [event for event in await rig.events("deletion.refused", "cleanup.stopped") if not event.quiet]
        said = [(event.type.value, event.subject) for event in heard]
        assert said == [
            ("deletion.refused", f"job/{first}"),
            ("cleanup.stopped", "cleanup/nightly"),
            ("cleanup.stopped", "cleanup/other"),
            ("deletion.refused", f"job/{third}"),
        ]
