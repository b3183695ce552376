"""Sums of the ledger's rows, by day, owner, model, account and label; money exactly, currencies each by itself.

The database groups and adds tokens. Money is text there, so it is handed over group by group and added here, never as
binary fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    cast,
    distinct,
    func,
    literal_column,
    select,
    type_coerce,
)

from monitor.store.tables import bookings

AT_ONCE = 500
"""Rows that are read before others have their turn."""
_DAY: ColumnElement[int] = literal_column(
    "86400000"
)  # ms; a bound value would make two expressions of one for PostgreSQL
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).date()


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
    jobs: int = 0
    named: set[tuple[int, str]] = field(default_factory=set)


_labels = msgspec.json.Decoder(dict[str, str]).decode
_COLUMNS: Mapping[str, Sequence[Any]] = {
    "day": (type_coerce(bookings.c.at, BigInteger()).op("/")(_DAY).label("day"),),
    "owner": (bookings.c.provider, bookings.c.creator),
    "model": (bookings.c.model,),
    "account": (bookings.c.account,),
    "label": (bookings.c.labels,),
}
_KEYS: Mapping[str, Callable[[Row[Any]], str]] = {
    "day": lambda row: (_EPOCH + timedelta(days=int(row.day))).isoformat(),
    "owner": lambda row: f"{row.provider}:{row.creator}" if row.creator else "",
    "model": lambda row: row.model or "",
    "account": lambda row: row.account,
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
    ids), `model`, `account` or `label:<key>`; the key is empty where there is none."""
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
    query = _grouped(by)
    if account is not None:
        query = query.where(bookings.c.account == account)
    if since is not None:
        query = query.where(bookings.c.at >= since)
    if until is not None:
        query = query.where(bookings.c.at < until)
    sums: dict[tuple[tuple[str, ...], str | None], _Sum] = {}
    for row in conn.execute(query.execution_options(yield_per=AT_ONCE)):
        keys = tuple(key_of(row) for key_of in keys_of)
        _add(sums.setdefault((keys, row.currency if row.priced else None), _Sum()), row)
    return [
        UsageSum(
            keys=tuple(key or None for key in keys),
            currency=currency,
            jobs=total.jobs + len(total.named),
            tokens=total.tokens,
            cost=total.cost,
        )
        for (keys, currency), total in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    ]


def _grouped(by: Sequence[str]) -> Select[Any]:
    """One row for each group. Different label texts may mean the same group, and one job may have had both: then each
    job is a row, so that it is counted once."""
    kinds = dict.fromkeys(each.partition(":")[0] for each in by)
    columns = [column for kind in kinds for column in _COLUMNS[kind]]
    priced = bookings.c.cost.is_not(None).label("priced")
    if "label" in kinds:
        jobs = [bookings.c.scope_id, bookings.c.job_id]
        counted: list[Any] = jobs
    else:
        jobs = []
        job = cast(bookings.c.scope_id, String()).concat(" ").concat(bookings.c.job_id)
        counted = [func.count(distinct(job)).label("jobs")]
    sums = (func.sum(bookings.c.tokens).label("tokens"), func.aggregate_strings(bookings.c.cost, " ").label("costs"))
    return select(*columns, priced, bookings.c.currency, *sums, *counted).group_by(
        *columns, priced, bookings.c.currency, *jobs
    )


def _add(total: _Sum, row: Row[Any]) -> None:
    total.tokens += int(row.tokens)
    if row.costs is not None:
        total.cost = sum(map(Decimal, row.costs.split()), total.cost or Decimal(0))
    if hasattr(row, "jobs"):
        total.jobs += row.jobs
    else:
        total.named.add((row.scope_id, row.job_id))


def _key(by: str) -> Callable[[Row[Any]], str]:
    kind, _, label = by.partition(":")
    if kind == "label" and label:
        return lambda row: _labels(row.labels).get(label, "")
    if by not in _KEYS:
        raise ValueError(f"usage is grouped by {', '.join(_KEYS)} or label:<key>, not by {by!r}")
    return _KEYS[by]
