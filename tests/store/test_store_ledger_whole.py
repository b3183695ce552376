"""`db check` misses rows of the ledger, looks at one moment, and names the way back, on both databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from functools import partial
from importlib import import_module

import pytest
from sqlalchemy import Connection, text

from monitor.model import BookedTime, EventType, JobState, Scope
from monitor.store import BookingRow, JobWrite, Store, append_events, book, check, ensure_scope, save_jobs
from monitor.store.invariants import broken
from tests.kit.made import NOON, draft, known_job
from tests.store.conftest import Home

DONE = JobState.SUCCEEDED


def fill(conn: Connection, epoch: str) -> None:
    """Tokens that were told and corrected, tokens that were told to nobody, hours, and what is left of a job."""
    scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
    known = [
        known_job("ft-1", revision=2, state=DONE, booked_tokens=500),
        known_job("ft-2", state=DONE, booked_tokens=700),
        known_job("hours", state=DONE, booked_time=BookedTime(attempt=1, node_ms=60_000, card_ms=480_000)),
        known_job("running"),
    ]
    save_jobs(
        conn,
        scope.id,
        [JobWrite(known=each, previous_revision=None, hash=1, significant=1) for each in known],
        now=NOON,
    )
    conn.execute(text("INSERT INTO forgotten_jobs VALUES ('north', 'old', 9, 40, NULL)"))
    told = (EventType.USAGE_RECORDED, EventType.USAGE_CORRECTED)
    append_events(conn, epoch, [(draft(type=each, subject="job/ft-1"), 1 + n) for n, each in enumerate(told)])
    row = partial(
        BookingRow, account="north", provider="p", scope_id=scope.id, job_name="n", model=None, creator=None, labels={},
        at=NOON, cost=Decimal("1.5"), currency="CNY",
    )  # fmt: skip
    book(
        conn,
        row(job_id="ft-1", tokens=600),
        row(job_id="ft-1", tokens=-100, correction=True),
        row(job_id="ft-2", tokens=700),
        row(job_id="hours", tokens=0, node_ms=60_000, card_ms=480_000),
        row(job_id="old", tokens=40),
    )


LOST = {
    "job_id = 'ft-2'": "ledger: 1 job has less in it than was booked: ft-2 of north",
    "tokens = -100": "ledger: 1 job has less in it than was booked: ft-1 of north",
    "job_id = 'hours'": "ledger: 1 job has less in it than was booked: hours of north",
    "job_id = 'old'": "ledger: 1 job has less in it than was booked: old of north",
    "tokens >= 0": "ledger: 4 jobs have less in it than was booked: ft-1 of north, ft-2 of north, hours of north "
    "and others",
}


async def test_rows_that_the_ledger_lost_are_missed(store: Store, home: Home) -> None:
    await store.write(partial(fill, epoch=store.epoch))

    def lost(conn: Connection, where: str) -> None:
        conn.execute(text(f"DELETE FROM bookings WHERE {where}"))
        raise Undone(list(broken(conn)))

    for where, line in LOST.items():
        with pytest.raises(Undone) as caught:
            await store.write(partial(lost, where=where))
        assert caught.value.args[0] == [line]
    assert (await check(home.url, home.state_dir)).problems == ()


async def test_the_way_back_is_the_one_of_its_database(store: Store, home: Home) -> None:
    found = await check(home.url, home.state_dir)
    begin = "training-monitor db restore FILE" if home.sqlite else "pg_restore --clean"
    assert found.mend.startswith(f"Stop the daemon, then: {begin}")
    assert found.mend.endswith("FILE" if home.sqlite else " FILE && training-monitor db restore --new-epoch")


async def test_what_is_written_while_it_looks_is_no_trouble(sqlite_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await sqlite_home.open()
    await store.write(partial(fill, epoch=store.epoch))
    await store.aclose()

    def meanwhile(conn: Connection) -> list[str]:
        with closing(sqlite3.connect(sqlite_home.state_dir / "monitor.db")) as raw, raw:
            raw.execute("DELETE FROM bookings")
        return list(broken(conn))

    monkeypatch.setattr(import_module("monitor.store.check"), "broken", meanwhile)
    assert (await check(sqlite_home.url, sqlite_home.state_dir)).problems == ()


class Undone(Exception):
    """So that nothing of it is kept."""
