"""A backlog of more than a quarter of an hour becomes one message per rule and sink, which loses no event."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import anyio
from structlog.testing import capture_logs

from monitor.delivery import send_test
from monitor.model import DeliveryState, Outcome, Severity
from monitor.store import list_deliveries, renew
from tests.kit.outbox import eventually, job_event, said, stored

HOUR = 3600.0


async def test_what_waited_for_long_at_the_start_is_told_in_one_message_per_rule(bench: Any) -> None:
    async with bench() as on:
        jobs = [await said(on.store, "hook", f"j{n}", on.clock.now(), rule="jobs") for n in range(12)]
        await said(on.store, "hook", "s0", on.clock.now(), rule="stock", severity=Severity.CRITICAL)
        await said(on.store, "hook", "s1", on.clock.now(), rule="stock")
        lonely = await said(on.store, "hook", "alone", on.clock.now(), rule="other")
        await said(on.store, "elsewhere", "x", on.clock.now(), rule="jobs")
        on.clock.advance(HOUR)
        young = await said(on.store, "hook", "young", on.clock.now(), rule="jobs", subject="j3")
        fresh = await said(on.store, "hook", "fresh", on.clock.now(), rule="new")
        async with on.running("hook", "elsewhere") as outbox:
            await on.reaches(fresh, DeliveryState.DELIVERED)
            await on.reaches(lonely, DeliveryState.DELIVERED)
            await eventually(lambda: len(on.server.titles("/hook")) == 4)
            last = await said(on.store, "hook", "last", on.clock.now(), rule="jobs", subject="j3")
            outbox.ring()
            await on.reaches(last, DeliveryState.DELIVERED)
        rows = [(await on.record(each)).row for each in (*jobs, young)]
    told = {got.body["rule"]: got.body for got in on.server.got if got.body["reason"] == "catch_up"}
    assert set(told) == {"jobs", "stock"}
    # The young one shares a subject with the backlog: by itself it would overtake it.
    assert [event["subject"] for event in told["jobs"]["events"]] == [
        *(f"job/j{n}" for n in range(12)),
        "job/j3",
    ]
    assert told["stock"]["severity"] == "critical"
    assert {row.state for row in rows} == {DeliveryState.COLLAPSED}
    assert {got.title for got in on.server.got if got.body["reason"] == "new"} == {"fresh", "alone", "x", "last"}
    order = [got.body["reason"] for got in on.server.got if got.path == "/hook" and got.body["rule"] == "jobs"]
    assert order == ["catch_up", "new"]


async def test_the_log_says_how_much_a_backlog_was_and_in_how_many_messages_it_is_told(bench: Any) -> None:
    async with bench() as on:
        for rule, count in (("jobs", 5), ("stock", 2)):
            waits = [await said(on.store, "hook", f"{rule}{n}", on.clock.now(), rule=rule) for n in range(count)]
        on.clock.advance(HOUR)
        with capture_logs() as lines:
            async with on.running("hook"):
                await on.reaches(waits[-1], DeliveryState.COLLAPSED)
                await eventually(lambda: len(on.server.got) == 2)
    (line,) = [each for each in lines if each["event"] == "a backlog is told at once"]
    assert (line["sink"], line["messages"], line["events"], line["told_in"]) == ("hook", 7, 7, 2)


async def test_a_sink_that_is_down_keeps_each_message_until_it_is_back(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [503] * 1000
        first = await said(on.store, "hook", "m0", on.clock.now())
        async with on.running("hook") as outbox:
            await on.attempted(first, 1)
            rest = [await said(on.store, "hook", f"m{n}", on.clock.now()) for n in range(1, 6)]
            outbox.ring()
            await eventually(lambda: len(on.server.got) >= 2)
            on.clock.advance(HOUR)
            await eventually(lambda: len(on.server.got) >= 6 or on.clock.advance(60))
            states = [(await on.record(each)).row.state for each in rest]
            assert DeliveryState.COLLAPSED not in states
            on.server.answers["/hook"].clear()

            async def over() -> bool:
                on.clock.advance(60)
                states = [(await on.record(each)).row.state for each in (first, *rest)]
                return all(state.settled for state in states)

            await eventually(over)
            await eventually(lambda: any(got.body["reason"] == "catch_up" for got in on.server.got))
    caught = [got.body for got in on.server.got if got.body["reason"] == "catch_up"]
    assert len(caught) == 1
    delivered = {got.title for got in on.server.got if got.body["reason"] == "new"}
    assert delivered | {event["data"]["job"]["name"] for event in caught[0]["events"]} >= {f"m{n}" for n in range(6)}


async def test_tests_are_never_part_of_a_backlog(bench: Any) -> None:
    async with bench() as on:
        ids = [await send_test(on.store, "hook", on.clock) for _ in range(3)]
        on.clock.advance(HOUR)
        async with on.running("hook"):
            for each in ids:
                await on.reaches(each, DeliveryState.DELIVERED)


async def test_what_is_younger_than_a_quarter_of_an_hour_is_told_one_by_one(bench: Any) -> None:
    async with bench() as on:
        for n in range(5):
            await said(on.store, "hook", f"m{n}", on.clock.now())
        on.clock.advance(890)
        async with on.running("hook"):
            await eventually(lambda: len(on.server.got) == 5)
            with anyio.move_on_after(0.05):
                await anyio.sleep_forever()
        rows = await on.store.read(lambda conn: list_deliveries(conn, sink="hook"))
    assert sorted(on.server.titles()) == [f"m{n}" for n in range(5)]
    assert len(rows) == 5


async def test_messages_that_somebody_asked_for_again_are_told_one_by_one(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [400] * 3
        ids = [await said(on.store, "hook", f"m{n}", on.clock.now()) for n in range(3)]
        async with on.running("hook"):
            refused = [(await on.reaches(each, DeliveryState.REFUSED)).row.n for each in ids]
        on.clock.advance(HOUR)
        await on.store.write(partial(renew, numbers=refused, detail="asked by ann", now=on.clock.now()))
        on.clock.advance(5)
        async with on.running("hook"):
            for each in ids:
                await on.reaches(each, DeliveryState.DELIVERED)
    assert [got.body["reason"] for got in on.server.got] == ["new"] * 6


async def test_a_catch_up_that_fails_is_tried_again_as_it_is(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [503]
        for n in range(3):
            await said(on.store, "hook", f"m{n}", on.clock.now())
        on.clock.advance(HOUR)
        async with on.running("hook"):
            await eventually(lambda: len(on.server.got) == 1)
            await eventually(lambda: len(on.server.got) == 2 or on.clock.advance(1))
            record = await on.reaches(on.server.got[0].id, DeliveryState.DELIVERED)
    assert on.server.got[0].id == on.server.got[1].id
    assert [each.outcome for each in record.attempts] == [Outcome.RETRY, Outcome.DELIVERED]


async def test_a_backlog_calls_the_owner_by_name(bench: Any) -> None:
    async with bench() as on:
        facts = {
            "account": {"name": "acc", "provider": "modelarts"},
            "job": {"id": "j", "name": "j", "creator": "u-77"},
        }
        events = await stored(on.store, *(replace(job_event("j", on.clock.now()), data=facts) for _ in range(2)))
        for event in events:
            await said(on.store, "hook", event.id, on.clock.now(), event_seqs=(event.seq,))
        on.clock.advance(HOUR)
        async with on.running("hook", names={"modelarts:u-77": "Ann"}):
            await eventually(lambda: on.server.got)
    assert "owner Ann" in on.server.got[0].body["body"]
