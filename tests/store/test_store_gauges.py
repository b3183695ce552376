"""The numbers of a scrape, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.model import DeliveryState, JobState, Outcome, Quota, Receipt, Scope
from monitor.store import (
    Connection,
    JobWrite,
    Store,
    append_events,
    claim,
    ensure_scope,
    save_jobs,
    set_cursor,
    settle,
    write_notifications,
)
from monitor.store import gauges as room
from monitor.store.gauges import read_gauges
from monitor.store.quotas import QuotaRow, save_quota
from tests.kit.made import NOON, draft, known_job, notification

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
    assert found.size > 10_000


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
