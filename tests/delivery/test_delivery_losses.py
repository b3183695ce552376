"""What cannot be delivered: kept for days, in order, then dead, told with a count, and sent again when asked; a storm
that comes back in pieces; canaries that find a broken sink."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from monitor.delivery.catch_up import MOST_EVENTS
from monitor.model import Delivery, DeliveryState, EventType, Outcome, Reason, Receipt, Severity, Text
from monitor.store import NotificationWrite, append_events, list_deliveries, renew, write_notifications
from monitor.store.sink_health import load_sink_health
from tests.delivery.scripted import Scripted, down, idle, passes, well
from tests.kit.outbox import eventually, job_event, said, stored

HOUR, DAY = 3600.0, 86400.0


async def test_a_sink_that_is_down_for_three_days_keeps_then_ends_then_lists_then_sends_again(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        old = [await said(on.store, "hook", f"old{n}", on.clock.now(), subject=f"job{n % 3}") for n in range(8)]
        async with on.running(sink.entry("hook")) as outbox:
            await idle(on)
            await passes(on, 2 * DAY, 4 * HOUR)
            young = [await said(on.store, "hook", f"young{n}", on.clock.now()) for n in range(4)]
            await passes(on, DAY - 2 * HOUR, 2 * HOUR)
            assert {(await on.record(each)).row.state for each in (*old, *young)} == {DeliveryState.PENDING}
            await passes(on, 4 * HOUR, HOUR)
            assert {(await on.record(each)).row.state for each in old} == {DeliveryState.DEAD}
            assert {(await on.record(each)).row.state for each in young} == {DeliveryState.PENDING}
            details = {(await on.record(each)).row.detail for each in old}
            assert details <= {"not taken for 3 d: answered 503", "answered 503"}
            assert len(await on.events_of("sink.failing")) == 1
            dead = await on.events_of("delivery.dead")
            assert len(dead) <= 2, "one for each cause, not one for each message"
            assert {event.severity for event in dead} == {Severity.CRITICAL}

            sink.answer = well
            await passes(on, 600, 60)
            assert len(await on.events_of("sink.recovered")) == 1
            told = [event.data["job"]["name"] for each in sink.took for event in each.notification.events]
            assert sorted(told) == [f"young{n}" for n in range(4)]
            sink.took.clear()
            listed = await on.store.read(lambda conn: list_deliveries(conn, state=DeliveryState.DEAD))
            again = partial(renew, numbers=[row.n for row in listed], detail="asked by ann", now=on.clock.now())
            assert await on.store.write(again) == 8
            outbox.ring()
            await idle(on)
        assert sorted(sink.taken()) == [f"old{n}" for n in range(8)]
        for job in range(3):
            mine = [title for title in sink.taken() if int(title[3:]) % 3 == job]
            assert mine == sorted(mine), "in the order of each subject"


async def test_many_refused_for_one_reason_are_one_event_an_hour_and_another_reason_is_another(bench: Any) -> None:
    answers = {"a": "answered 400", "b": "answered 413", "g": ""}

    def picky(delivery: Delivery) -> Receipt:
        why = answers[delivery.notification.text.title[0]]
        return Receipt(outcome=Outcome.REFUSED if why else Outcome.DELIVERED, detail=why)

    async with bench() as on:
        sink = Scripted(on.clock, picky)
        async with on.running(sink.entry("hook", concurrency=1)) as outbox:
            for n in range(12):
                for kind in ("a", "b", "g"):
                    await said(on.store, "hook", f"{kind}{n}", on.clock.now())
                outbox.ring()
                await idle(on)
                await passes(on, 600, 600)
            await passes(on, 2 * HOUR, 600)
        told = [(event.data["title"], event.data["detail"]) for event in await on.events_of("delivery.dead")]
        rows = await on.store.read(lambda conn: list_deliveries(conn, state=DeliveryState.REFUSED, limit=100))
    assert len(rows) == 24, "each is listed"
    assert told[:2] == [("a0", "answered 400"), ("b0", "answered 413")]
    assert {title for title, _ in told[2:]} <= {"6 messages", "5 messages"}
    for why in ("answered 400", "answered 413"):
        counts = [1 if title[0] in "ab" else int(title.split()[0]) for title, detail in told if detail == why]
        assert sum(counts) == 12
        assert len(counts) == 3


async def test_what_was_lost_is_told_after_a_restart_too(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, lambda delivery: Receipt(outcome=Outcome.REFUSED, detail="answered 400"))
        for n in range(4):
            await said(on.store, "hook", f"m{n}", on.clock.now())
        async with on.running(sink.entry("hook", concurrency=1)):
            await idle(on)
        on.clock.advance(2 * HOUR)
        async with on.running(sink.entry("hook", concurrency=1)):
            await idle(on)
        titles = [event.data["title"] for event in await on.events_of("delivery.dead")]
    assert titles == ["m0", "3 messages"]


async def test_that_a_sink_fails_cannot_fail_to_be_told_for_ever(bench: Any) -> None:
    """Two sinks that are down, each told of the other: no event begets another."""
    async with bench() as on:
        one, two = Scripted(on.clock, down), Scripted(on.clock, down)
        types = (EventType.SINK_FAILING, EventType.SINK_RECOVERED, EventType.DELIVERY_DEAD)
        for name, other in (("one", "two"), ("two", "one")):
            for kind in types:
                draft = job_event("x", on.clock.now(), type=kind, account=None, subject=f"sink/{other}")
                (event,) = await stored(on.store, draft)
                await said(on.store, name, f"{name}{kind}", on.clock.now(), event_seqs=(event.seq,))
        before = len(await on.events_of("delivery.dead"))
        entries = [each.entry(name, retry_for="1h") for name, each in (("one", one), ("two", two))]
        async with on.running(*entries):
            await idle(on, 2)
            await passes(on, 300, 60, 2)
            await passes(on, 2 * HOUR, 600, 2)
        dead = await on.events_of("delivery.dead")
        told = await on.events_of("sink.failing")
    last = [event.subject for event in dead[before:]]
    assert sorted(last) in ([], ["sink/one", "sink/two"], ["sink/one"], ["sink/two"])
    assert sorted(event.subject for event in told[2:]) == ["sink/one", "sink/two"]


async def test_thousands_that_waited_come_in_pieces_of_a_thousand_events_with_none_missing(bench: Any) -> None:
    async with bench() as on:
        await fill(on, 1_500)
        sink = Scripted(on.clock)
        on.clock.advance(HOUR)
        async with on.running(sink.entry("hook")):
            await eventually(lambda: sum(len(each.notification.events) for each in sink.took) >= 1_500, within=60)
            await idle(on)
        sizes = [len(each.notification.events) for each in sink.took]
        seqs = [event.seq for each in sink.took for event in each.notification.events]
    assert max(sizes) <= MOST_EVENTS
    assert len(sink.took) == 2
    assert seqs == sorted(seqs)
    assert len(set(seqs)) == 1_500
    assert max(len(each.notification.text.plain) for each in sink.took) < 10_000


async def fill(on: Any, count: int) -> None:
    now = on.clock.now()

    def write(conn: Any) -> None:
        drafts = [(job_event(f"j{n % 50}", now), n + 1) for n in range(count)]
        events = append_events(conn, on.store.epoch, drafts)
        writes = [
            NotificationWrite(
                id=f"n{event.seq}",
                rule="r",
                severity=Severity.INFO,
                reason=Reason.NEW,
                text=Text(title="t", plain="t", markdown="t"),
                created_at=now,
                event_seqs=(event.seq,),
                subjects=(f"acc|{event.subject}",),
                sinks=("hook",),
            )
            for event in events
        ]
        write_notifications(conn, writes)

    await on.store.write(write)


async def test_a_canary_comes_once_a_period_and_its_failure_is_one_of_the_sink(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock)
        entry = sink.entry("hook", canary="1d")
        async with on.running(entry):
            await idle(on)
            await passes(on, DAY - 10, 6 * HOUR)
            assert sink.took == [], "not before a first period"
            await passes(on, 20, 20)
            (bird,) = sink.took
            assert (bird.notification.reason, bird.notification.rule) == (Reason.TEST, "canary")
            assert "Canary" in bird.notification.text.title
        for _ in range(3):
            async with on.running(entry):
                await idle(on)
                await passes(on, 7 * HOUR, 7 * HOUR)
        assert len(sink.took) == 1, "no start is a reason for one"
        on.clock.advance(5 * DAY)
        async with on.running(entry):
            await idle(on)
            assert len(sink.took) == 2, "after a long pause one, not many"
            health = await on.store.read(lambda conn: load_sink_health(conn, "hook"))
            assert health.delivered_at == on.clock.now()
            sink.answer = lambda delivery: Receipt(outcome=Outcome.REFUSED, detail="answered 404")
            await passes(on, DAY - 10, 6 * HOUR)
            await passes(on, 300, 30)
            await passes(on, 90 * 60, 600)
            (failing,) = await on.events_of("sink.failing")
            assert failing.data["detail"].startswith("answered 404")
            assert await on.events_of("delivery.dead") == []
            rows = await on.store.read(lambda conn: list_deliveries(conn, sink="hook"))
            assert rows[0].state is DeliveryState.DROPPED, "nothing that anybody has to send again"
            sink.answer = well
            await passes(on, DAY, 6 * HOUR)
            assert len(await on.events_of("sink.recovered")) == 1
            assert failing.time - bird.notification.created_at > timedelta(days=1)
