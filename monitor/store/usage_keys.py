"""What the ledger's rows are grouped by: days, weeks and months as a time zone has them, and columns as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, literal_column

from monitor.store.tables import bookings

GROUPS = ("day", "week", "month", "owner", "model", "flavor", "account")
"""All groupings but `label:<key>`."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
_STEP = timedelta(days=7)
"""No zone moves its clocks there and back within it."""
_MONTHS = {
    "sqlite": "CAST(strftime('%Y%m', ({}) / 1000, 'unixepoch') AS INTEGER)",
    "postgresql": "CAST(to_char(to_timestamp(({}) / 1000) AT TIME ZONE 'UTC', 'YYYYMM') AS INTEGER)",
}
_labels = msgspec.json.Decoder(dict[str, str]).decode


@dataclass(frozen=True, slots=True)
class Grouping:
    """`columns` are what the database groups by; `key` makes the text of the group of a row, empty where none is."""

    columns: Sequence[Any]
    key: Callable[[Row[Any]], str]


def grouping(by: str, local: str, dialect: str, people: Mapping[str, str]) -> Grouping:
    """`local`: the SQL of a booking's time in milliseconds, as clocks show it (`local_time`). `people`: the name of
    whom an id (`<provider>:<creator>`) means. Raises ValueError."""
    kind, _, label = by.partition(":")
    if kind == "label" and label:
        return Grouping((bookings.c.labels,), lambda row: _labels(row.labels).get(label, ""))
    if by == "owner":
        return Grouping((bookings.c.provider, bookings.c.creator), lambda row: _owner(row, people))
    if by in _PERIODS:
        return Grouping((literal_column(_sql(by, local, dialect)).label(by),), _PERIODS[by])
    if by not in _PLAIN:
        raise ValueError(f"usage is grouped by {', '.join(GROUPS)} or label:<key>, not by {by!r}")
    return _PLAIN[by]


def local_time(conn: Connection, asked: Select[Any], zone: tzinfo) -> str:
    """The SQL of the time of the bookings that `asked` selects, in milliseconds since the clocks of `zone` showed the
    begin of 1970. Where these are moved in that time, it has a case for each stretch between."""
    # No bound values: they would make two expressions of one for PostgreSQL.
    if zone is UTC:
        return "bookings.at"
    at = bookings.c.at
    ends = [conn.scalar(asked.with_only_columns(at).order_by(order).limit(1)) for order in (at, at.desc())]
    first, last = (_EPOCH if end is None else min(max(end, _EPOCH), _LAST) for end in ends)
    *stretches, (_, offset) = _stretches(zone, first, last)
    if not stretches:
        return f"bookings.at + ({offset})"
    cases = " ".join(f"WHEN bookings.at < {end} THEN {shift}" for end, shift in stretches)
    return f"bookings.at + CASE {cases} ELSE {offset} END"


def _stretches(zone: tzinfo, first: datetime, last: datetime) -> list[tuple[int, int]]:
    """(end, offset from UTC), both in milliseconds, of each stretch of time without a change of the clocks."""
    found, at = [], first
    while at < last:
        after = min(at + _STEP, last)
        if _offset(zone, at) != _offset(zone, after):
            end = _change(zone, at, after)
            found.append((_ms(end), _offset(zone, at)))
        at = after
    return [*found, (_ms(last), _offset(zone, last))]


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """The second at which another offset begins."""
    low, high = int(before.timestamp()), int(after.timestamp()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, datetime.fromtimestamp(middle, UTC)) == _offset(zone, before):
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(zone: tzinfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(milliseconds=1)


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _sql(period: str, local: str, dialect: str) -> str:
    if period == "month":
        return _MONTHS[dialect].format(local)
    day = f"({local}) / {_DAY_MS}"
    return day if period == "day" else f"({day} + 3) / 7"  # 1970 began on a Thursday


def _owner(row: Row[Any], people: Mapping[str, str]) -> str:
    identity = f"{row.provider}:{row.creator}" if row.creator else ""
    return people.get(identity, identity)


_PERIODS: Mapping[str, Callable[[Row[Any]], str]] = {
    "day": lambda row: (_EPOCH + timedelta(days=int(row.day))).date().isoformat(),
    "week": lambda row: (_EPOCH + timedelta(days=7 * int(row.week) - 3)).date().isoformat(),
    "month": lambda row: f"{int(row.month) // 100:04}-{int(row.month) % 100:02}",
}
_PLAIN: Mapping[str, Grouping] = {
    "model": Grouping((bookings.c.model,), lambda row: row.model or ""),
    "flavor": Grouping((bookings.c.flavor,), lambda row: row.flavor or ""),
    "account": Grouping((bookings.c.account,), lambda row: row.account),
}
