"""`db check` finds what does not agree, on both databases, and says which row it is."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from monitor.model import DeliveryState, EventType, Outcome, Receipt, Scope
from monitor.store import (
    JobWrite,
    Store,
    append_events,
    check,
    claim,
    ensure_scope,
    next_revision,
    save_jobs,
    set_cursor,
    settle,
    write_notifications,
)
from monitor.store.invariants import broken
from tests.kit.made import NOON, draft, known_job, notification
from tests.store.conftest import Home

SPOILT = {
    "DELETE FROM events WHERE seq = 2": "numbers: 1 of 5 are missing of the events, the first after 1",
    "DELETE FROM events WHERE seq = 5": "numbers: 1 of 5 are missing of the events, the first after 4",
    "DELETE FROM events WHERE seq = 1": "numbers: 1 of 5 are missing of the events, the first after 0",
    "UPDATE counters SET value = 4 WHERE name = 'event'": (
        "numbers: the event 5 is beyond the counter, which stands at 4"
    ),
    "UPDATE cursors SET seq = 9 WHERE name = 'routing'": "cursor: routing has read up to 9, and the newest event is 5",
    "DELETE FROM meta WHERE key = 'epoch'": "epoch: the database has none",
    "UPDATE subject_revisions SET revision = 0": "revision: event 5: is further than its subject",
    "UPDATE jobs SET revision = 0": "revision: job ft-1: its events are further than it is",
    "UPDATE job_counts SET count = 7": "counts: north has 1 jobs that are running, and 7 are counted",
    "UPDATE deliveries SET settled_at = 1 WHERE n = 2": "delivery 2: is to be sent and has an end",
    "UPDATE deliveries SET settled_at = NULL WHERE n = 1": "delivery 1: is over and has no end",
    "DELETE FROM unsettled WHERE delivery = 3": "delivery 3: waits without its subjects",
    "UPDATE deliveries SET ready = false WHERE n = 2": "delivery 2: waits for nothing",
    "UPDATE deliveries SET ready = true WHERE n = 3": "delivery 3: goes before its turn",
    "UPDATE deliveries SET ready = true WHERE n = 1": "delivery 1: is ready and does not wait",
    "UPDATE attempts SET ended_at = 1 WHERE delivery = 4": "delivery 4: is being sent by no attempt",
    "UPDATE attempts SET ended_at = NULL WHERE delivery = 5": "delivery 5: waits while an attempt is open",
    "INSERT INTO unsettled VALUES ('slack', 'job-ended', 'x', 1)": "delivery 1: is over and holds others up",
}


def fill(conn: Connection, epoch: str) -> None:
    """A delivery that arrived, one that waits, one that waits behind it, one on its way, one to be tried again."""
    scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
    known = known_job("ft-1", revision=4)
    save_jobs(conn, scope.id, [JobWrite(known=known, previous_revision=None, hash=1, significant=1)], now=NOON)
    events = append_events(conn, epoch, [(draft(subject=f"job/ft-{max(1, n)}"), n + 1) for n in range(4)])
    events += append_events(
        conn, epoch, [(draft(subject="monitor", account=None), next_revision(conn, None, "monitor"))]
    )
    set_cursor(conn, "routing", 5)
    write_notifications(conn, [notification("arrived", events=(events[0],))])
    (sent,) = claim(conn, "slack", now=NOON, limit=1)
    receipt = Receipt(outcome=Outcome.DELIVERED)
    settle(conn, sent.id, state=DeliveryState.DELIVERED, receipt=receipt, now=NOON)
    write_notifications(conn, [notification(f"n{n}", events=(events[0],)) for n in range(2)])
    write_notifications(conn, [notification(f"to {sink}", events=(events[1],), sinks=(sink,)) for sink in ("a", "b")])
    claim(conn, "a", now=NOON, limit=1)
    (later,) = claim(conn, "b", now=NOON, limit=1)
    settle(conn, later.id, state=DeliveryState.PENDING, receipt=receipt, now=NOON, next_at=NOON)


async def test_what_the_program_writes_agrees(store: Store, home: Home) -> None:
    await store.write(partial(fill, epoch=store.epoch))
    assert (await check(home.url, home.state_dir)).problems == ()


async def test_what_does_not_agree_is_named(store: Store) -> None:
    await store.write(partial(fill, epoch=store.epoch))

    def spoilt(conn: Connection, spoil: str) -> None:
        if conn.dialect.name == "sqlite":
            conn.exec_driver_sql("PRAGMA defer_foreign_keys = on")
        else:
            conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(text(spoil))
        raise Undone(list(broken(conn)))

    for spoil, line in SPOILT.items():
        with pytest.raises(Undone) as caught:
            await store.write(partial(spoilt, spoil=spoil))
        assert line in caught.value.args[0], spoil
    assert await store.read(lambda conn: list(broken(conn))) == []


async def test_the_stock_of_a_flavor_counts_by_its_own_row_and_its_flapping_by_the_subject(store: Store) -> None:
    about = partial(draft, subject="flavor/f/z")
    changes = [(about(type=EventType.FLAVOR_SOLD_OUT), 17), (about(type=EventType.FLAVOR_RESTOCKED), 18)]

    def flap(conn: Connection) -> None:
        append_events(conn, store.epoch, changes)
        flapping = about(type=EventType.FLAVOR_FLAPPING)
        append_events(conn, store.epoch, [(flapping, next_revision(conn, "north", "flavor/f/z"))])

    await store.write(flap)
    assert await store.read(lambda conn: list(broken(conn))) == []
    await store.write(lambda conn: conn.execute(text("UPDATE subject_revisions SET revision = 0")))
    assert await store.read(lambda conn: list(broken(conn))) == ["revision: event 3: is further than its subject"]


async def test_a_whole_look_grows_no_faster_than_what_it_looks_at(sqlite_home: Home) -> None:
    """No table is gone through for each row of another."""
    store = await sqlite_home.open()

    def steps(conn: Connection) -> list[str]:
        raw: Any = conn.connection.driver_connection
        said: list[str] = []
        raw.set_trace_callback(said.append)
        assert list(broken(conn)) == []
        raw.set_trace_callback(None)
        queries = [text for text in said if text.startswith("SELECT")]
        return [f"{step} of {text}" for text in queries for step in inner(raw, text)]

    await store.write(partial(fill, epoch=store.epoch))
    found = await store.write(steps)
    await store.aclose()
    assert [step for step in found if step.startswith("SCAN") or "(account=?)" in step] == []


def inner(raw: Any, query: str) -> list[str]:
    """The steps that are taken for each row of the first one."""
    return [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()][1:]


class Undone(Exception):
    """So that nothing of it is kept."""
