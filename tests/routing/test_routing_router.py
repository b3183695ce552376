"""Routing on a real store: each event once and in order, whatever is restarted, replaced or broken in between."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio

from monitor.model import EventType, Reason, Severity
from monitor.store import last_seq, open_store, read_events, set_cursor
from tests.kit.outbox import eventually, job_event, stored


async def test_an_event_becomes_a_notification_and_a_delivery_for_each_sink(desk: Any, rules: Any) -> None:
    async with desk() as on:
        (event,) = await stored(on.store, job_event("x", on.clock.now()))
        await on.route(rules({"name": "all", "notify": ["a", "b"]}))
        rows, said = await on.rows(), await on.said()
        assert await on.cursor() == event.seq
    assert [(row.rule, row.sink) for row in rows] == [("all", "a"), ("all", "b")]
    assert [each.events for each in said] == [(event,), (event,)]
    assert on.woken == [{"a", "b"}]


async def test_reading_the_same_events_again_tells_nothing_twice(desk: Any, rules: Any) -> None:
    async with desk() as on:
        await stored(on.store, *(job_event(f"j{n}", on.clock.now()) for n in range(5)))
        set_ = rules({"name": "all"}, {"name": "also", "notify": ["b"]})
        await on.route(set_)
        before = await on.rows()
        await on.store.write(lambda conn: set_cursor(conn, "routing", 0))
        on.clock.advance(99)
        await on.route(set_)
        assert await on.rows() == before
    assert len(before) == 10


async def test_a_transaction_that_fails_leaves_no_half_of_it(desk: Any, rules: Any, tmp_path: Path) -> None:
    async with desk() as on:
        await stored(on.store, job_event("x", on.clock.now()))
        await on.store.write(lambda conn: None)
        breaker = sqlite3.connect(tmp_path / "monitor.db")
        breaker.execute(
            "create trigger broken before insert on cursors begin select raise(abort, 'no cursor today'); end"
        )
        breaker.commit()
        async with on.running(rules({"name": "all"})):
            await eventually(lambda: on.clock._sleepers)
            assert await on.rows() == []
            breaker.execute("drop trigger broken")
            breaker.commit()
            breaker.close()

            async def told() -> bool:
                on.clock.advance(1)
                return len(await on.rows()) == 1

            await eventually(told)
        assert await on.cursor() == 1


async def test_who_stops_it_does_not_wait_for_the_store_to_come_back(desk: Any, rules: Any) -> None:
    async with desk() as on:
        await stored(on.store, job_event("x", on.clock.now()))
        await on.store.write(lambda conn: conn.exec_driver_sql("alter table cursors rename to gone"))
        with anyio.fail_after(30):
            async with on.running(rules({"name": "all"})):
                ((end, _),) = await eventually(lambda: on.clock._sleepers)
                on.bell.ring()
                await on.store.read(last_seq)
                assert [at for at, _ in await eventually(lambda: on.clock._sleepers)] == [end]


async def test_more_events_than_a_batch_are_told_in_their_order(desk: Any, rules: Any) -> None:
    async with desk() as on:
        events = await stored(on.store, *(job_event(f"j{n}", on.clock.now()) for n in range(600)))
        await on.route(rules({"name": "all"}))
        said = await on.said()
    assert [each.events[0].seq for each in said] == [event.seq for event in events]


async def test_quiet_events_are_passed_over_unread(desk: Any, rules: Any) -> None:
    async with desk() as on:
        now = on.clock.now()
        await stored(on.store, *(job_event(f"q{n}", now, quiet=True) for n in range(300)), job_event("x", now))
        await stored(on.store, *(job_event(f"r{n}", now, quiet=True) for n in range(10)))
        await on.route(rules({"name": "all"}))
        assert [each.events[0].subject for each in await on.said()] == ["job/x"]
        assert await on.cursor() == await on.store.read(last_seq)


async def test_the_bell_wakes_at_once_and_without_it_the_tick_does(desk: Any, rules: Any, tmp_path: Path) -> None:
    async with desk() as on, on.running(rules({"name": "all"})):
        await eventually(lambda: on.clock._sleepers)
        await stored(on.store, job_event("x", on.clock.now()))
        on.bell.ring()
        await eventually(lambda: len(on.woken) == 1)
        other = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=False)
        await stored(other, job_event("y", on.clock.now()))
        await other.aclose()
        await eventually(lambda: len(on.woken) == 2 or on.clock.advance(1))
        assert [each.events[0].subject for each in await on.said()] == ["job/x", "job/y"]


async def test_late_events_are_held_and_told_in_one_message_even_after_a_restart(desk: Any, rules: Any) -> None:
    async with desk() as on:
        set_ = rules({"name": "all"})
        now = on.clock.now()
        events = await stored(on.store, *(job_event(f"j{n}", now, late=True) for n in range(3)))
        await on.route(set_)
        assert await on.rows() == []
        async with on.running(set_):
            await eventually(lambda: on.woken or on.clock.advance(1))
        (told,) = await on.said()
        assert (told.reason, told.events) == (Reason.CATCH_UP, tuple(events))
        assert on.clock.now() >= now + timedelta(seconds=30)
        await on.route(set_)
        assert len(await on.rows()) == 1


async def test_a_rule_that_fails_is_an_event_that_goes_to_the_others_and_not_to_itself(desk: Any, rules: Any) -> None:
    async with desk() as on:
        set_ = rules(
            {"name": "broken", "on": ["*"], "when": "1 / (job.name.size() - 1) > 0"},
            {"name": "watch", "on": ["rule.failed"], "notify": ["b"]},
        )
        (event,) = await stored(on.store, job_event("x", on.clock.now()))
        await on.route(set_)
        (failed,) = await on.store.read(lambda conn: read_events(conn, types=["rule.failed"]))
        rows = await on.rows()
    assert failed.subject == "rule/broken"
    assert failed.data["event"] == event.id
    assert [(row.rule, row.sink) for row in rows if row.rule == "watch"] == [("watch", "b")]


async def test_a_template_that_fails_falls_back_and_is_an_event(desk: Any, rules: Any) -> None:
    async with desk() as on:
        set_ = rules({"name": "bad", "body": "{{ 1 // (job.name | length - 1) }}"})
        await stored(on.store, job_event("x", on.clock.now()))
        await on.route(set_)
        (failed,) = await on.store.read(lambda conn: read_events(conn, types=["template.failed"]))
        (told,) = await on.said()
    assert failed.subject == "rule/bad"
    assert told.text.plain


async def test_a_death_is_never_told_to_the_sink_that_it_is_about(desk: Any, rules: Any) -> None:
    async with desk() as on:
        draft = job_event("x", on.clock.now(), type=EventType.DELIVERY_DEAD, account=None, subject="sink/a")
        await stored(on.store, draft)
        await on.route(rules({"name": "all", "on": ["*"], "notify": ["a", "b"]}))
        assert [row.sink for row in await on.rows()] == ["b"]


async def test_the_rules_of_the_next_router_hold_from_the_next_event_on(desk: Any, rules: Any) -> None:
    async with desk() as on:
        for count, (event, ruleset) in enumerate({"x": {"name": "old"}, "y": {"name": "new", "notify": ["b"]}}.items()):
            async with on.running(rules(ruleset)):
                await stored(on.store, job_event(event, on.clock.now()))
                on.bell.ring()
                await eventually(lambda count=count: len(on.woken) == count + 1)
        assert [(row.rule, row.sink) for row in await on.rows()] == [("old", "a"), ("new", "b")]


async def test_what_no_rule_takes_falls_into_the_net(desk: Any, rules: Any) -> None:
    async with desk() as on:
        now = on.clock.now()
        await stored(on.store, job_event("x", now, severity=Severity.WARNING))
        await on.route(rules({"name": "other", "on": ["flavor.*"]}, unmatched="journal"))
        assert [(row.rule, row.sink) for row in await on.rows()] == [("unmatched", "journal")]


async def test_idle_routing_writes_nothing(desk: Any, rules: Any, tmp_path: Path) -> None:
    async with desk() as on:
        await stored(on.store, job_event("x", on.clock.now()))
        router = on.router(rules({"name": "all"}))
        await router.turn()
        watcher = sqlite3.connect(tmp_path / "monitor.db")
        try:
            before = watcher.execute("pragma data_version").fetchone()
            for _ in range(5):
                assert await router.turn() is False
            assert watcher.execute("pragma data_version").fetchone() == before
        finally:
            watcher.close()


class Trap(dict[Any, Any]):
    """Rules that fail in themselves, as only a bug makes them."""

    def get(self, key: Any, default: Any = None) -> Any:
        if key is not EventType.RULE_FAILED:
            raise ZeroDivisionError
        return default


async def test_an_event_that_breaks_the_rules_themselves_is_told_and_stops_nothing(desk: Any, rules: Any) -> None:
    async with desk() as on:
        sound = rules({"name": "all"}, unmatched="journal")
        events = await stored(on.store, *(job_event(f"j{n}", on.clock.now()) for n in range(2)))
        await on.route(replace(sound, by_type=Trap()))
        failed = await on.store.read(lambda conn: read_events(conn, types=["rule.failed"]))
        assert [event.data["event"] for event in failed] == [event.id for event in events]
        assert {event.subject for event in failed} == {"rule/routing"}
        assert [row.sink for row in await on.rows()] == [
            "journal"
        ] * 4  # both of them, and that the rules failed on each
        await stored(on.store, job_event("after", on.clock.now()))
        await on.route(sound)
        assert (await on.rows())[-1].rule == "all"
