"""Sums of the ledger's rows, by time, owner, model, flavor, account and label; money exactly, currencies by themselves.

The database groups and adds tokens and milliseconds. Money is text there, so it is handed over group by group and added
here, never as binary fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, String, cast, distinct, func, select

from monitor.store.tables import bookings
from monitor.store.usage_keys import Grouping, grouping, local_time

AT_ONCE = 500
"""Rows that are read before others have their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """The sum of one group and currency. `cost` is None where nothing in it had a price; `currency` then is None."""

    key: str
    currency: str | None
    jobs: int
    tokens: int
    cost: Decimal | None
    node_ms: int = 0
    card_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSum:
    """As UsageRow, for several groups at once; None where a job has none. `node_ms`, `card_ms`: milliseconds of nodes
    and of cards."""

    keys: tuple[str | None, ...]
    currency: str | None
    jobs: int
    tokens: int
    cost: Decimal | None
    node_ms: int = 0
    card_ms: int = 0


@dataclass(slots=True)
class _Sum:
    tokens: int = 0
    node_ms: int = 0
    card_ms: int = 0
    cost: Decimal | None = None
    jobs: int = 0
    named: set[tuple[int, str]] = field(default_factory=set)


def usage(
    conn: Connection,
    *,
    by: str,
    since: datetime | None = None,
    until: datetime | None = None,
    account: str | None = None,
    zone: tzinfo = UTC,
) -> list[UsageRow]:
    """Sums of bookings with `since` <= at < `until`, by `day`, `week` or `month` of `zone` (`2026-11-20`, the Monday
    that it begins with, `2026-11`), `owner` (`provider:creator`, as `people` writes ids), `model`, `flavor`, `account`
    or `label:<key>`; the key is empty where there is none."""
    return [
        UsageRow(
            key=row.keys[0] or "",
            currency=row.currency,
            jobs=row.jobs,
            tokens=row.tokens,
            cost=row.cost,
            node_ms=row.node_ms,
            card_ms=row.card_ms,
        )
        for row in sum_usage(conn, by=[by], since=since, until=until, account=account, zone=zone)
    ]


def sum_usage(
    conn: Connection,
    *,
    by: Sequence[str],
    since: datetime | None = None,
    until: datetime | None = None,
    account: str | None = None,
    zone: tzinfo = UTC,
) -> list[UsageSum]:
    """As `usage`, by several at once; sorted by them and the currency. What it costs follows the bookings of the time
    that is asked for."""
    asked = _asked(since, until, account)
    local = local_time(conn, asked, zone)
    groupings = [grouping(each, local, conn.dialect.name) for each in by]
    query = _grouped(asked, groupings, by_label=any(each.startswith("label:") for each in by))
    sums: dict[tuple[tuple[str, ...], str | None], _Sum] = {}
    for row in conn.execute(query.execution_options(yield_per=AT_ONCE)):
        keys = tuple(each.key(row) for each in groupings)
        _add(sums.setdefault((keys, row.currency if row.priced else None), _Sum()), row)
    return [
        UsageSum(
            keys=tuple(key or None for key in keys),
            currency=currency,
            jobs=total.jobs + len(total.named),
            tokens=total.tokens,
            cost=total.cost,
            node_ms=total.node_ms,
            card_ms=total.card_ms,
        )
        for (keys, currency), total in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    ]


def _asked(since: datetime | None, until: datetime | None, account: str | None) -> Select[Any]:
    query: Select[Any] = select(bookings.c.at)
    if account is not None:
        query = query.where(bookings.c.account == account)
    if since is not None:
        query = query.where(bookings.c.at >= since)
    if until is not None:
        query = query.where(bookings.c.at < until)
    return query


def _grouped(asked: Select[Any], groupings: Sequence[Grouping], *, by_label: bool) -> Select[Any]:
    """One row for each group. Different label texts may mean the same group, and one job may have had both: then each
    job is a row, so that it is counted once."""
    columns = list({column.name: column for each in groupings for column in each.columns}.values())
    priced = bookings.c.cost.is_not(None).label("priced")
    jobs: list[Any] = [bookings.c.scope_id, bookings.c.job_id] if by_label else []
    job = cast(bookings.c.scope_id, String()).concat(" ").concat(bookings.c.job_id)
    counted = jobs or [func.count(distinct(job)).label("jobs")]
    amounts = (bookings.c.tokens, bookings.c.node_ms, bookings.c.card_ms)
    sums = (
        *(func.sum(column).label(column.name) for column in amounts),
        func.aggregate_strings(bookings.c.cost, " ").label("costs"),
    )
    return asked.with_only_columns(*columns, priced, bookings.c.currency, *sums, *counted).group_by(
        *columns, priced, bookings.c.currency, *jobs
    )


def _add(total: _Sum, row: Row[Any]) -> None:
    total.tokens += int(row.tokens)
    total.node_ms += int(row.node_ms)
    total.card_ms += int(row.card_ms)
    if row.costs is not None:
        total.cost = sum(map(Decimal, row.costs.split()), total.cost or Decimal(0))
    if hasattr(row, "jobs"):
        total.jobs += row.jobs
    else:
        total.named.add((row.scope_id, row.job_id))
