"""Sums of the ledger's rows, by time, owner, model, flavor, account and label; money exactly, currencies by themselves.

The database groups and adds tokens and milliseconds. Money is text there, so it is handed over group by group and added
here, never as binary fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from monitor.store.tables import bookings
from monitor.store.usage_keys import Grouping, grouping, local_time

AT_ONCE = 500
"""Rows that are read before others have their turn."""
CLOCKS_DIFFER = timedelta(days=1)
"""At most, of a platform and this machine: where no end is told, a job is booked at the moment we saw it."""
NOBODY: Mapping[str, str] = MappingProxyType({})
Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Tokens, and milliseconds of nodes and of cards."""

    tokens: int = 0
    node_ms: int = 0
    card_ms: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            tokens=self.tokens + other.tokens,
            node_ms=self.node_ms + other.node_ms,
            card_ms=self.card_ms + other.card_ms,
        )

    def __bool__(self) -> bool:
        return bool(self.tokens or self.node_ms or self.card_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSum:
    """What one group comes to in one currency. `keys`: None where a job has none. `cost` and `currency` None: nothing
    in it has a price. `unpriced`: how much of the amounts has none."""

    keys: tuple[str | None, ...]
    currency: str | None
    jobs: int
    tokens: int
    cost: Decimal | None
    node_ms: int = 0
    card_ms: int = 0
    unpriced: Amounts = Amounts()


@dataclass(slots=True)
class _Sum:
    amounts: Amounts = Amounts()
    unpriced: Amounts = Amounts()
    cost: Decimal | None = None
    jobs: int = 0

    def add(self, other: _Sum) -> None:
        self.amounts += other.amounts
        self.unpriced += other.unpriced
        self.jobs += other.jobs
        if other.cost is not None:
            self.cost = (self.cost or Decimal(0)) + other.cost


@dataclass(slots=True)
class _Sums:
    """Each group's sums by currency; None: what has no price."""

    groups: dict[Keys, dict[str | None, _Sum]] = field(default_factory=dict)

    def add(self, keys: Keys, currency: str | None, part: _Sum) -> None:
        self.groups.setdefault(keys, {}).setdefault(currency, _Sum()).add(part)

    def fold(self) -> None:
        """What has no price joins the one currency of its group; of several it is part of none."""
        for found in self.groups.values():
            if None in found and len(found) == 2:
                free = found.pop(None)
                next(iter(found.values())).add(free)

    def of(self, keys: Keys, currency: str | None) -> _Sum:
        """The sum that this is a part of, once folded."""
        found = self.groups[keys]
        return found[currency] if currency in found else next(iter(found.values()))

    def told(self) -> Iterator[UsageSum]:
        for keys, found in sorted(self.groups.items()):
            for currency, total in sorted(found.items(), key=lambda item: (item[0] is None, item[0] or "")):
                yield UsageSum(
                    keys=tuple(key or None for key in keys),
                    currency=currency,
                    jobs=total.jobs,
                    tokens=total.amounts.tokens,
                    cost=total.cost,
                    node_ms=total.amounts.node_ms,
                    card_ms=total.amounts.card_ms,
                    unpriced=total.unpriced,
                )


def sum_usage(conn: Connection, *, by: Sequence[str], **asked: Any) -> list[UsageSum]:
    """The groups of `usage_and_totals`."""
    return usage_and_totals(conn, by=by, **asked)[0]


def usage_and_totals(
    conn: Connection,
    *,
    by: Sequence[str],
    since: datetime | None = None,
    until: datetime | None = None,
    account: str | None = None,
    zone: tzinfo = UTC,
    people: Mapping[str, str] = NOBODY,
) -> tuple[list[UsageSum], list[UsageSum]]:
    """Sums of bookings with `since` <= at < `until`, by several of `day`, `week` or `month` of `zone` (`2026-11-20`,
    the Monday that it begins with, `2026-11`), `owner` (her name, where `people` has one for `<provider>:<creator>`),
    `model`, `flavor`, `account`, `label:<key>`; sorted by them and the currency. What it costs follows the bookings of
    the time that is asked for. And what all of it comes to, as one group without keys, in which a job counts once."""
    asked = _asked(since, until, account)
    local = local_time(conn, asked, zone)
    groupings = [grouping(each, local, conn.dialect.name, people) for each in by]
    groups, whole = _Sums(), _Sums()
    for row in conn.execute(_grouped(asked, groupings).execution_options(yield_per=AT_ONCE)):
        groups.add(_keys(row, groupings), _currency(row), _part(row))
        whole.add((), _currency(row), _part(row))
    groups.fold()
    whole.fold()
    _count_once(conn, asked, groupings, groups, whole)
    return list(groups.told()), list(whole.told())


def job_usage(conn: Connection, account: str, job_id: str, created_at: datetime | None) -> list[UsageSum]:
    """What is booked of one job, corrections included: one sum without keys for each currency; empty where nothing is.
    `created_at`: as its platform tells it, which bounds the search."""
    since = None if created_at is None else created_at - CLOCKS_DIFFER
    sums = _Sums()
    for row in conn.execute(_grouped(_asked(since, None, account).where(bookings.c.job_id == job_id), ())):
        sums.add((), _currency(row), _part(row))
    sums.fold()
    return [replace(each, jobs=1) for each in sums.told()]


def _asked(since: datetime | None, until: datetime | None, account: str | None) -> Select[Any]:
    query: Select[Any] = select(bookings.c.at)
    if account is not None:
        query = query.where(bookings.c.account == account)
    if since is not None:
        query = query.where(bookings.c.at >= since)
    if until is not None:
        query = query.where(bookings.c.at < until)
    return query


_PRICED = bookings.c.cost.is_not(None).label("priced")


def _grouped(asked: Select[Any], groupings: Sequence[Grouping]) -> Select[Any]:
    """One row for each group, its labels and owners as they were booked. `jobs` is how many bookings it has."""
    columns = _columns(groupings)
    amounts = (bookings.c.tokens, bookings.c.node_ms, bookings.c.card_ms)
    sums = (
        *(func.sum(column).label(column.name) for column in amounts),
        func.aggregate_strings(bookings.c.cost, " ").label("costs"),
        func.count().label("jobs"),
    )
    return asked.with_only_columns(*columns, _PRICED, bookings.c.currency, *sums).group_by(
        *columns, _PRICED, bookings.c.currency
    )


def _columns(groupings: Sequence[Grouping]) -> list[Any]:
    return list({column.name: column for each in groupings for column in each.columns}.values())


def _keys(row: Row[Any], groupings: Sequence[Grouping]) -> Keys:
    return tuple(each.key(row) for each in groupings)


def _currency(row: Row[Any]) -> str | None:
    """None: it has no price."""
    return row.currency if row.priced else None


def _part(row: Row[Any]) -> _Sum:
    amounts = Amounts(tokens=int(row.tokens), node_ms=int(row.node_ms), card_ms=int(row.card_ms))
    cost = None if row.costs is None else sum(map(Decimal, row.costs.split()), Decimal(0))
    return _Sum(amounts, Amounts() if row.priced else amounts, cost, row.jobs)


def _count_once(
    conn: Connection, asked: Select[Any], groupings: Sequence[Grouping], groups: _Sums, whole: _Sums
) -> None:
    """A job that was booked several times is one job in each sum. Such jobs are few: the database looks for them."""
    several = asked.with_only_columns(bookings.c.job_id).group_by(bookings.c.job_id).having(func.count() > 1)
    columns = (*_columns(groupings), _PRICED, bookings.c.currency, bookings.c.scope_id, bookings.c.job_id)
    query = asked.with_only_columns(*columns).where(bookings.c.job_id.in_(several))
    seen: set[tuple[int, int, str]] = set()
    for row in conn.execute(query.execution_options(yield_per=AT_ONCE)):
        for total in (groups.of(_keys(row, groupings), _currency(row)), whole.of((), _currency(row))):
            job = (id(total), row.scope_id, row.job_id)
            total.jobs -= job in seen
            seen.add(job)
