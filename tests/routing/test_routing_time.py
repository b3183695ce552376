"""Rules in time on a real store: what falls due is told once and at its moment, whatever happens to the daemon."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitor.diff import baselined, monitor_started, silence_added, unreachable
from monitor.model import Account, EventType, Reason
from monitor.routing import Router
from monitor.store import SilenceRow, add_silence, get_silence, load_rule_state, read_events
from tests.kit.outbox import eventually, job_event, stored

STUCK = {"name": "stuck", "on": ["job.queued"], "for": "30m"}
HOUR, DAY = 3600.0, 86_400.0


async def happened(on: Any, job: str, type: EventType, **more: Any) -> Any:
    (event,) = await stored(on.store, job_event(job, on.clock.now(), type=type, **more))
    return event


async def through(router: Router) -> None:
    while await router.turn():
        pass


async def passes(on: Any, seconds: float) -> None:
    """Time passes, and whatever the router has to do by then is done."""
    on.clock.advance(seconds)
    await eventually(lambda: on.clock._sleepers and on.clock._sleepers[0][0] > on.clock.now())


async def told(on: Any) -> list[tuple[str, Reason, list[str]]]:
    return [(each.rule, each.reason, [event.subject for event in each.events]) for each in await on.said()]


class Eyes:
    """What is unseen."""

    def __init__(self, *unseen: str) -> None:
        self.unseen: Iterable[str] = unseen

    def __call__(self) -> Iterable[str]:
        return self.unseen


STUCK_TOLD = ("stuck", Reason.NEW, ["job/x"])


async def test_a_timer_is_told_at_its_moment_without_any_event(desk: Any, rules: Any) -> None:
    async with desk() as on:
        event = await happened(on, "x", EventType.JOB_QUEUED)
        async with on.running(rules({**STUCK, "for": "22s"})):
            for pause in (5, 5, 5, 5):
                await eventually(lambda: on.clock._sleepers)
                assert on.clock._sleepers[0][0] == on.clock.now() + timedelta(seconds=pause)
                await passes(on, pause)
            assert on.woken == []
            assert on.clock._sleepers[0][0] == event.detected_at + timedelta(seconds=22)
            on.clock.advance(2)
            await eventually(lambda: on.woken)
        (said,) = await on.said()
    assert (said.events, said.created_at) == ((event,), event.detected_at + timedelta(seconds=22))


async def test_a_restart_neither_loses_nor_renews_a_timer(desk: Any, rules: Any) -> None:
    async with desk() as on:
        await happened(on, "x", EventType.JOB_QUEUED)
        for _ in range(29):
            await on.route(rules(STUCK))
            on.clock.advance(60)
        assert await told(on) == []
        on.clock.advance(60)
        for _ in range(3):
            await on.route(rules(STUCK))
            assert await told(on) == [STUCK_TOLD]
            on.clock.advance(HOUR)


async def test_what_fell_due_while_the_daemon_was_down_is_told_once_and_only_after_a_look(
    desk: Any, rules: Any
) -> None:
    async with desk() as on:
        await happened(on, "x", EventType.JOB_QUEUED)
        await on.route(rules(STUCK))
        on.clock.advance(5 * HOUR)
        eyes = Eyes("acc|jobs")
        router = on.router(rules(STUCK), unseen=eyes)
        for _ in range(5):
            await through(router)
            on.clock.advance(60)
        assert await told(on) == []
        eyes.unseen = ()
        for _ in range(3):
            await through(router)
        (said,) = await on.said()
    assert said.created_at == on.clock.now()
    assert "5 h" in said.text.title
    assert "late" in said.text.plain


async def test_an_end_that_the_first_poll_after_the_restart_finds_cancels_what_fell_due_meanwhile(
    desk: Any, rules: Any
) -> None:
    async with desk() as on:
        await happened(on, "x", EventType.JOB_QUEUED)
        await on.route(rules(STUCK))
        on.clock.advance(HOUR)
        eyes = Eyes("acc|jobs")
        router = on.router(rules(STUCK), unseen=eyes)
        await through(router)
        on.clock.advance(200)
        eyes.unseen = ()
        await happened(on, "x", EventType.JOB_STARTED)
        on.clock.advance(1)
        await through(router)
        on.clock.advance(HOUR)
        await through(router)
        assert await told(on) == []
        assert await rows_about(on, "followed") == []


async def test_an_end_behind_a_full_batch_of_that_poll_cancels_it_too(desk: Any, rules: Any) -> None:
    async with desk() as on:
        await happened(on, "x", EventType.JOB_QUEUED)
        await on.route(rules(STUCK))
        on.clock.advance(HOUR)
        eyes = Eyes("acc|jobs")
        router = on.router(rules(STUCK), unseen=eyes)
        await through(router)
        on.clock.advance(200)
        eyes.unseen = ()
        await stored(on.store, *(job_event(f"j{n}", on.clock.now()) for n in range(300)))
        await happened(on, "x", EventType.JOB_STARTED)
        await through(router)
        assert await told(on) == []


async def rows_about(on: Any, table: str) -> list[str]:
    return [key for key in await on.store.read(load_rule_state) if key.startswith(f"{table}/")]


async def test_after_a_start_timers_wait_for_what_the_first_polls_commit(desk: Any, rules: Any) -> None:
    async with desk() as on:
        await happened(on, "x", EventType.JOB_QUEUED)
        await on.route(rules(STUCK))
        on.clock.advance(HOUR)
        eyes = Eyes("acc|jobs")
        router = on.router(rules(STUCK), unseen=eyes)
        await stored(on.store, monitor_started(version="1", now=on.clock.now()))
        await through(router)
        on.clock.advance(59)
        eyes.unseen = ()
        await through(router)
        assert await told(on) == []
        on.clock.advance(1)
        await through(router)
        assert await told(on) == [STUCK_TOLD]


async def test_a_new_baseline_that_is_told_nobody_ends_what_waits_at_the_endpoint_before(desk: Any, rules: Any) -> None:
    async with desk() as on:
        await happened(on, "x", EventType.JOB_QUEUED)
        router = on.router(rules(STUCK))
        await through(router)
        on.clock.advance(60)
        asked = on.clock.now()
        await happened(on, "new", EventType.JOB_QUEUED)  # what the walk of the new one finds
        about = {"watch": "jobs", "counts": {}, "first_run": "silent", "since": asked}
        await stored(on.store, baselined(Account(name="acc", provider="modelarts"), now=on.clock.now(), **about))
        await through(router)
        assert await rows_about(on, "followed") == ["followed/acc|job/new"]
        on.clock.advance(HOUR)
        await through(router)
        assert await told(on) == [("stuck", Reason.NEW, ["job/new"])]


async def test_a_removed_rule_waits_for_nothing_and_what_it_kept_goes_out(desk: Any, rules: Any) -> None:
    window = {"between": ["07:00", "19:00"]}
    held = {"name": "held", "on": ["job.finished"], "hold": window, "notify": ["b"]}
    async with desk() as on:
        await happened(on, "x", EventType.JOB_QUEUED)
        ended = await happened(on, "y", EventType.JOB_FINISHED)
        await on.route(rules(STUCK, held))
        assert await told(on) == []
        on.clock.advance(60)
        await on.route(rules({"name": "other", "on": ["flavor.*"]}))
        assert [(each.rule, each.events) for each in await on.said()] == [("held", (ended,))]
        on.clock.advance(DAY)
        await on.route(rules({"name": "other", "on": ["flavor.*"]}))
        assert len(await on.rows()) == 1
        assert await rows_about(on, "piles") == await rows_about(on, "followed") == []


async def test_nobody_is_reminded_of_an_account_that_is_not_in_the_config_any_more(desk: Any, rules: Any) -> None:
    remind = {"name": "dark", "on": ["account.unreachable"], "remind_every": "1h", "notify": ["a"]}
    async with desk() as on:
        about = {"watch": "jobs", "reason": "r", "hint": "h", "since": on.clock.now(), "failures": 3}
        for name in ("gone", "kept"):
            account = Account(name=name, provider="modelarts")
            await stored(on.store, unreachable(account, now=on.clock.now(), **about))
        await on.route(rules(remind))
        on.clock.advance(HOUR)
        await on.route(rules(remind), watched=lambda: {"kept|jobs"})
        said = [(each.reason, [event.account for event in each.events]) for each in await on.said()]
        assert said == [(Reason.NEW, ["gone"]), (Reason.NEW, ["kept"]), (Reason.REMINDER, ["kept"])]
        assert await rows_about(on, "followed") == ["followed/kept|account/kept"]


async def test_a_changed_rule_keeps_its_timers_and_tells_by_its_new_words(desk: Any, rules: Any) -> None:
    async with desk() as on:
        await happened(on, "x", EventType.JOB_QUEUED)
        await on.route(rules(STUCK))
        on.clock.advance(1800)
        await on.route(rules({**STUCK, "for": "10h", "notify": ["b"], "title": "anew"}))
        assert [(row.rule, row.sink) for row in await on.rows()] == [("stuck", "b")]
        assert [each.text.title for each in await on.said()] == ["anew"]


@pytest.mark.parametrize("by", [DAY, -DAY])
async def test_a_clock_that_is_set_neither_fires_early_nor_waits_a_day(by: float, desk: Any, rules: Any) -> None:
    async with desk() as on:
        router = on.router(rules(STUCK, {"name": "again", "on": ["job.started"], "remind_every": "30m"}))
        await stored(on.store, monitor_started(version="1", now=on.clock.now()))
        await happened(on, "x", EventType.JOB_QUEUED)
        await happened(on, "y", EventType.JOB_STARTED)
        await through(router)
        on.clock.advance(10)
        on.clock.set(by)
        await through(router)
        on.clock.advance(1700)
        await through(router)
        assert await told(on) == [("again", Reason.NEW, ["job/y"])]
        on.clock.advance(90)
        await through(router)
        assert sorted((await told(on))[1:]) == [("again", Reason.REMINDER, ["job/y"]), STUCK_TOLD]
        titles = {(said.rule, said.reason): said.text.title for said in await on.said()}
    assert titles["again", Reason.REMINDER].endswith("is still running, for 30 min (2nd message)")
    assert titles["stuck", Reason.NEW].endswith("has been in the queue for 30 min")


async def test_a_store_that_fails_between_loses_nothing_and_tells_nothing_twice(
    desk: Any, rules: Any, tmp_path: Path
) -> None:
    async with desk() as on:
        set_ = rules(STUCK, {"name": "all", "on": ["job.*"], "group_by": [], "group_wait": "30m"})
        await happened(on, "x", EventType.JOB_QUEUED)
        async with on.running(set_):
            await eventually(lambda: on.clock._sleepers)
            for table in ("rule_state", "notifications", "deliveries", "cursors"):
                await happened(on, f"of-{table}", EventType.JOB_STARTED)
                with sqlite3.connect(tmp_path / "monitor.db", isolation_level=None, timeout=10) as breaker:
                    breaker.execute(
                        f"create trigger broken before insert on {table} begin select raise(abort, 'not today'); end"
                    )
                    for _ in range(32):
                        await passes(on, 30)
                    breaker.execute("drop trigger broken")
                breaker.close()
            await passes(on, 5)
            await passes(on, HOUR)
        found = await told(on)
    assert found.count(STUCK_TOLD) == 1
    grouped = [subject for rule, _, subjects in found if rule == "all" for subject in subjects]
    assert sorted(grouped) == sorted(
        ["job/x", *(f"job/of-{t}" for t in ("rule_state", "notifications", "deliveries", "cursors"))]
    )


async def test_a_silence_that_ends_by_itself_is_marked_and_is_one_quiet_event(desk: Any, rules: Any) -> None:
    async with desk() as on:
        now, until = on.clock.now(), on.clock.now() + timedelta(hours=1)
        row = SilenceRow(id="s", match="job.name == 'x'", owner="ann", comment="c", starts_at=now, ends_at=until)
        await on.store.write(partial(add_silence, row=row))
        about = {"match": row.match, "owner": "ann", "comment": "c", "start": now, "until": until}
        await stored(on.store, silence_added("s", **about, by="ann", now=now))
        router = on.router(rules({"name": "all"}))
        await happened(on, "x", EventType.JOB_FINISHED)
        await happened(on, "y", EventType.JOB_FINISHED)
        await through(router)
        assert [subjects for _, _, subjects in await told(on)] == [["job/y"]]
        on.clock.advance(HOUR)
        await through(router)
        found = await on.store.read(partial(get_silence, id="s"))
        (ended,) = await on.store.read(partial(read_events, types=["silence.ended"]))
        await through(on.router(rules({"name": "all"})))
        assert len(await on.store.read(partial(read_events, types=["silence.ended"]))) == 1
    assert (found.ended_at, found.ended_by, found.hidden) == (until, None, 1)
    assert (ended.quiet, ended.data["hidden"]) == (True, 1)
