"""A store that fails under delivery: nothing is forgotten, nothing is told twice in the events."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import anyio

from monitor.delivery.ledger import Ended, Room, Turn, release_unsure, take_turn
from monitor.delivery.policy import Settlement
from monitor.model import DeliveryState, Outcome, Receipt
from monitor.store import claim
from tests.kit.outbox import eventually, said


async def turned(on: Any, ended: Sequence[Ended], room: Room) -> Turn:
    options, now = on.entry("hook").options, on.clock.now()
    return await on.store.write(
        lambda conn: take_turn(conn, on.store.epoch, options, ended=ended, room=room, now=now, roll=0.5)
    )


async def test_a_database_that_is_locked_for_a_while_costs_time_and_no_message(bench: Any, tmp_path: Path) -> None:
    async with bench() as on:
        on.server.hold("/hook")
        first = await said(on.store, "hook", "one", on.clock.now())
        second = await said(on.store, "hook", "two", on.clock.now(), subject="one")
        async with on.running("hook"):
            await eventually(lambda: on.server.got)
            locker = sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)
            locker.execute("begin immediate")
            on.server.release("/hook")
            await eventually(lambda: on.clock._sleepers)
            locker.execute("rollback")
            locker.close()

            async def over() -> bool:
                on.clock.advance(1)
                return (await on.record(second)).row.state is DeliveryState.DELIVERED

            await eventually(over, within=30)
        record = await on.record(first)
    assert record.row.state is DeliveryState.DELIVERED
    assert on.server.titles() == ["one", "two"]


async def test_a_store_that_refuses_to_settle_is_asked_again_and_the_message_is_not(bench: Any, tmp_path: Path) -> None:
    async with bench() as on:
        breaker = sqlite3.connect(tmp_path / "monitor.db")
        breaker.execute(
            "create trigger broken before update on attempts begin select raise(abort, 'no receipts today'); end"
        )
        breaker.commit()
        sent = await said(on.store, "hook", "one", on.clock.now())
        async with on.running("hook") as outbox:
            await eventually(lambda: on.server.got)
            await eventually(lambda: on.clock._sleepers)
            for _ in range(3):
                outbox.ring()
                on.clock.advance(6)
                await anyio.sleep(0.02)
            assert (await on.record(sent)).row.state is DeliveryState.SENDING
            breaker.execute("drop trigger broken")
            breaker.commit()
            breaker.close()

            async def over() -> bool:
                on.clock.advance(1)
                return (await on.record(sent)).row.state is DeliveryState.DELIVERED

            await eventually(over)
            record = await on.record(sent)
    assert on.server.titles() == ["one"]
    assert [each.outcome for each in record.attempts] == [Outcome.DELIVERED]


async def test_a_store_that_cannot_be_read_is_asked_again(bench: Any, tmp_path: Path) -> None:
    async with bench() as on, on.running("hook"):
        await eventually(lambda: on.clock._sleepers)
        breaker = sqlite3.connect(tmp_path / "monitor.db")
        breaker.execute("alter table deliveries rename to elsewhere")
        breaker.commit()
        for _ in range(5):
            on.clock.advance(6)
            await anyio.sleep(0.02)
        breaker.execute("alter table elsewhere rename to deliveries")
        breaker.commit()
        breaker.close()
        sent = await said(on.store, "hook", "one", on.clock.now())

        async def over() -> bool:
            on.clock.advance(1)
            return (await on.record(sent)).row.state is DeliveryState.DELIVERED

        await eventually(over)


async def test_a_claim_whose_commit_was_not_confirmed_is_given_back(bench: Any) -> None:
    async with bench() as on:
        lost = await said(on.store, "hook", "lost", on.clock.now())
        held = await said(on.store, "hook", "held", on.clock.now())
        now = on.clock.now()
        await on.store.write(lambda conn: claim(conn, "hook", now=now, limit=2))
        assert await on.store.write(lambda conn: release_unsure(conn, "hook", {held}, now)) == 1
        record = await on.record(lost)
        assert record.row.state is DeliveryState.PENDING
        assert record.attempts[0].outcome is Outcome.UNKNOWN
        assert (await on.record(held)).row.state is DeliveryState.SENDING


async def test_settling_the_same_end_twice_makes_one_event(bench: Any) -> None:
    async with bench() as on:
        await said(on.store, "hook", "one", on.clock.now())
        now = on.clock.now()
        (delivery,) = await on.store.write(lambda conn: claim(conn, "hook", now=now, limit=1))
        refused = Receipt(outcome=Outcome.REFUSED, detail="answered 404")
        ended = [Ended(delivery=delivery, receipt=refused, at=now, settlement=Settlement(DeliveryState.REFUSED))]
        for told in (True, False):
            turn = await turned(on, ended, Room(width=1, busy=0))
            assert turn.told is told
        assert len(await on.events_of("delivery.dead")) == 1


async def test_a_delivery_that_is_no_longer_stored_does_not_stop_the_others(bench: Any) -> None:
    async with bench() as on:
        await said(on.store, "hook", "one", on.clock.now())
        now = on.clock.now()
        (delivery,) = await on.store.write(lambda conn: claim(conn, "hook", now=now, limit=1))
        ghost = replace(delivery, id="dropped")
        receipt = Receipt(outcome=Outcome.DELIVERED)
        ended = [
            Ended(delivery=each, receipt=receipt, at=now, settlement=Settlement(DeliveryState.DELIVERED))
            for each in (ghost, delivery)
        ]
        await turned(on, ended, Room(width=1, busy=0, claims=False))
        assert (await on.record(delivery.id)).row.state is DeliveryState.DELIVERED


async def test_a_start_that_the_store_does_not_take_is_tried_again_is_no_hang_and_ends_when_asked(
    bench: Any, tmp_path: Path
) -> None:
    async with bench() as on:
        await said(on.store, "hook", "one", on.clock.now())
        breaker = sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)
        breaker.execute("pragma legacy_alter_table=on")
        breaker.execute("alter table deliveries rename to away")
        async with on.running("hook") as outbox:
            for _ in range(40):
                await eventually(lambda: on.clock._sleepers)
                assert outbox.hung() == []
                on.clock.advance(5)
                await eventually(lambda: all(at > on.clock.now() for at, _ in on.clock._sleepers))
            outbox.stop()
            await eventually(on.ended.is_set)
        async with on.running("hook"):
            await eventually(lambda: on.clock._sleepers)
            breaker.execute("alter table away rename to deliveries")
            breaker.close()
            on.clock.advance(5)
            await eventually(lambda: on.server.titles() == ["one"])


async def test_a_start_that_hangs_in_the_store_is_told(bench: Any) -> None:
    async with bench() as on:
        stuck, held = threading.Event(), threading.Event()

        def hang(conn: object) -> None:
            held.set()
            stuck.wait(30)

        async with anyio.create_task_group() as group:
            group.start_soon(on.store.write, hang)
            await eventually(held.is_set)
            try:
                async with on.running("hook") as outbox:
                    await eventually(lambda: outbox._pulse._by < inf)
                    on.clock.advance(121)
                    assert outbox.hung() == ["delivery"]
                    stuck.set()
                    await eventually(lambda: outbox.hung() == [])
            finally:
                stuck.set()
