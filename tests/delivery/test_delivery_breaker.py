"""A sink that fails: held back and probed, told once through another, and run over by nobody when it is back."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from monitor.delivery import send_test
from monitor.delivery.breaker import GRACE, LONGEST
from monitor.model import Delivery, DeliveryState, Outcome, Receipt
from monitor.store import list_deliveries, renew
from monitor.store.sink_health import load_sink_health
from monitor.store.waits import why_waiting
from tests.delivery.scripted import Scripted, down, idle, passes, well, wrong
from tests.kit.outbox import said

HOUR = 3600.0


async def waiting(on: Any, count: int, first: int = 0) -> list[str]:
    return [await said(on.store, "hook", f"m{n}", on.clock.now()) for n in range(first, first + count)]


def events(sink: Scripted) -> int:
    """How many events it was told of, a backlog told at once included."""
    return len({event.id for delivery in sink.took for event in delivery.notification.events})


async def health(on: Any) -> Any:
    return await on.store.read(lambda conn: load_sink_health(conn, "hook"))


async def test_a_sink_that_is_down_is_probed_at_growing_intervals_with_one_message_and_told_once(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        await waiting(on, 40)
        async with on.running(sink.entry("hook")):
            await idle(on)
            await passes(on, 132, 4)
            await passes(on, HOUR - 132, 30)
        tried = [at for at, _ in sink.tried]
        (event,) = await on.events_of("sink.failing")
    assert len(tried) < 60, "an hour of probes that grow to five minutes"
    held = tried[4:]
    gaps = [after - before for before, after in pairwise(held)]
    assert max(gaps) <= timedelta(seconds=LONGEST + 30)
    assert max(gaps[-6:]) > timedelta(seconds=30), "they grow"
    assert event.subject == "sink/hook"
    assert timedelta(seconds=GRACE) <= event.time - tried[0] <= timedelta(seconds=GRACE + 6)
    assert event.data["waiting"] == 40
    assert event.data["detail"] == "answered 503"


async def test_a_sink_that_is_back_gets_its_backlog_in_order_at_a_gentle_start(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        await waiting(on, 30)
        async with on.running(sink.entry("hook", concurrency=8)):
            await idle(on)
            await passes(on, 600, 30)
            assert sink.most == 8
            sink.tried.clear()
            sink.most, sink.answer = 0, well
            await passes(on, LONGEST, 30)
        (back,) = await on.events_of("sink.recovered")
    assert len(sink.took) == 30
    assert sink.most == 8
    _, *rest = sink.taken()
    assert sorted(rest, key=lambda title: int(title[1:])) == rest, "in the order of writing, whatever each waited for"
    assert back.data["waiting"] == 29
    assert back.data["down_for"] >= 600


async def test_a_hiccup_makes_no_noise(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        await waiting(on, 6)
        async with on.running(sink.entry("hook")):
            await idle(on)
            await passes(on, GRACE - 10, 10)
            sink.answer = well
            await passes(on, 2 * LONGEST, 10)
        assert len(sink.took) == 6
        assert await on.events_of("sink.failing") == []
        assert await on.events_of("sink.recovered") == []


async def test_a_restart_neither_forgets_nor_hammers_nor_tells_twice(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        await waiting(on, 10)
        async with on.running(sink.entry("hook")):
            await idle(on)
            await passes(on, HOUR, 100)
        before = await health(on)
        assert before.told_at is not None
        count = len(sink.tried)
        for _ in range(5):
            async with on.running(sink.entry("hook")):
                await idle(on)
        assert len(sink.tried) <= count + 1, "a start is no reason to try"
        assert (await health(on)).since == before.since
        sink.answer = well
        async with on.running(sink.entry("hook")):
            await passes(on, LONGEST + 5, 30)
        assert len(await on.events_of("sink.failing")) == 1
        assert len(await on.events_of("sink.recovered")) == 1
        assert (await health(on)).since is None


async def test_a_sink_that_fails_for_one_subject_keeps_the_others_coming(bench: Any) -> None:
    def one_bad(delivery: Delivery) -> Receipt:
        return down(delivery) if delivery.notification.text.title.startswith("bad") else well(delivery)

    async with bench() as on:
        sink = Scripted(on.clock, one_bad)
        bad = [await said(on.store, "hook", f"bad{n}", on.clock.now(), subject="bad") for n in range(2)]
        async with on.running(sink.entry("hook")) as outbox:
            await idle(on)
            for n in range(12):
                await passes(on, 150, 50)
                good = await said(on.store, "hook", f"good{n}", on.clock.now())
                outbox.ring()
                await idle(on)
                assert (await on.record(good)).row.state is DeliveryState.DELIVERED, "at once"
            assert (await health(on)).since is None
        assert {(await on.record(each)).row.state for each in bad} == {DeliveryState.PENDING}
        assert "bad1" not in sink.titles(), "it waits behind the first of its subject"
        rows = [(await on.record(each)).row for each in bad]
        found = await on.store.read(lambda conn: why_waiting(conn, rows))
        assert [found[row.n].behind for row in rows] == [None, bad[0]]
        assert len(await on.events_of("sink.failing")) <= 1, "not again with every good one"


async def test_one_message_that_fails_is_told_as_a_failing_sink_and_holds_up_no_new_one(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        await waiting(on, 1)
        async with on.running(sink.entry("hook")) as outbox:
            await idle(on)
            await passes(on, HOUR, 100)
            assert len(await on.events_of("sink.failing")) == 1
            assert (await health(on)).probe_at is None
            sink.answer = well
            new = await said(on.store, "hook", "new", on.clock.now())
            outbox.ring()
            await idle(on)
            assert (await on.record(new)).row.state is DeliveryState.DELIVERED


async def test_an_address_that_refuses_everything_holds_the_rest_back_and_tells_two_events(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, wrong)
        ids = await waiting(on, 30)
        async with on.running(sink.entry("hook", concurrency=1)):
            await idle(on)
            await passes(on, 240, 30)
            await passes(on, 2 * HOUR, 300)
            states = [(await on.record(each)).row.state for each in ids]
            assert states.count(DeliveryState.REFUSED) == 5
            assert states.count(DeliveryState.PENDING) == 25
            waits = [(await on.record(each)).row for each in ids]
            assert "answered 404; so it does with every message" in {row.detail for row in waits}
            assert len(await on.events_of("sink.failing")) == 1
            dead = await on.events_of("delivery.dead")
            assert [(event.data["title"], event.data["detail"]) for event in dead] == [
                ("m0", "answered 404"),
                ("4 messages", "answered 404"),
            ]
            sink.answer = well
            await passes(on, LONGEST + 5, 30)
        assert events(sink) == 25


@pytest.mark.parametrize("at_once", [2, 4, 16])
async def test_no_more_than_five_are_refused_however_many_are_sent_at_once(bench: Any, at_once: int) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, wrong)
        ids = await waiting(on, 30)
        async with on.running(sink.entry("hook", concurrency=at_once)):
            await idle(on)
            await passes(on, 600, 30)
            states = [(await on.record(each)).row.state for each in ids]
            assert (states.count(DeliveryState.REFUSED), states.count(DeliveryState.PENDING)) == (5, 25)
            sink.answer = well
            await passes(on, LONGEST + 5, 30)
        assert events(sink) == 25


async def test_a_refusal_now_and_then_is_no_failure_of_the_sink(bench: Any) -> None:
    def picky(delivery: Delivery) -> Receipt:
        return wrong(delivery) if int(delivery.notification.text.title[1:]) % 3 else well(delivery)

    async with bench() as on:
        sink = Scripted(on.clock, picky)
        await waiting(on, 30)
        async with on.running(sink.entry("hook", concurrency=1)):
            await idle(on)
        assert len(sink.tried) == 30
        assert len(sink.took) == 10
        assert (await health(on)).since is None


@pytest.mark.parametrize(("asked", "obeyed"), [(900.0, 900.0), (1e9, HOUR)])
async def test_what_a_sink_asks_for_holds_for_all_its_messages_but_never_for_more_than_an_hour(
    bench: Any, asked: float, obeyed: float
) -> None:
    def later(delivery: Delivery) -> Receipt:
        return Receipt(outcome=Outcome.RETRY, detail="answered 429", retry_after=asked)

    async with bench() as on:
        sink = Scripted(on.clock, later)
        await waiting(on, 5)
        async with on.running(sink.entry("hook", concurrency=1)):
            await idle(on)
            await passes(on, obeyed - 10, 300)
            assert len(sink.tried) == 1
            await passes(on, 20, 10)
            assert [title for _, title in zip(range(2), sink.titles(), strict=False)] == ["m0", "m1"]


async def test_a_test_and_a_message_asked_for_again_are_tried_at_once_and_close_it(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        await waiting(on, 10)
        async with on.running(sink.entry("hook")) as outbox:
            await idle(on)
            await passes(on, HOUR, 100)
            count, before = len(sink.tried), await health(on)
            test = await send_test(on.store, "hook", on.clock)
            outbox.ring()
            await idle(on)
            assert sink.tried[count][1].id == test
            after = await health(on)
            assert before.probe_at is not None
            assert (after.probe_at, after.failures) == (before.probe_at, before.failures), "no message waits for a test"
            (row, *_) = await on.store.read(lambda conn: list_deliveries(conn, state=DeliveryState.PENDING))
            for answer in (down, down, well):
                sink.answer, count = answer, len(sink.tried)
                await on.store.write(partial(renew, numbers=[row.n], detail="asked", now=on.clock.now()))
                outbox.ring()
                await idle(on)
                assert len(sink.tried) > count
                if answer is down:
                    now = (await health(on)).probe_at
                    assert now is not None
                    assert now <= before.probe_at, "nor for one that somebody asked for"
            assert (await health(on)).since is None


async def test_a_sink_whose_config_changed_is_tried_at_once(bench: Any) -> None:
    async with bench() as on:
        old, new = Scripted(on.clock, down), Scripted(on.clock, well)
        await waiting(on, 3)
        async with on.running(old.entry("hook")) as outbox:
            await idle(on)
            await passes(on, 600, 30)
            await outbox.part(["hook"], 1.0)
            outbox.take([new.entry("hook")], catch_up_after=900.0, names={})
            await idle(on)
            assert len(new.took) == 3


@pytest.mark.parametrize("by", [-86400.0, 86400.0])
async def test_a_clock_that_is_set_delays_nothing(bench: Any, by: float) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        await waiting(on, 5)
        async with on.running(sink.entry("hook")):
            await idle(on)
            await passes(on, 600, 30)
            sink.answer = well
            on.clock.set(by)
            await passes(on, LONGEST, 30)
            assert events(sink) == 5


async def test_a_clock_that_was_set_back_between_two_runs_delays_nothing(bench: Any) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, down)
        await waiting(on, 5)
        async with on.running(sink.entry("hook")):
            await idle(on)
            await passes(on, 600, 30)
        on.clock.set(-86400)
        sink.answer = well
        async with on.running(sink.entry("hook")):
            await idle(on)
            await passes(on, LONGEST, 30)
            assert events(sink) == 5


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.REFUSED])
async def test_a_sink_that_took_a_part_works(bench: Any, outcome: Outcome) -> None:
    async with bench() as on:
        sink = Scripted(on.clock, lambda delivery: Receipt(outcome=outcome, detail="7 of 9 were taken", partly=True))
        await waiting(on, 8)
        async with on.running(sink.entry("hook", concurrency=1)):
            await idle(on)
            await passes(on, 600, 100)
        assert len(sink.tried) >= 8
        assert (await health(on)).since is None
        assert await on.events_of("sink.failing") == []
