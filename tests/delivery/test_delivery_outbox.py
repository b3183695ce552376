"""The outbox on a real store and a real server: once where it can, again where it must, no sink in another's way."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs

from monitor.delivery import SinkEntry, send_test
from monitor.model import Delivery, DeliveryState, EventType, Outcome, Reason, Receipt
from monitor.store import claim, list_deliveries, open_store
from tests.kit.outbox import eventually, job_event, said, stored

DONE, PENDING, DEAD, REFUSED, SENDING = (
    DeliveryState.DELIVERED,
    DeliveryState.PENDING,
    DeliveryState.DEAD,
    DeliveryState.REFUSED,
    DeliveryState.SENDING,
)


async def test_a_message_arrives_once_and_is_settled(bench: Any) -> None:
    async with bench() as on, on.running("hook") as outbox:
        sent = await said(on.store, "hook", "one", on.clock.now())
        outbox.ring(["hook"])
        record = await on.reaches(sent, DONE)
    assert [(got.id, got.title) for got in on.server.got] == [(sent, "one")]
    assert [(each.attempt, each.outcome, each.detail) for each in record.attempts] == [
        (1, Outcome.DELIVERED, "answered 200")
    ]


async def test_a_failed_message_comes_again_with_the_same_id_when_its_time_has_come(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [503, 500]
        sent = await said(on.store, "hook", "one", on.clock.now())
        with capture_logs() as lines:
            async with on.running("hook"):
                first = await on.attempted(sent, 1)
                assert first.row.state is PENDING
                assert first.row.next_at is not None
                assert first.row.next_at <= on.clock.now() + timedelta(seconds=1)
                for times in (2, 3):
                    on.clock.advance(5)
                    record = await on.attempted(sent, times)
    tried = [(each["attempt"], each["outcome"], each["log_level"]) for each in lines if each.get("delivery") == sent]
    assert tried == [(1, "retry", "debug"), (2, "retry", "debug"), (3, "delivered", "debug")], "for who debugs"
    assert record.row.state is DONE
    assert [got.id for got in on.server.got] == [sent] * 3
    assert [each.outcome for each in record.attempts] == [Outcome.RETRY, Outcome.RETRY, Outcome.DELIVERED]


async def test_what_the_sink_asks_for_is_waited_for(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [429]
        on.server.headers = {"Retry-After": "600"}
        sent = await said(on.store, "hook", "one", on.clock.now())
        async with on.running("hook") as outbox:
            record = await on.attempted(sent, 1)
            assert record.row.next_at == on.clock.now() + timedelta(seconds=600)
            on.clock.advance(599)
            other = await said(on.store, "hook", "two", on.clock.now())
            outbox.ring()
            await eventually(lambda: on.clock._sleepers)
            assert on.server.titles() == ["one"], "it asked for no message at all"
            on.clock.advance(5)
            await on.reaches(sent, DONE)
            await on.reaches(other, DONE)


async def test_a_refused_message_ends_and_is_an_event(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [404]
        sent = await said(on.store, "hook", "one", on.clock.now())
        async with on.running("hook"):
            await on.reaches(sent, REFUSED)
            await on.events.wait()
        (event,) = await on.events_of("delivery.dead")
    assert event.subject == "sink/hook"
    assert event.data["delivery"] == sent
    assert event.data["detail"] == "answered 404"
    assert event.data["title"] == "one"


async def test_after_retry_for_a_message_is_dead_and_is_an_event(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [503] * 50
        sent = await said(on.store, "hook", "one", on.clock.now())
        async with on.running(on.entry("hook", retry_for="1h")):
            await on.attempted(sent, 1)
            on.clock.advance(3601)
            record = await on.reaches(sent, DEAD)
        (event,) = await on.events_of("delivery.dead")
    assert len(record.attempts) == 2, "the last attempt is made when the time is over, not given up unseen"
    assert event.data["attempts"] == 2


async def test_the_failure_to_tell_of_a_dead_delivery_makes_no_further_event(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [404, 404]
        now = on.clock.now()
        draft = job_event("x", now, type=EventType.DELIVERY_DEAD, account=None, subject="sink/other")
        (event,) = await stored(on.store, draft)
        sent = await said(on.store, "hook", "dead", now, event_seqs=(event.seq,))
        test = await send_test(on.store, "hook", on.clock)
        async with on.running("hook"):
            await on.reaches(sent, REFUSED)
            await on.reaches(test, DeliveryState.DROPPED)
        assert [each.seq for each in await on.events_of("delivery.dead")] == [event.seq]


async def test_messages_about_one_subject_keep_their_order_and_others_pass(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [503]
        first = await said(on.store, "hook", "a1", on.clock.now(), subject="a")
        async with on.running("hook") as outbox:
            await on.attempted(first, 1)
            second = await said(on.store, "hook", "a2", on.clock.now(), subject="a")
            other = await said(on.store, "hook", "b1", on.clock.now(), subject="b")
            outbox.ring()
            await on.reaches(other, DONE)
            assert on.server.titles() == ["a1", "b1"]
            on.clock.advance(5)
            await on.reaches(second, DONE)
    assert on.server.titles() == ["a1", "b1", "a1", "a2"]


async def test_a_sink_that_hangs_delays_no_other(bench: Any) -> None:
    async with bench() as on:
        on.server.hold("/stuck")
        stuck = [await said(on.store, "stuck", f"s{n}", on.clock.now()) for n in range(10)]
        async with on.running(on.entry("stuck", concurrency=2), "fine") as outbox:
            await eventually(lambda: len(on.server.titles("/stuck")) == 2)
            for n in range(20):
                await said(on.store, "fine", f"f{n}", on.clock.now())
            outbox.ring()
            await eventually(lambda: len(on.server.titles("/fine")) == 20)
            assert len(on.server.titles("/stuck")) == 2, "no more at once than the concurrency allows"
            on.server.release("/stuck")
            for sent in stuck:
                await on.reaches(sent, DONE)


async def test_what_another_process_wrote_is_found_without_a_bell(bench: Any, tmp_path: Path) -> None:
    async with bench() as on, on.running("hook"):
        other = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=False)
        sent = await send_test(other, "hook", on.clock)
        await other.aclose()
        await eventually(lambda: on.server.got or on.clock.advance(1))
        record = await on.reaches(sent, DONE)
    assert record.notification.reason is Reason.TEST
    assert on.server.got[0].body["events"] == []
    assert "Test message" in on.server.got[0].title


async def test_what_was_being_sent_when_the_last_run_ended_is_sent_again_and_says_why(bench: Any) -> None:
    async with bench() as on:
        sent = await said(on.store, "hook", "one", on.clock.now())
        await on.store.write(lambda conn: claim(conn, "hook", now=on.clock.now(), limit=1))
        with capture_logs() as lines:
            async with on.running("hook"):
                record = await on.reaches(sent, DONE)
    assert [(each.outcome, each.detail) for each in record.attempts] == [
        (Outcome.UNKNOWN, "the daemon ended before the answer"),
        (Outcome.DELIVERED, "answered 200"),
    ]
    words = "messages that the last run was sending are sent again; they may come twice"
    assert [line["count"] for line in lines if line["event"] == words] == [1]


async def test_deliveries_of_a_removed_sink_go_dead_with_the_reason_and_one_event(bench: Any) -> None:
    async with bench() as on:
        ids = [await said(on.store, "gone", f"g{n}", on.clock.now()) for n in range(3)]
        async with on.running("hook"):
            await on.events.wait()
        rows = [(await on.record(sent)).row for sent in ids]
        (event,) = await on.events_of("delivery.dead")
    assert {(row.state, row.detail) for row in rows} == {(DEAD, "the sink was removed from the config")}
    assert event.subject == "sink/gone"
    assert event.data["title"] == "3 messages"


class Buggy:
    def __init__(self) -> None:
        self.calls = 0

    async def send(self, delivery: Delivery) -> Receipt:
        self.calls += 1
        raise ZeroDivisionError

    async def aclose(self) -> None: ...


async def test_a_sink_that_raises_loses_nothing_and_harms_no_other(bench: Any) -> None:
    async with bench() as on:
        broken = SinkEntry(sink=Buggy(), options=on.entry("broken").options)
        sent = await said(on.store, "broken", "one", on.clock.now())
        fine = await said(on.store, "fine", "two", on.clock.now())
        async with on.running(broken, "fine"):
            record = await on.attempted(sent, 1)
            await on.reaches(fine, DONE)
    assert record.row.state is PENDING
    assert record.attempts[0].detail == "the sink failed by itself (ZeroDivisionError)"


async def test_stopping_settles_what_is_in_flight_and_waits_for_nothing_behind_it(bench: Any) -> None:
    async with bench() as on:
        on.server.hold("/hook")
        ids = [await said(on.store, "hook", f"m{n}", on.clock.now()) for n in range(9)]
        async with on.running(on.entry("hook", concurrency=2)) as outbox:
            await eventually(lambda: len(on.server.got) == 2)
            outbox.stop()
            on.server.release("/hook")
            await eventually(on.ended.is_set)
        states = [(await on.record(sent)).row.state for sent in ids]
    assert states[:2] == [DONE, DONE]
    assert states[-1] is PENDING
    assert SENDING not in states


async def test_what_was_written_just_before_the_stop_is_still_sent(bench: Any) -> None:
    async with bench() as on:
        for number in range(5):
            async with on.running("hook") as outbox:
                sent = await said(on.store, "hook", f"the end {number}", on.clock.now())
                outbox.ring()
                outbox.stop()
                await eventually(on.ended.is_set)
            assert (await on.record(sent)).row.state is DONE


async def test_a_sink_that_does_not_take_messages_is_not_tried_again_at_the_stop(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [503] * 9
        first = await said(on.store, "hook", "one", on.clock.now())
        async with on.running("hook") as outbox:
            await on.attempted(first, 1)
            second = await said(on.store, "hook", "two", on.clock.now(), subject="other")
            outbox.stop()
            await eventually(on.ended.is_set)
        assert (await on.record(second)).row.state is PENDING
    assert len(on.server.got) == 1


async def test_what_is_not_answered_within_the_grace_is_left_for_the_next_start(bench: Any) -> None:
    async with bench() as on:
        on.server.hold("/hook")
        sent = await said(on.store, "hook", "one", on.clock.now())
        async with on.running("hook", grace=3) as outbox:
            await eventually(lambda: on.server.got)
            outbox.stop()
            with anyio.fail_after(10):
                while any(True for _ in on.clock._sleepers) is False:
                    await anyio.sleep(0.005)
            on.clock.advance(3.1)
        assert (await on.record(sent)).row.state is SENDING
        on.server.release("/hook")
        async with on.running("hook"):
            record = await on.reaches(sent, DONE)
    assert [got.id for got in on.server.got] == [sent, sent]
    assert record.attempts[0].outcome is Outcome.UNKNOWN


async def test_an_idle_outbox_writes_nothing(bench: Any, tmp_path: Path) -> None:
    async with bench() as on, on.running("a", "b"):
        sent = await said(on.store, "a", "one", on.clock.now())
        await eventually(lambda: on.server.got or on.clock.advance(1))
        await on.reaches(sent, DONE)
        watcher = sqlite3.connect(tmp_path / "monitor.db")
        try:
            before = watcher.execute("pragma data_version").fetchone()
            for _ in range(20):
                on.clock.advance(10)
                await anyio.sleep(0.01)
            assert watcher.execute("pragma data_version").fetchone() == before
        finally:
            watcher.close()


async def test_a_sink_that_fails_is_tried_with_one_message_at_a_time(bench: Any) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [503]
        first = await said(on.store, "hook", "one", on.clock.now())
        async with on.running("hook") as outbox:
            await on.attempted(first, 1)
            on.server.hold("/hook")
            for n in range(6):
                await said(on.store, "hook", f"m{n}", on.clock.now())
            outbox.ring()
            await eventually(lambda: len(on.server.got) == 2)
            for _ in range(5):
                on.clock.advance(6)
                await anyio.sleep(0.02)
            assert len(on.server.got) == 2, "more than one at a time while it fails"
            on.server.release("/hook")
            await eventually(lambda: len(on.server.got) == 8 or on.clock.advance(1))


@pytest.mark.parametrize("status", [200, 503])
async def test_many_messages_all_end_with_no_row_left_behind(bench: Any, status: int) -> None:
    async with bench() as on:
        on.server.answers["/hook"] = [status] * 6
        for n in range(60):
            await said(on.store, "hook", f"m{n}", on.clock.now(), subject=f"job-{n % 7}")
        async with on.running("hook"):

            async def all_done() -> bool:
                on.clock.advance(1)
                rows = await on.store.read(lambda conn: list_deliveries(conn, state=DONE, limit=100))
                return len(rows) == 60

            await eventually(all_done, within=30)
    for job in range(7):
        seen = [title for title in dict.fromkeys(on.server.titles()) if int(title[1:]) % 7 == job]
        assert seen == [f"m{n}" for n in range(job, 60, 7)]
