"""The numbers of a scrape, on both databases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.event import listen

from monitor.model import ActionState, DeliveryState, JobState, Outcome, Quota, Receipt, Scope
from monitor.store import (
    Amounts,
    BookingRow,
    Connection,
    JobWrite,
    Store,
    add_action,
    append_events,
    book,
    claim,
    cleanup_ran,
    ensure_scope,
    save_jobs,
    set_cursor,
    settle,
    stop_cleanup,
    write_notifications,
)
from monitor.store import gauges as room
from monitor.store.booked import NOTHING, Booked, read_booked
from monitor.store.gauges import read_gauges
from monitor.store.quotas import QuotaRow, save_quota
from tests.kit.made import NOON, deletion, draft, known_job, notification

STATES = (JobState.RUNNING, JobState.RUNNING, JobState.QUEUED, JobState.SUCCEEDED)


def fill(conn: Connection) -> None:
    scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
    known = [known_job(f"ft-{n}", state=state) for n, state in enumerate(STATES)]
    known.append(known_job("ft-gone", gone=True))
    writes = [JobWrite(known=each, previous_revision=None, hash=1, significant=1) for each in known]
    save_jobs(conn, scope.id, writes, now=NOON)
    seen = Quota(resource="jobs", used=3, cap=20, seen_at=NOON)
    save_quota(conn, QuotaRow(account="north", quota=seen))
    events = append_events(conn, "e", [(draft(subject=f"job/ft-{n}"), 1) for n in range(6)])
    set_cursor(conn, "routing", 4)
    moments = [NOON + timedelta(minutes=event.seq) for event in events]
    sinks = [("slack", "hook"), *[("slack",)] * 5]
    write_notifications(
        conn,
        [
            notification(f"n{event.seq}", events=(event,), created_at=at, sinks=to)
            for event, at, to in zip(events, moments, sinks, strict=True)
        ],
    )
    ends = (DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.REFUSED)
    for delivery, state in zip(claim(conn, "slack", now=NOON + timedelta(days=1), limit=4), ends, strict=False):
        receipt = Receipt(outcome=Outcome.DELIVERED)
        settle(conn, delivery.id, state=state, receipt=receipt, now=NOON, next_at=None)


async def test_what_waits_what_is_dead_and_what_is_active_is_counted(store: Store) -> None:
    await store.write(fill)
    found = await store.read(lambda conn: read_gauges(conn, routing="routing"))
    assert (found.last_seq, found.unrouted) == (6, 2)
    assert {sink: (each.count, each.since) for sink, each in found.vitals.waiting.items()} == {
        "slack": (3, NOON + timedelta(minutes=4)),
        "hook": (1, NOON + timedelta(minutes=1)),
    }
    assert found.given_up == {"slack": 2}
    assert found.jobs == {("north", "running"): 2, ("north", "queued"): 1}
    assert [(row.account, row.quota.used, row.quota.cap) for row in found.quotas] == [("north", 3, 20)]
    assert (found.deleting, found.stopped, found.booked) == ({}, frozenset(), NOTHING)
    assert found.size > 10_000


async def test_the_ledger_is_counted_on_from_the_last_look(store: Store) -> None:
    def booked(conn: Connection, *tokens: int, **more: Any) -> None:
        scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        plain = {"account": "north", "provider": "p", "scope_id": scope.id, "job_id": "ft-1", "job_name": "n"}
        plain |= {"model": None, "creator": None, "labels": {}, "at": NOON, "cost": None, "currency": None}
        book(conn, *(BookingRow(**plain | {"tokens": each} | more) for each in tokens))

    def look(conn: Connection, before: Booked = NOTHING) -> tuple[Booked, list[str]]:
        said: list[str] = []
        listen(conn, "before_cursor_execute", lambda *args: said.append(args[2]))
        return read_booked(conn, before), said

    await store.write(lambda conn: booked(conn, 100, 50, cost=Decimal("0.1"), currency="CNY"))
    await store.write(lambda conn: booked(conn, 7, account="south", node_ms=1500, card_ms=12_000))
    first, _ = await store.read(look)
    same, said = await store.read(lambda conn: look(conn, first))
    await store.write(lambda conn: booked(conn, -20, cost=Decimal("-0.05"), currency="CNY"))
    await store.write(lambda conn: booked(conn, 1, cost=Decimal(3), currency="USD"))
    last, _ = await store.read(lambda conn: look(conn, first))
    anew, _ = await store.read(look)
    assert first.amounts == {"north": Amounts(tokens=150), "south": Amounts(tokens=7, node_ms=1500, card_ms=12_000)}
    assert first.cost == {("north", "CNY"): Decimal("0.2")}
    assert (same, len(said)) == (first, 1)
    assert last.amounts["north"] == Amounts(tokens=131)
    assert last.cost == {("north", "CNY"): Decimal("0.15"), ("north", "USD"): Decimal(3)}
    assert anew == last


async def test_deletions_under_way_and_policies_that_stand_still_are_told(store: Store) -> None:
    def write(conn: Connection) -> None:
        ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        add_action(conn, deletion())
        add_action(conn, deletion(id="d2", job_id="ft-2"))
        add_action(conn, deletion(id="d3", job_id="ft-3", state=ActionState.DELETED, settled_at=NOON))
        cleanup_ran(conn, "runs", NOON)
        stop_cleanup(conn, "stands", "refused", NOON)

    await store.write(write)
    found = await store.read(lambda conn: read_gauges(conn, routing="routing"))
    assert (found.deleting, found.stopped) == ({"north": 2}, {"stands"})


async def test_an_empty_store_has_nothing_to_tell(store: Store) -> None:
    found = await store.read(lambda conn: read_gauges(conn, routing="routing"))
    assert (found.last_seq, found.unrouted, found.vitals.waiting, found.given_up, found.jobs) == (0, 0, {}, {}, {})


async def test_the_dead_are_counted_up_to_a_bound(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_GIVEN_UP", 1)

    def more(conn: Connection) -> None:
        fill(conn)
        for delivery in claim(conn, "slack", now=NOON + timedelta(days=1), limit=9):
            receipt = Receipt(outcome=Outcome.RETRY)
            settle(conn, delivery.id, state=DeliveryState.DEAD, receipt=receipt, now=NOON, next_at=None)

    await store.write(more)
    found = await store.read(lambda conn: read_gauges(conn, routing="routing"))
    assert found.given_up == {"slack": 2}  # one dead, one refused
