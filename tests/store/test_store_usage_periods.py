"""Sums of usage by days, weeks and months as a time zone has them; hours of nodes and cards beside tokens."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.model import Scope
from monitor.store import BookingRow, Connection, Store, UsageSum, book, ensure_scope, sum_usage
from tests.kit.made import NOON

ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca"]


def booking(job: str, at: datetime, **changes: Any) -> BookingRow:
    facts: dict[str, Any] = {
        "account": "north",
        "provider": "modelarts",
        "scope_id": 1,
        "job_id": job,
        "job_name": job,
        "model": "m",
        "creator": "ann",
        "labels": {},
        "at": at,
        "tokens": 0,
        "node_ms": 3_600_000,
        "card_ms": 8 * 3_600_000,
        "flavor": "ascend-8",
        "cost": Decimal("1.5"),
        "currency": "CNY",
    }
    return BookingRow(**(facts | changes))


async def keep(store: Store, *rows: BookingRow) -> None:
    def write(conn: Connection) -> None:
        ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        book(conn, *rows)

    await store.write(write)


async def summed(store: Store, by: str, zone: str = "UTC", **asked: Any) -> list[UsageSum]:
    where: tzinfo = UTC if zone == "UTC" else ZoneInfo(zone)
    return await store.read(partial(sum_usage, by=by.split(","), zone=where, **asked))


async def test_a_day_begins_when_it_does_where_people_are(store: Store) -> None:
    await keep(store, booking("a", datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)))
    await keep(store, booking("b", datetime(2026, 11, 20, 16, 0, tzinfo=UTC)))
    assert [(row.keys, row.jobs) for row in await summed(store, "day")] == [(("2026-11-20",), 2)]
    there = await summed(store, "day", "Asia/Shanghai")
    assert [(row.keys, row.jobs) for row in there] == [(("2026-11-20",), 1), (("2026-11-21",), 1)]


async def test_a_week_is_called_by_its_monday_and_counts_a_job_once(store: Store) -> None:
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    await keep(store, booking("a", monday), booking("a", monday + timedelta(days=6.9), correction=True))
    await keep(store, booking("b", monday - timedelta(seconds=1)), booking("b", monday + timedelta(days=7)))
    assert [(row.keys, row.jobs, row.node_ms) for row in await summed(store, "week")] == [
        (("2026-11-09",), 1, 3_600_000),
        (("2026-11-16",), 1, 7_200_000),
        (("2026-11-23",), 1, 3_600_000),
    ]
    assert [row.jobs for row in await summed(store, "month")] == [2]


@pytest.mark.parametrize("zone", ZONES)
async def test_periods_are_those_of_the_calendar_also_where_clocks_are_moved(store: Store, zone: str) -> None:
    chance, where = random.Random(6), ZoneInfo(zone)
    times = [
        datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(3 * 366 * 86400)) for _ in range(300)
    ]
    for year in (2024, 2025, 2026):  # either side of where Berlin's clocks are moved, and of its midnights then
        for month, day in ((3, 29), (3, 30), (3, 31), (10, 25), (10, 26), (10, 27)):
            begin = datetime(year, month, day, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
            times += [begin + timedelta(hours=hour, seconds=s) for hour in (0, 1, 2, 23) for s in (-1, 0)]
    await keep(store, *(booking(f"j{number}", at) for number, at in enumerate(times)))
    local = [at.astimezone(where).date() for at in times]
    for by, named in (
        ("day", [day.isoformat() for day in local]),
        ("week", [(day - timedelta(days=day.weekday())).isoformat() for day in local]),
        ("month", [f"{day:%Y-%m}" for day in local]),
    ):
        assert {row.keys[0]: row.jobs for row in await summed(store, by, zone)} == Counter(named), by


async def test_what_a_filter_leaves_decides_which_stretches_of_a_zone_are_looked_at(store: Store) -> None:
    summer, winter = datetime(2026, 7, 31, 22, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)
    await keep(store, booking("a", summer), booking("b", winter), booking("c", winter, account="south"))
    assert [row.keys for row in await summed(store, "month", "Europe/Berlin")] == [("2026-08",), ("2027-01",)]
    only = await summed(store, "month,account", "Europe/Berlin", since=winter, account="south")
    assert [row.keys for row in only] == [("2027-01", "south")]
    assert await summed(store, "day", "Europe/Berlin", since=winter + timedelta(days=1)) == []


async def test_hours_of_flavors_stand_beside_tokens_of_models(store: Store) -> None:
    tokens = {"tokens": 1000, "node_ms": 0, "card_ms": 0, "flavor": None, "currency": "USD"}
    await keep(store, booking("a", NOON), booking("a", NOON, node_ms=-600_000, card_ms=-4_800_000, correction=True))
    await keep(store, booking("b", NOON, **tokens), booking("c", NOON, cost=None, currency=None, node_ms=2**52))
    rows = await summed(store, "flavor")
    assert [(row.keys[0], row.currency, row.jobs, row.tokens, row.node_ms, row.card_ms) for row in rows] == [
        (None, "USD", 1, 1000, 0, 0),
        ("ascend-8", "CNY", 2, 0, 2**52 + 3_000_000, 52_800_000),
    ]
