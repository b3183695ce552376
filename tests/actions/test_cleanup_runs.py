"""Clean-up policies at work: they run when they are due, stop after a no or before too much, and go on when let."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from monitor import store
from monitor.actions.cleanup import LEAP, SETTLE, TICK
from monitor.emulation import Reply
from monitor.model import AskerKind
from tests.actions.bench import actions, ask, told
from tests.kit.cleaning import Cleaning, cleaning, policy
from tests.kit.clock import VirtualClock
from tests.kit.until import until

NO = b'{"error_code":"ModelArts.0108","error_msg":"no"}'


class Unticking(VirtualClock):
    """A clock on which the stage never comes to look by itself again."""

    async def sleep(self, seconds: float) -> None:
        await (anyio.sleep_forever() if seconds == TICK else super().sleep(seconds))


@pytest.fixture
async def bench() -> AsyncIterator[Cleaning]:
    async with cleaning() as found:
        yield found


async def test_a_policy_deletes_the_oldest_and_goes_on_when_it_is_due_again(bench: Cleaning) -> None:
    stage = bench.stage(policy())
    assert await bench.clean(stage) == ["newest", "old-2", "old-3", "old-4", "old-5"]
    first, _ = await actions(bench.rig)
    assert (first.asker.kind, first.asker.name) == (AskerKind.POLICY, "nightly")
    requested, *_ = await bench.rig.events("deletion.requested")
    assert requested.data["deletion"]["reason"] == "nightly: it succeeded, 19 d ago"
    assert len(await bench.clean(stage)) == 5, "it ran less than an hour ago"
    bench.rig.clock.advance(3600)
    assert await bench.clean(stage) == ["newest", "old-4", "old-5"]
    assert (await bench.rows())["nightly"].stopped_at is None


async def test_the_loop_begins_two_minutes_after_a_start_and_takes_other_policies(bench: Cleaning) -> None:
    stage = bench.stage()
    begin = bench.rig.clock.now()
    async with anyio.create_task_group() as group:
        group.start_soon(stage.run)
        async with stage.resting():
            stage.take([policy(every="1000d")], bench.rig.accounts)
        await until(lambda: bench.rung != [], why="no policy ran")
        group.cancel_scope.cancel()
    asked = await actions(bench.rig)
    assert len(asked) == 2
    assert (asked[0].requested_at - begin).total_seconds() >= 120
    assert stage.hung() == []


async def test_one_that_a_reload_brings_has_the_time_of_a_start(bench: Cleaning) -> None:
    stage = bench.stage()
    await stage.turn()
    stage.take([policy()], bench.rig.accounts)
    await stage.turn()
    assert await actions(bench.rig) == []
    bench.rig.clock.advance(SETTLE - 1)
    stage.take([policy()], bench.rig.accounts)  # as it was: its time does not begin anew
    await stage.turn()
    assert await actions(bench.rig) == []
    bench.rig.clock.advance(1)
    await stage.turn()
    assert len(await actions(bench.rig)) == 2


async def test_one_that_is_let_go_on_runs_at_once(bench: Cleaning) -> None:
    bench.rig.clock = Unticking(bench.rig.clock.now())
    stage = bench.stage(policy(at_most=20))
    async with anyio.create_task_group() as group:
        group.start_soon(stage.run)
        await until(lambda: bench.rung != [], why="no policy ran")
        bench.rung.clear()
        await bench.rig.store.write(lambda conn: store.resume_cleanup(conn, "nightly"))
        stage.ring()
        await until(lambda: bench.rung != [], why="it did not go on")
        group.cancel_scope.cancel()
    assert await told(bench.rig) == ["cleanup.stopped", "cleanup.stopped"]


async def test_one_that_is_not_enabled_asks_for_nothing(bench: Cleaning) -> None:
    assert len(await bench.clean(bench.stage(policy(enabled=False)))) == 7
    assert await told(bench.rig) == []


async def test_more_than_half_of_an_account_is_left_to_people_and_told_once(bench: Cleaning) -> None:
    stage = bench.stage(policy(at_most=20))
    assert len(await bench.clean(stage)) == 7
    bench.rig.clock.advance(7200)
    assert len(await bench.clean(stage)) == 7
    assert await told(bench.rig) == ["cleanup.stopped"]
    (stopped,) = await bench.rig.events("cleanup.stopped")
    assert stopped.data["cleanup"]["reason"] == (
        "6 of the 7 jobs of ascend would go at once, which is more than half; "
        "only a person may do that, with --yes-delete-many"
    )


async def test_one_that_would_be_too_much_beside_what_is_leaving_waits_for_that(bench: Cleaning) -> None:
    await ask(bench.rig, bench.deletions, *(bench.ids[f"old-{number}"] for number in range(3)))
    stage = bench.stage(policy())
    await stage.turn()
    assert len(await actions(bench.rig)) == 3
    assert await bench.settled() == ["newest", "old-3", "old-4", "old-5"]
    assert await bench.clean(stage) == ["newest", "old-5"]
    assert "cleanup.stopped" not in await told(bench.rig)


async def test_one_that_stands_still_goes_on_once_it_is_changed_and_through_a_restart(bench: Cleaning) -> None:
    assert len(await bench.clean(bench.stage(policy(at_most=20)))) == 7
    assert len(await bench.clean(bench.stage(policy(at_most=20)))) == 7, (
        "a restart with the same policy changes nothing"
    )
    assert len(await bench.clean(bench.stage(policy(at_most=3)))) == 4


async def test_one_that_stands_still_goes_on_once_somebody_lets_it(bench: Cleaning) -> None:
    bench.emulator.faults.add(Reply(status=403, body=NO), operation="delete", times=None)
    stage = bench.stage(policy())
    assert len(await bench.clean(stage)) == 7
    assert (await told(bench.rig)).count("cleanup.stopped") == 1
    assert [action.state.value for action in await actions(bench.rig)] == ["refused", "refused"]
    bench.rig.clock.advance(7200)
    assert len(await bench.clean(stage)) == 7
    assert len(await actions(bench.rig)) == 2, "it asks for nothing while it stands still"
    bench.emulator.faults.clear()
    await bench.rig.store.write(lambda conn: store.resume_cleanup(conn, "nightly"))
    assert len(await bench.clean(stage)) == 5, "and tries at once what was refused before"


async def test_only_what_the_policy_takes_that_was_let_go_on_is_tried_anew(bench: Cleaning) -> None:
    bench.emulator.faults.add(Reply(status=403, body=NO), operation="delete", times=None)
    first, second = policy(when='job.name == "old-0"'), policy(name="other", when='job.name == "old-1"')
    stage = bench.stage(first, second)
    assert len(await bench.clean(stage)) == 7
    bench.emulator.faults.clear()
    await bench.rig.store.write(lambda conn: store.resume_cleanup(conn, "nightly"))
    assert "old-0" not in await bench.clean(stage)
    bench.rig.clock.advance(7200)
    assert "old-1" in await bench.clean(stage), "the other one stands still"


async def test_what_the_platform_refused_a_person_is_left_alone_by_policies_as_well(bench: Cleaning) -> None:
    bench.emulator.faults.add(Reply(status=403, body=NO), operation="delete", times=None)
    await ask(bench.rig, bench.deletions, bench.ids["old-0"], bench.ids["old-1"])
    assert len(await bench.settled()) == 7
    bench.emulator.faults.clear()
    assert (await bench.rows()) == {}, "no policy stands still for it"
    stage = bench.stage(policy(at_most=1))
    await bench.rig.store.write(lambda conn: store.cleanup_ran(conn, "nightly", bench.rig.clock.now()))
    bench.rig.clock.advance(3600)
    left = await bench.clean(stage)
    assert "old-0" in left
    assert "old-1" not in left, "nothing was sent of the second one"


async def test_a_clock_that_is_ahead_of_the_platforms_makes_no_job_older(bench: Cleaning) -> None:
    (row,) = [row for row in await bench.rig.store.read(store.list_scopes) if row.scope.watch == "jobs"]
    assert row.last_good is not None
    behind = row.last_good - timedelta(days=12)
    await bench.rig.store.write(lambda conn: store.update_scope(conn, row.id, last_good_platform=behind))
    assert await bench.clean(bench.stage(policy())) == [*("newest", "old-1", "old-2", "old-3", "old-4", "old-5")]


async def test_after_a_leap_of_the_clock_polls_see_first_how_things_are(bench: Cleaning) -> None:
    stage = bench.stage(policy(after="60d"))
    assert len(await bench.clean(stage)) == 7
    bench.rig.clock._now += timedelta(days=300)
    assert len(await bench.clean(stage)) == 7
    bench.rig.clock.advance(LEAP)
    assert len(await bench.clean(stage)) == 5, "so it is, and polls have seen no other time"


async def test_that_a_policy_goes_on_is_told_once_whatever_lets_it(bench: Cleaning, tmp_path: Path) -> None:
    much = policy(at_most=20)
    await bench.clean(bench.stage(much))
    ask = bench.asking(tmp_path, much)
    assert (await ask.reply("/cleanup/nightly/resume", "POST", who="socket uid 1000 (ann)")).status == 200
    await bench.clean(bench.stage(much))
    await bench.clean(bench.stage(policy(at_most=19)))
    await bench.clean(bench.stage(policy(at_most=19, enabled=False)))
    await bench.clean(bench.stage(policy(at_most=19, enabled=False)))
    await bench.clean(bench.stage(much))
    await bench.clean(bench.stage())
    assert await told(bench.rig) == ["cleanup.stopped", "cleanup.resumed"] * 4
    found = [event.data["cleanup"] for event in await bench.rig.events("cleanup.resumed")]
    assert [(each["why"], each["by"]) for each in found] == [
        ("resumed", "ann"),
        ("changed", None),
        ("off", None),
        ("removed", None),
    ]
    assert all(each["reason"].startswith("6 of the 7 jobs") and each["since"] for each in found)
    assert (await bench.rows())["nightly"].stopped_at is None
