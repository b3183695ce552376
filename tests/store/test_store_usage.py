"""Sums of usage: exact money, each currency by itself, each job counted once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from monitor.model import Scope
from monitor.store import BookingRow, Connection, Store, UsageSum, book, ensure_scope, job_usage, sum_usage
from tests.kit.made import NOON

Figures = tuple[tuple[str | None, ...], str | None, int, int, str | None]


def booking(job: str, cost: str | None, *, days: float = 0, **changes: Any) -> BookingRow:
    facts: dict[str, Any] = {
        "account": "north",
        "provider": "modelarts",
        "scope_id": 1,
        "job_id": job,
        "job_name": job,
        "model": "m",
        "creator": "ann",
        "labels": {"team": "nlp"},
        "at": NOON + timedelta(days=days),
        "tokens": 10,
        "cost": None if cost is None else Decimal(cost),
        "currency": None if cost is None else "CNY",
    }
    return BookingRow(**(facts | changes))


BOOKED = (
    booking("a", "0.1"),
    booking("a", "0.2", days=1),
    booking("a", "-0.05", days=1, tokens=-3, correction=True, labels={"team": "nlp", "site": "2"}),
    booking("b", "1E+3", days=1, model=None, creator=None),
    booking("b", "1.005", days=1, model=None, creator="", currency="USD"),
    booking("c", None, days=2, account="south", labels={"team": 'o"r', "x, y": "ü"}),
)


@pytest.fixture
async def booked(store: Store) -> Store:
    def write(conn: Connection) -> None:
        ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        book(conn, *BOOKED)

    await store.write(write)
    return store


def told(sums: Iterable[UsageSum]) -> list[Figures]:
    return [(each.keys, each.currency, each.jobs, each.tokens, each.cost and str(each.cost)) for each in sums]


async def test_money_is_added_exactly_and_currencies_never_to_one_another(booked: Store) -> None:
    assert told(await booked.read(partial(sum_usage, by=["model"]))) == [
        ((None,), "CNY", 1, 10, "1000"),
        ((None,), "USD", 1, 10, "1.005"),
        (("m",), "CNY", 2, 27, "0.25"),
    ]


async def test_several_groups_at_once(booked: Store) -> None:
    assert told(await booked.read(partial(sum_usage, by=["day", "owner"], until=NOON + timedelta(days=1.5)))) == [
        (("2026-11-20", "modelarts:ann"), "CNY", 1, 10, "0.1"),
        (("2026-11-21", None), "CNY", 1, 10, "1000"),
        (("2026-11-21", None), "USD", 1, 10, "1.005"),
        (("2026-11-21", "modelarts:ann"), "CNY", 1, 7, "0.15"),
    ]


async def test_a_job_whose_labels_changed_is_counted_once(booked: Store) -> None:
    assert told(await booked.read(partial(sum_usage, by=["label:team", "account"], since=NOON))) == [
        (("nlp", "north"), "CNY", 2, 27, "1000.25"),
        (("nlp", "north"), "USD", 1, 10, "1.005"),
        (('o"r', "south"), None, 1, 10, None),
    ]
    assert told(await booked.read(partial(sum_usage, by=["label:x, y"], account="south"))) == [
        (("ü",), None, 1, 10, None)
    ]


async def test_what_one_job_comes_to_with_its_corrections_and_in_each_currency(booked: Store) -> None:
    def of(job: str, account: str = "north", created_at: datetime | None = NOON) -> Any:
        return booked.read(partial(job_usage, account=account, job_id=job, created_at=created_at))

    assert told(await of("a")) == [((), "CNY", 1, 17, "0.25")]
    assert told(await of("a", created_at=NOON + timedelta(hours=23))) == [((), "CNY", 1, 17, "0.25")], "clocks differ"
    assert told(await of("b", created_at=None)) == [((), "CNY", 1, 10, "1000"), ((), "USD", 1, 10, "1.005")]
    assert told(await of("c", "south")) == [((), None, 1, 10, None)]
    assert await of("c") == []


async def test_one_group_by_itself(booked: Store) -> None:
    rows = await booked.read(partial(sum_usage, by=["account"]))
    assert [(row.keys, row.currency, row.jobs, row.tokens) for row in rows] == [
        (("north",), "CNY", 2, 27),
        (("north",), "USD", 1, 10),
        (("south",), None, 1, 10),
    ]
    assert await booked.read(partial(sum_usage, by=["day"], since=NOON + timedelta(days=3))) == []
    with pytest.raises(ValueError, match="not by 'year'"):
        await booked.read(partial(sum_usage, by=["year"]))


async def test_a_person_has_one_row_for_all_platforms_and_what_has_no_price_is_named_in_it(store: Store) -> None:
    hours = {"tokens": 0, "node_ms": 7_200_000, "card_ms": 57_600_000}

    def write(conn: Connection) -> None:
        for name in ("north", "south"):
            ensure_scope(conn, Scope(account=name, watch="jobs", key="k"), now=NOON)
        book(conn, booking("a", "0.30", provider="model-studio", creator="7"))
        book(conn, booking("a", None, provider="model-studio", creator="7", correction=True))
        book(conn, booking("b", None, scope_id=2, **hours), booking("c", "1", scope_id=2, creator="bob"))
        book(conn, booking("c", "1", scope_id=2, creator="bo"), booking("d", "2", scope_id=2, currency="USD"))

    await store.write(write)
    people = {"model-studio:7": "Ann", "modelarts:bob": "Bob", "modelarts:bo": "Bob"}
    ann, bob, other = await store.read(partial(sum_usage, by=["owner"], people=people))
    assert (ann.keys, ann.currency, ann.jobs, ann.tokens, ann.unpriced.tokens) == (("Ann",), "CNY", 1, 20, 10)
    assert (bob.keys, bob.cost, bob.jobs) == (("Bob",), 2, 1)
    assert (other.keys, other.currency, other.jobs, other.tokens) == (("modelarts:ann",), "USD", 2, 10)
    assert (other.card_ms, other.unpriced.card_ms, other.unpriced.tokens) == (57_600_000, 57_600_000, 0)
