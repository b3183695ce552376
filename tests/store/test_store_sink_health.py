"""How sinks are, what was lost, and what is claimed first: the same on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from monitor.model import Delivery, DeliveryState, Outcome, Reason, Receipt, Severity
from monitor.store import NotificationWrite, Store, append_events, claim, list_deliveries, next_due, renew, settle
from monitor.store import write_notifications as write
from monitor.store.backlog import count_waiting, expire, from_ahead, piece, waiting_sinks, waits_of_rule
from monitor.store.deliveries import First
from monitor.store.sink_health import (
    SinkHealth,
    all_sink_health,
    bring_forward,
    forget_sinks,
    load_sink_health,
    probe_now,
    save_sink_health,
    tried_before,
)
from monitor.store.sink_losses import LossRow, first_untold, load_losses, save_losses
from monitor.store.waits import why_waiting
from tests.kit.made import NOON, draft, notification

LATER = NOON + timedelta(minutes=5)
AGAIN = Receipt(outcome=Outcome.RETRY, detail="answered 503")
FULL = SinkHealth(
    sink="slack",
    since=NOON,
    probe_at=LATER,
    told_at=NOON,
    failures=7,
    messages=3,
    refusals=1,
    detail="answered 503",
    delivered_at=NOON - timedelta(days=1),
    canary_at=NOON,
    paced_to=LATER,
)


async def told(store: Store, *writes: NotificationWrite) -> None:
    await store.write(partial(write, writes=writes))


async def claimed(store: Store, first: First, limit: int = 1, now: datetime = NOON) -> list[Delivery]:
    return await store.write(partial(claim, sink="slack", now=now, limit=limit, first=first))


async def test_how_a_sink_is_comes_back_as_it_was_kept(store: Store) -> None:
    assert await store.read(partial(load_sink_health, sink="slack")) == SinkHealth(sink="slack")
    for health in (FULL, replace(FULL, since=None, failures=0), replace(FULL, sink="hook")):
        await store.write(partial(save_sink_health, health=health))
        assert await store.read(partial(load_sink_health, sink=health.sink)) == health
    assert (await store.read(all_sink_health)).keys() == {"slack", "hook"}
    await store.write(partial(probe_now, sinks=["hook"], now=NOON))
    assert (await store.read(all_sink_health))["hook"].probe_at == NOON
    await store.write(partial(forget_sinks, sinks=["slack"]))
    assert (await store.read(all_sink_health)).keys() == {"hook"}


async def test_losses_are_kept_by_cause_and_the_first_that_is_untold_is_known(store: Store) -> None:
    row = LossRow(sink="slack", cause="answered 404", told_at=NOON, count=0, last="d1")
    rows = {"answered 404": row, "late": replace(row, cause="late", count=3, told_at=LATER)}
    await store.write(partial(save_losses, sink="slack", losses=rows))
    assert await store.read(partial(load_losses, sink="slack")) == rows
    assert await store.read(partial(first_untold, sink="slack")) == LATER
    await store.write(partial(save_losses, sink="slack", losses={"answered 404": row}))
    assert await store.read(partial(first_untold, sink="slack")) is None
    assert await store.read(partial(load_losses, sink="slack")) == {"answered 404": row}


async def test_what_is_claimed_first_is_as_asked_for(store: Store) -> None:
    await told(
        store,
        notification("a"),
        notification("b", severity=Severity.CRITICAL),
        notification("mine", rule="test"),
        notification("try", rule="test", reason=Reason.TEST),
    )
    assert [each.notification.id for each in await claimed(store, First.TESTS, 9)] == ["try"]
    (first,) = await claimed(store, First.URGENT)
    assert first.notification.id == "b"
    again = partial(settle, delivery_id=first.id, state=DeliveryState.PENDING, receipt=AGAIN, now=NOON, next_at=NOON)
    await store.write(again)
    assert [each.notification.id for each in await claimed(store, First.UNTRIED, 9)] == ["a", "mine", "b"]
    assert await store.read(partial(next_due, sink="slack", tests=True)) is None


async def test_when_a_message_was_tried_before_is_known_until_it_is_asked_for_again(store: Store) -> None:
    await told(store, notification("a"))
    for now in (NOON, LATER):
        (each,) = await claimed(store, First.OLDEST, now=now)
        before = await store.read(partial(tried_before, delivery_id=each.id))
        assert before == (None if now == NOON else (NOON, NOON)), "the attempt that runs is not one before"
        await store.write(
            partial(settle, delivery_id=each.id, state=DeliveryState.PENDING, receipt=AGAIN, now=now, next_at=LATER)
        )
    assert await store.read(partial(tried_before, delivery_id=each.id)) == (NOON, LATER)
    (row,) = await store.read(list_deliveries)
    await store.write(partial(renew, numbers=[row.n], detail="", now=LATER + timedelta(seconds=1)))
    assert await store.read(partial(tried_before, delivery_id=each.id)) is None


async def test_what_waits_is_counted_brought_forward_and_ended_by_age(store: Store) -> None:
    old = NOON - timedelta(days=4)
    await told(store, notification("old", created_at=old), notification("young"), notification("x", sinks=("hook",)))
    await told(store, notification("canary", rule="canary", reason=Reason.TEST, created_at=old))
    assert await store.read(partial(count_waiting, sink="slack")) == 3
    assert await store.read(partial(count_waiting, sink="slack", most=2)) == 2
    assert await store.read(waiting_sinks) == {"slack", "hook"}
    assert await store.read(partial(waits_of_rule, sink="slack", rule="canary"))
    assert not await store.read(partial(from_ahead, sink="slack", now=NOON))
    assert await store.read(partial(from_ahead, sink="slack", now=old))
    await store.write(partial(bring_forward, sink="slack", now=old))
    assert await store.read(partial(next_due, sink="slack")) == old
    ended = await store.write(partial(expire, sink="slack", reason="too old", before=NOON, now=NOON))
    rows = {row.notification: row for row in await store.read(list_deliveries)}
    assert ended == [rows["old"].id], "a canary is no loss"
    assert rows["old"].detail == "too old"
    assert {name for name, row in rows.items() if row.state is DeliveryState.DEAD} == {"old", "canary"}


async def test_a_piece_of_a_backlog_is_in_the_order_of_its_events_whoever_was_written_first(store: Store) -> None:
    drafts = [(draft(subject=f"job/{n}"), n) for n in range(6)]
    events = await store.write(partial(append_events, epoch=store.epoch, drafts=drafts))
    await told(
        store,
        notification("late", events=events[4:]),
        notification("early", events=events[:2]),
        notification("middle", events=events[2:4]),
    )
    whole = await store.read(partial(piece, sink="slack", rule="job-ended", most=4, without=()))
    assert [each.notification.id for each in whole] == ["early", "middle"]
    rest = await store.read(partial(piece, sink="slack", rule="job-ended", most=4, without=[whole[0].id]))
    assert [each.notification.id for each in rest] == ["middle", "late"]
    one = await store.read(partial(piece, sink="slack", rule="job-ended", most=1, without=()))
    assert [each.notification.id for each in one] == ["early"], "at least one"


async def test_why_a_delivery_waits_is_known(store: Store) -> None:
    await told(store, notification("a", subjects=("x",)), notification("b", subjects=("y", "x")))
    await told(store, notification("c", subjects=("y",)), notification("free", subjects=("z",)))
    await store.write(partial(save_sink_health, health=FULL))
    rows = {row.notification: row for row in await store.read(list_deliveries)}
    found = await store.read(partial(why_waiting, rows=list(rows.values())))
    behind = {name: found[row.n].behind for name, row in rows.items()}
    assert behind == {"a": None, "b": rows["a"].id, "c": rows["b"].id, "free": None}
    assert {wait.health for wait in found.values()} == {FULL}
    await claimed(store, First.OLDEST)
    assert rows["a"].n not in await store.read(partial(why_waiting, rows=await store.read(list_deliveries)))
