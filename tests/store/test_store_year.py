"""A store stays as large as what it must remember: after its retention is reached neither rows nor bytes grow, but for
the ledger."""

from __future__ import annotations

from monitor.store import check
from monitor.store.options import RetentionOptions
from tests.kit.year import KEPT_FOR_GOOD, Year, flat
from tests.store.conftest import Home

LEDGER = 600
"""Bytes that one job leaves for good: its booking with two indexes, and the line that keeps its ids right."""


async def test_rows_and_bytes_are_flat_once_the_retention_is_reached(sqlite_home: Home) -> None:
    """Weeks of a small year; `make year` lives through a whole one."""
    jobs, listed, events, days = 5, 1, 3, 18
    store = await sqlite_home.open()
    retention = RetentionOptions(events=f"{events}d", deliveries="2d")
    year = Year(store, jobs=jobs, listed=listed, stocks=4, retention=retention)
    lived = [await year.day() for _ in range(days)]
    await store.aclose()
    reached = lived[listed + 2 * events :]
    assert flat(reached, lambda day: day.bounded, 0.02)
    assert lived[-1].rows["jobs"] == jobs * (listed + events + 1)
    assert lived[-1].rows["actions"] == (jobs + 1) // 2 * (events + 1)
    assert {name: lived[-1].rows[name] for name in KEPT_FOR_GOOD} == {
        "bookings": days * jobs,
        "forgotten_jobs": (days - listed - events - 1) * jobs,
    }
    grown = reached[-1].used - reached[0].used
    assert grown <= len(reached) * jobs * LEDGER + 16 * 4096
    assert reached[-1].size <= reached[-1].used * 1.25
    assert (await check(sqlite_home.url, sqlite_home.state_dir)).problems == ()
