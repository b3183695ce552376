"""The ledger row by row, as it was written and in order of time; marks that are set once; budgets by another name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from monitor.model import Scope
from monitor.store import BookingRow, Connection, Rename, Store, book, ensure_scope, rename
from monitor.store.budgets import (
    Mark,
    add_marks,
    bookings_behind,
    bookings_since,
    drop_marks,
    last_booking,
    load_marks,
)
from tests.kit.made import NOON

ROW = BookingRow(
    account="north",
    provider="modelarts",
    region="cn-north-4",
    scope_id=1,
    job_id="a",
    job_name="a",
    kind="job",
    model="m",
    flavor="f",
    workspace="0",
    creator="ann",
    labels={"team": "nlp"},
    at=NOON,
    tokens=-5,
    node_ms=7,
    card_ms=56,
    cost=Decimal("0.100000000001"),
    currency="CNY",
    correction=True,
)


def row(job: str, hours: float) -> BookingRow:
    return replace(ROW, job_id=job, at=NOON + timedelta(hours=hours))


@pytest.fixture
async def booked(store: Store) -> Store:
    def write(conn: Connection) -> None:
        ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        book(conn, row("a", 3), row("b", 1), row("c", 1), row("d", -1), row("e", 2))

    await store.write(write)
    return store


async def test_a_row_is_read_as_it_was_booked(booked: Store) -> None:
    await booked.write(lambda conn: book(conn, ROW, replace(ROW, cost=None, currency=None, flavor=None)))
    found = await booked.read(partial(bookings_behind, id=5, limit=10))
    assert [each.row for each in found] == [ROW, replace(ROW, cost=None, currency=None, flavor=None)]


async def test_what_is_new_is_read_in_the_order_in_which_it_was_written(booked: Store) -> None:
    assert await booked.read(last_booking) == 5
    found = await booked.read(partial(bookings_behind, id=1, limit=3))
    assert [(each.id, each.row.job_id) for each in found] == [(2, "b"), (3, "c"), (4, "d")]


async def test_an_empty_ledger_has_no_newest_row(store: Store) -> None:
    assert await store.read(last_booking) == 0


async def test_a_walk_in_order_of_time_meets_each_row_once_and_none_that_is_newer_than_its_begin(booked: Store) -> None:
    seen, place = "", None
    for _ in range(4):
        found = await booked.read(partial(bookings_since, since=NOON, upto=4, behind=place, limit=1))
        seen += "".join(each.row.job_id for each in found)
        place = found[-1].place if found else place
        await booked.write(lambda conn: book(conn, row("x", 1)))
    assert seen == "bca"


MARK = Mark(budget="team", period="month 2026-11-01 #1", threshold="80", at=NOON)


async def test_a_mark_that_is_there_stays_as_it_is(store: Store) -> None:
    await store.write(partial(add_marks, marks=[MARK, replace(MARK, threshold="50")]))
    await store.write(partial(add_marks, marks=[replace(MARK, at=NOON + timedelta(hours=1))]))
    assert sorted(await store.read(load_marks), key=lambda mark: mark.threshold) == [
        replace(MARK, threshold="50"),
        MARK,
    ]
    await store.write(lambda conn: drop_marks(conn, "team", MARK.period, ["50"]))
    assert await store.read(lambda conn: load_marks(conn, "team")) == [MARK]
    await store.write(lambda conn: drop_marks(conn, "team", MARK.period))
    assert await store.read(load_marks) == []


async def test_a_budget_by_another_name_keeps_what_was_told_of_it(store: Store) -> None:
    other = replace(MARK, budget="other")
    await store.write(partial(add_marks, marks=[MARK, other, replace(MARK, budget="nlp", at=NOON - timedelta(1))]))
    assert await store.write(lambda conn: rename(conn, Rename(kind="budget", before="team", after="nlp")))
    found = await store.read(load_marks)
    assert sorted(found, key=lambda mark: mark.budget) == [replace(MARK, budget="nlp"), other]
    assert not await store.write(lambda conn: rename(conn, Rename(kind="budget", before="team", after="nlp")))
