"""Deliveries: claimed in order, one after the other where they share a subject, settled, recovered, collapsed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from monitor.model import Delivery, DeliveryState, Event, Outcome, Receipt
from monitor.store import (
    Connection,
    NotificationWrite,
    Store,
    StoreError,
    append_events,
    backlog,
    claim,
    collapse,
    get_delivery,
    kill_sink,
    list_deliveries,
    next_due,
    recover_claims,
    settle,
    write_notifications,
)
from monitor.store.backlog import Waiting, piece
from tests.kit.made import NOON, draft, notification

DONE = Receipt(outcome=Outcome.DELIVERED, detail="200", reference="ts-1")
LATER = NOON + timedelta(minutes=5)


async def told(store: Store, *writes: NotificationWrite) -> None:
    await store.write(partial(write_notifications, writes=writes))


async def claimed(store: Store, sink: str = "slack", *, now: datetime = NOON, limit: int = 10) -> list[Delivery]:
    return await store.write(partial(claim, sink=sink, now=now, limit=limit))


async def settled(
    store: Store, delivery: Delivery, state: DeliveryState = DeliveryState.DELIVERED, **more: Any
) -> None:
    receipt = more.pop("receipt", DONE)
    await store.write(partial(settle, delivery_id=delivery.id, state=state, receipt=receipt, now=NOON, **more))


def said(deliveries: list[Delivery]) -> list[str]:
    return [delivery.notification.id for delivery in deliveries]


async def some_events(store: Store, *subjects: str) -> tuple[Event, ...]:
    drafts = [(draft(subject=subject), number) for number, subject in enumerate(subjects)]
    return tuple(await store.write(partial(append_events, epoch=store.epoch, drafts=drafts)))


async def test_a_notification_reaches_each_sink_once_with_its_events_in_order(store: Store) -> None:
    first, second = await some_events(store, "job/1", "job/2")
    write = notification("n1", events=(second, first), sinks=("slack", "hook"))
    await told(store, write)
    await told(store, write)  # a replay of the same routing
    (delivery,) = await claimed(store)
    assert delivery.notification.events == (first, second)
    assert (delivery.attempt, delivery.sink, delivery.notification.text) == (1, "slack", write.text)
    assert len(await claimed(store, "hook")) == 1
    assert await claimed(store) == await claimed(store, "nobody") == []
    assert len(await store.read(list_deliveries)) == 2


async def test_deliveries_are_claimed_in_the_order_they_were_written(store: Store) -> None:
    await told(store, *(notification(f"n{number}", subjects=(f"north|job/{number}",)) for number in range(5)))
    assert said(await claimed(store, limit=2)) == ["n0", "n1"]
    assert said(await claimed(store)) == ["n2", "n3", "n4"]


async def test_a_later_delivery_waits_for_an_unsettled_one_that_shares_a_subject(store: Store) -> None:
    await told(store, notification("a", subjects=("x",)), notification("ab", subjects=("x", "y")))
    await told(store, notification("b", subjects=("y",)), notification("c", subjects=("z",)))
    await told(store, notification("other rule", subjects=("x",), rule="stock"))
    first, free, other = await claimed(store)
    assert said([first, free, other]) == ["a", "c", "other rule"]
    assert await store.read(partial(next_due, sink="slack")) is None
    await settled(store, first, DeliveryState.PENDING, next_at=LATER)
    assert await claimed(store) == []
    assert await store.read(partial(next_due, sink="slack")) == LATER
    (again,) = await claimed(store, now=LATER)
    assert (again.notification.id, again.attempt, again.id) == ("a", 2, first.id)
    await settled(store, again, DeliveryState.DEAD)
    (both,) = await claimed(store)
    assert both.notification.id == "ab"
    await settled(store, both, DeliveryState.REFUSED)
    assert said(await claimed(store)) == ["b"]


async def test_the_order_rule_holds_for_random_histories(store: Store) -> None:
    """Held against the rule as the design says it, over every claim of a random run."""
    dice = random.Random(5)
    subjects: dict[str, tuple[str, ...]] = {}
    unsettled: list[str] = []
    flying: list[Delivery] = []
    for turn in range(120):
        if dice.random() < 0.4:
            new = f"n{turn:03}"
            subjects[new] = tuple(dice.sample("abcde", dice.randint(0, 3)))
            await told(store, notification(new, subjects=subjects[new]))
            unsettled.append(new)
        for delivery in await claimed(store, limit=dice.randint(1, 3)):
            mine = subjects[delivery.notification.id]
            before = unsettled[: unsettled.index(delivery.notification.id)]
            assert not any(set(mine) & set(subjects[other]) for other in before)
            flying.append(delivery)
        if flying and dice.random() < 0.6:
            delivery = flying.pop(dice.randrange(len(flying)))
            again = dice.random() < 0.3
            state = DeliveryState.PENDING if again else DeliveryState.DELIVERED
            await settled(store, delivery, state, next_at=NOON if again else None)
            if not again:
                unsettled.remove(delivery.notification.id)
    for _ in range(500):  # and nothing is stuck
        for delivery in await claimed(store) + flying:
            await settled(store, delivery)
            unsettled.remove(delivery.notification.id)
        flying = []
    assert unsettled == []
    assert await store.read(lambda conn: conn.execute(text("SELECT count(*) FROM unsettled")).scalar_one()) == 0


async def test_every_attempt_is_on_record(store: Store) -> None:
    await told(store, notification("n1"))
    (delivery,) = await claimed(store)
    late = Receipt(outcome=Outcome.UNKNOWN, detail="no answer in 10 s")
    await settled(store, delivery, DeliveryState.PENDING, next_at=NOON, receipt=late)
    await claimed(store, now=LATER)
    running = await store.read(partial(get_delivery, id=delivery.id))
    assert running is not None
    assert (running.row.state, running.attempts[1].outcome) == (DeliveryState.SENDING, None)
    await settled(store, delivery)
    record = await store.read(partial(get_delivery, id=delivery.id))
    assert record is not None
    found = [(each.attempt, each.outcome, each.detail, each.reference) for each in record.attempts]
    assert found == [(1, Outcome.UNKNOWN, "no answer in 10 s", None), (2, Outcome.DELIVERED, "200", "ts-1")]
    assert (record.row.state, record.row.detail, record.row.settled_at) == (DeliveryState.DELIVERED, "200", NOON)
    assert record.notification.id == record.row.notification == "n1"
    assert await store.read(partial(get_delivery, id="nobody")) is None
    with pytest.raises(StoreError, match="no delivery nobody"):
        await store.write(partial(settle, delivery_id="nobody", state=DeliveryState.DEAD, receipt=DONE, now=NOON))


async def test_a_crash_makes_what_was_being_sent_due_again_and_says_so(store: Store) -> None:
    await told(store, notification("n1", subjects=("x",)), notification("n2", subjects=("x",)))
    (delivery,) = await claimed(store)
    assert await store.write(partial(recover_claims, now=LATER)) == 1
    assert await store.write(partial(recover_claims, now=LATER)) == 0
    (again,) = await claimed(store, now=LATER)
    assert (again.id, again.attempt) == (delivery.id, 2)
    record = await store.read(partial(get_delivery, id=delivery.id))
    assert record is not None
    first = record.attempts[0]
    assert (first.outcome, first.detail) == (Outcome.UNKNOWN, "the daemon ended before the answer")
    assert (first.started_at, first.ended_at) == (NOON, LATER)


async def test_a_backlog_collapses_into_one_message_and_frees_its_subjects(store: Store) -> None:
    old = [notification(f"old{n}", subjects=("x", f"job/{n}")) for n in range(3)]
    await told(store, *old, notification("stock", rule="stock"), notification("new", created_at=LATER, subjects=("x",)))
    (sending, _) = await claimed(store)
    found = await store.read(partial(backlog, sink="slack"))
    assert found == [Waiting(rule="job-ended", count=3, oldest=NOON)]
    waiting = await store.read(partial(piece, sink="slack", rule="job-ended", most=2, without=()))
    assert said(waiting) == ["old1", "old2"]
    ids = [delivery.id for delivery in waiting] + [sending.id]
    into = notification("caught up", subjects=("x",), created_at=LATER)
    await store.write(partial(collapse, delivery_ids=ids, into=into))
    states = {row.notification: row.state.value for row in await store.read(list_deliveries)}
    assert states["old0"] == "sending"  # what may have been sent is not taken back
    assert states["old1"] == states["old2"] == "collapsed"
    await settled(store, sending)
    (new,) = await claimed(store, now=LATER)
    assert new.notification.id == "new"
    await settled(store, new)
    assert said(await claimed(store, now=LATER)) == ["caught up"]


async def test_a_removed_sink_ends_its_deliveries_with_the_reason(store: Store) -> None:
    await told(store, notification("n1", sinks=("slack", "hook")), notification("n2"))
    flying = (await claimed(store, limit=1))[0]
    assert await store.write(partial(kill_sink, sink="slack", reason="sink removed", now=NOON)) == 2
    await settled(store, flying)  # its answer comes too late to matter
    rows = await store.read(partial(list_deliveries, sink="slack", state=DeliveryState.DEAD))
    assert [row.detail for row in rows] == ["sink removed", "sink removed"]
    assert len(await claimed(store, "hook")) == 1


async def test_deliveries_are_listed_newest_first(store: Store) -> None:
    await told(store, notification("n1", sinks=("slack", "hook")), notification("n2"))

    async def found(**wanted: Any) -> list[tuple[str, str]]:
        return [(row.notification, row.sink) for row in await store.read(partial(list_deliveries, **wanted))]

    assert await found() == [("n2", "slack"), ("n1", "hook"), ("n1", "slack")]
    assert await found(limit=1) == [("n2", "slack")]
    assert await found(sink="hook") == [("n1", "hook")]
    assert await found(notification="n1", sink="slack") == [("n1", "slack")]
    assert await found(state=DeliveryState.DEAD) == []


async def test_a_pending_end_needs_its_next_time(store: Store) -> None:
    await told(store, notification("n1"))
    (delivery,) = await claimed(store)
    for state, next_at in ((DeliveryState.PENDING, None), (DeliveryState.DEAD, LATER), (DeliveryState.SENDING, None)):
        with pytest.raises(ValueError, match="next time"):
            await settled(store, delivery, state, next_at=next_at)


async def test_a_failed_claim_leaves_nothing_claimed(store: Store) -> None:
    await told(store, notification("n1"))

    def claim_and_fail(conn: Connection) -> None:
        assert claim(conn, "slack", now=NOON, limit=1)
        raise RuntimeError("after the claim")

    with pytest.raises(RuntimeError):
        await store.write(claim_and_fail)
    assert [delivery.attempt for delivery in await claimed(store)] == [1]
