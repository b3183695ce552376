"""Deliveries that people try again or give up: a new life, the old place in the order, the same id."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from monitor.delivery.policy import Policy
from monitor.model import Delivery, DeliveryState, Event, Outcome, Receipt
from monitor.store import (
    CHANGEABLE,
    Connection,
    DeliveryFilter,
    Store,
    append_events,
    backlog,
    claim,
    count_deliveries,
    get_delivery,
    give_up,
    hold_delivery,
    list_deliveries,
    next_due,
    page_deliveries,
    recover_claims,
    renew,
    settle,
    write_notifications,
)
from monitor.store.gauges import read_gauges
from monitor.store.invariants import broken
from tests.kit.made import NOON, draft, notification

LATER = NOON + timedelta(days=5)


async def told(store: Store, id: str, *subjects: str, rule: str = "r") -> None:
    def write(conn: Connection) -> None:
        drafts = [(draft(subject=subject), int.from_bytes(id.encode()[:6])) for subject in subjects]
        events: list[Event] = append_events(conn, "e", drafts)
        write_notifications(conn, [notification(id, events=tuple(events), rule=rule)])

    await store.write(write)


async def claimed(store: Store, limit: int = 10) -> list[Delivery]:
    return await store.write(partial(claim, sink="slack", now=LATER, limit=limit))


async def ended(store: Store, delivery: Delivery, state: DeliveryState = DeliveryState.DEAD) -> None:
    receipt = Receipt(outcome=Outcome.REFUSED, detail="400")
    next_at = None if state.settled else NOON
    await store.write(
        partial(settle, delivery_id=delivery.id, state=state, receipt=receipt, now=LATER, next_at=next_at)
    )


async def again(store: Store, id: str) -> int:
    """As the API does it: held, and renewed where it may be."""

    def change(conn: Connection) -> int:
        held = hold_delivery(conn, id)
        assert held is not None
        return renew(conn, [held[0]], detail="asked by ann", now=LATER)

    return await store.write(change)


def names(deliveries: list[Delivery]) -> list[str]:
    return [delivery.notification.id for delivery in deliveries]


async def test_a_dead_delivery_lives_again_with_its_id_and_its_attempts(store: Store) -> None:
    await told(store, "a", "job/1")
    (first,) = await claimed(store)
    await ended(store, first)
    assert await store.read(partial(next_due, sink="slack")) is None
    assert await again(store, first.id) == 1
    assert await store.read(partial(next_due, sink="slack")) == LATER
    (second,) = await claimed(store)
    assert (second.id, second.attempt, second.renewed_at) == (first.id, 2, LATER)
    record = await store.read(partial(get_delivery, id=first.id))
    assert record is not None
    assert [attempt.detail for attempt in record.attempts] == ["400", ""]
    refused = Receipt(outcome=Outcome.RETRY)
    assert Policy(retry_for=60).settle(first, refused, LATER, 0.5).state is DeliveryState.DEAD
    assert Policy(retry_for=60).settle(second, refused, LATER, 0.5).state is DeliveryState.PENDING


async def test_it_waits_behind_earlier_ones_and_goes_before_later_ones_of_the_same_subject(store: Store) -> None:
    for name in ("a", "b", "c"):
        await told(store, name, "job/1")
    await told(store, "other", "job/2")
    for _ in range(2):
        await ended(store, (await claimed(store, 1))[0])
    rows = {row.notification: row.id for row in await store.read(list_deliveries)}
    await again(store, rows["b"])
    assert names(await claimed(store, 1)) == ["b"]  # and c, which was free to go, waits behind it
    await again(store, rows["a"])
    assert names(await claimed(store)) == ["a", "other"]


async def test_one_that_waits_behind_another_still_does_so_after_a_retry(store: Store) -> None:
    await told(store, "a", "job/1")
    await told(store, "b", "job/1")
    rows = {row.notification: row.id for row in await store.read(list_deliveries)}
    assert await again(store, rows["b"]) == 1
    assert names(await claimed(store)) == ["a"]


@pytest.mark.parametrize("end", ["tried again", "the daemon ended"])
async def test_what_was_being_sent_waits_behind_an_earlier_one_that_was_renewed_meanwhile(
    store: Store, end: str
) -> None:
    await told(store, "a", "job/1")
    (earlier,) = await claimed(store)
    await ended(store, earlier)
    await told(store, "b", "job/1")
    (sending,) = await claimed(store)
    await again(store, earlier.id)
    if end == "tried again":
        await ended(store, sending, DeliveryState.PENDING)
    else:
        assert await store.write(partial(recover_claims, now=LATER)) == 1
    (first,) = await claimed(store)
    assert names([first]) == ["a"]
    await ended(store, first, DeliveryState.DELIVERED)
    assert names(await claimed(store)) == ["b"]


async def test_what_is_being_sent_or_has_arrived_is_not_renewed(store: Store) -> None:
    await told(store, "a", "job/1")
    (sending,) = await claimed(store)
    assert await again(store, sending.id) == 0
    await ended(store, sending, DeliveryState.DELIVERED)
    assert await again(store, sending.id) == 0
    assert await claimed(store) == []
    assert DeliveryState.SENDING not in CHANGEABLE


async def test_giving_up_lets_go_what_waited_behind_it(store: Store) -> None:
    await told(store, "a", "job/1")
    await told(store, "b", "job/1")
    first = (await store.read(list_deliveries))[-1]
    await store.write(partial(give_up, number=first.n, detail="dropped by ann", now=LATER))
    assert names(await claimed(store)) == ["b"]
    row = (await store.read(list_deliveries))[-1]
    said = (row.state, row.detail, row.settled_at, row.next_at)
    assert said == (DeliveryState.DROPPED, "dropped by ann", LATER, None)


async def test_what_was_dropped_is_counted_nowhere_and_lives_again_only_by_its_id(store: Store) -> None:
    await told(store, "a", "job/1")
    (row,) = await store.read(list_deliveries)
    await store.write(partial(give_up, number=row.n, detail="dropped by ann", now=LATER))
    assert await store.read(count_deliveries) == {}
    gauges = await store.read(partial(read_gauges, routing="routing"))
    assert (gauges.given_up, gauges.vitals.waiting) == ({}, {})
    assert await again(store, row.id) == 1
    assert names(await claimed(store)) == ["a"]


async def test_many_are_renewed_at_once_and_go_out_in_their_old_order(store: Store) -> None:
    for number in range(4):
        await told(store, f"n{number}", f"job/{number}")
        await ended(store, (await claimed(store))[0])
    assert await store.write(partial(renew, numbers=[3, 1, 2, 4], detail="", now=LATER)) == 4
    assert names(await claimed(store)) == ["n0", "n1", "n2", "n3"]


async def test_a_renewed_message_is_not_collapsed_for_its_age(store: Store) -> None:
    await told(store, "a", "job/1")
    (first,) = await claimed(store)
    await ended(store, first)
    await again(store, first.id)
    (waiting,) = await store.read(partial(backlog, sink="slack"))
    assert (waiting.count, waiting.oldest) == (1, LATER)


async def test_the_order_holds_for_random_retries(store: Store) -> None:
    """Of those that share a subject only the first that is not settled is ever given out."""
    dice = random.Random(3)
    subjects: dict[str, tuple[str, ...]] = {}
    unsettled: set[str] = set()
    over: dict[str, str] = {}
    flying: list[Delivery] = []
    for turn in range(90):
        if dice.random() < 0.4:
            new = f"n{turn:03}"
            subjects[new] = tuple(f"job/{x}" for x in dice.sample("abc", dice.randint(0, 2)))
            await told(store, new, *subjects[new])
            unsettled.add(new)
        for delivery in await claimed(store, dice.randint(1, 2)):
            mine = subjects[delivery.notification.id]
            before = [other for other in unsettled if other < delivery.notification.id]
            assert not any(set(mine) & set(subjects[other]) for other in before)
            flying.append(delivery)
        if flying and dice.random() < 0.7:
            delivery = flying.pop(dice.randrange(len(flying)))
            if dice.random() < 0.2:
                await ended(store, delivery, DeliveryState.PENDING)
                continue
            await ended(store, delivery)
            unsettled.discard(delivery.notification.id)
            over[delivery.notification.id] = delivery.id
        if over and dice.random() < 0.3:
            name = dice.choice(sorted(over))
            assert await again(store, over.pop(name)) == 1
            unsettled.add(name)
    for delivery in flying:
        await ended(store, delivery)
        unsettled.discard(delivery.notification.id)
    while left := await claimed(store):
        for delivery in left:
            await ended(store, delivery)
            unsettled.discard(delivery.notification.id)
    assert unsettled == set()
    assert await store.read(lambda conn: conn.execute(text("SELECT count(*) FROM unsettled")).scalar_one()) == 0
    assert await store.read(lambda conn: list(broken(conn))) == []


async def test_a_page_since_a_moment_begins_with_the_first_delivery_of_a_message(store: Store) -> None:
    """Where the first message since then went nowhere, and the next one to two sinks, whose rows have moved since."""
    at = NOON + timedelta(days=1)

    def write(conn: Connection) -> None:
        nowhere = notification("nowhere", created_at=at, sinks=())
        write_notifications(conn, [nowhere, notification("both", created_at=at, sinks=("slack", "hook"))])

    await store.write(write)
    (first,) = await claimed(store)
    await ended(store, first, DeliveryState.DELIVERED)
    rows, _ = await store.read(partial(page_deliveries, wanted=DeliveryFilter(since=at)))
    assert [row.sink for row in rows] == ["hook", "slack"]
