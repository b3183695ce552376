"""The ledger's rows: tokens and their cost as they were booked, and their sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from monitor.store.prepared import insert_into
from monitor.store.tables import bookings


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRow:
    """One booking. `tokens` is the difference to what was booked before; so is `cost`."""

    account: str
    provider: str
    scope_id: int
    job_id: str
    job_name: str
    model: str | None
    creator: str | None
    labels: Mapping[str, str]
    at: datetime
    tokens: int
    cost: Decimal | None
    currency: str | None
    correction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """The sum of one group and currency. `cost` is None where nothing in it had a price; `currency` then is None."""

    key: str
    currency: str | None
    jobs: int
    tokens: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSum:
    """As UsageRow, for several groups at once; None where a job has none."""

    keys: tuple[str | None, ...]
    currency: str | None
    jobs: int
    tokens: int
    cost: Decimal | None


@dataclass(slots=True)
class _Sum:
    tokens: int = 0
    cost: Decimal | None = None
    jobs: set[tuple[int, str]] = field(default_factory=set)


_labels = msgspec.json.Decoder(dict[str, str]).decode
_KEYS: Mapping[str, Callable[[Row[Any]], str]] = {
    "day": lambda row: row.at.date().isoformat(),
    "owner": lambda row: f"{row.provider}:{row.creator}" if row.creator else "",
    "model": lambda row: row.model or "",
    "account": lambda row: row.account,
}


_READ = ("at", "scope_id", "job_id", "account", "provider", "creator", "model", "labels", "tokens", "cost", "currency")
_INSERT = insert_into(bookings, *(column.name for column in bookings.columns if column.name != "id"))


def book(conn: Connection, *rows: BookingRow) -> None:
    """Writes bookings. They belong into the transaction that moves their jobs' `booked_tokens`."""
    _INSERT.many(conn, [_columns(row) for row in rows])


def _columns(booking: BookingRow) -> dict[str, Any]:
    return {
        "account": booking.account,
        "provider": booking.provider,
        "scope_id": booking.scope_id,
        "job_id": booking.job_id,
        "job_name": booking.job_name,
        "model": booking.model,
        "creator": booking.creator,
        "labels": msgspec.json.encode(booking.labels).decode(),
        "at": booking.at,
        "tokens": booking.tokens,
        "cost": None if booking.cost is None else str(booking.cost),
        "currency": booking.currency,
        "correction": booking.correction,
    }


def usage(
    conn: Connection,
    *,
    by: str,
    since: datetime | None = None,
    until: datetime | None = None,
    account: str | None = None,
) -> list[UsageRow]:
    """Sums of bookings with `since` <= at < `until`, by `day` (UTC), `owner` (`provider:creator`, as `people` writes
    ids), `model`, `account` or `label:<key>`; the key is empty where there is none. Money is added exactly, never as
    binary fractions, so the rows are added here and not by the database."""
    return [
        UsageRow(key=row.keys[0] or "", currency=row.currency, jobs=row.jobs, tokens=row.tokens, cost=row.cost)
        for row in sum_usage(conn, by=[by], since=since, until=until, account=account)
    ]


def sum_usage(
    conn: Connection,
    *,
    by: Sequence[str],
    since: datetime | None = None,
    until: datetime | None = None,
    account: str | None = None,
) -> list[UsageSum]:
    """As `usage`, by several at once; sorted by them and the currency. What it costs follows the bookings of the time
    that is asked for."""
    keys_of = [_key(each) for each in by]
    sums: dict[tuple[tuple[str, ...], str | None], _Sum] = {}
    query = select(*(bookings.c[name] for name in _READ))
    if account is not None:
        query = query.where(bookings.c.account == account)
    if since is not None:
        query = query.where(bookings.c.at >= since)
    if until is not None:
        query = query.where(bookings.c.at < until)
    for row in conn.execute(query):
        keys = tuple(key_of(row) for key_of in keys_of)
        total = sums.setdefault((keys, row.currency if row.cost is not None else None), _Sum())
        total.tokens += row.tokens
        total.jobs.add((row.scope_id, row.job_id))
        if row.cost is not None:
            total.cost = (total.cost or Decimal(0)) + Decimal(row.cost)
    return [
        UsageSum(
            keys=tuple(key or None for key in keys),
            currency=currency,
            jobs=len(total.jobs),
            tokens=total.tokens,
            cost=total.cost,
        )
        for (keys, currency), total in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    ]


def _key(by: str) -> Callable[[Row[Any]], str]:
    kind, _, label = by.partition(":")
    if kind == "label" and label:
        return lambda row: _labels(row.labels).get(label, "")
    if by not in _KEYS:
        raise ValueError(f"usage is grouped by {', '.join(_KEYS)} or label:<key>, not by {by!r}")
    return _KEYS[by]
