"""A page of a list, read along an index: what a page costs follows its length and never the length of the history.

Where a filter has no index of its own, a page looks through at most `REACH` rows. It may then hold fewer items than
were asked for, or none, and still name where to go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, literal, select, tuple_, type_coerce

REACH = 20_000
"""Rows that one page looks through at most."""

Place = tuple[int, ...]
"""The key of a row as the database holds it: where a page ended and the next one begins."""
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Walked:
    """The rows of a page. `next`: the place behind which to go on, None at the end of the list."""

    rows: Sequence[Row[Any]]
    next: Place | None

    @property
    def number(self) -> int | None:
        """`next` where the key is one number."""
        return None if self.next is None else self.next[0]


def walk(
    conn: Connection,
    query: Select[Any],
    key: Sequence[ColumnElement[Any]],
    *,
    narrow: Sequence[Condition] = (),
    filters: Sequence[Condition] = (),
    after: Place | None = None,
    limit: int,
    ascending: bool = False,
    reach: int = REACH,
) -> Walked:
    """The first `limit` rows behind `after`, in the order of `key`, newest first unless `ascending`.

    An index serves `narrow` and the order together; `filters` are what it does not serve.
    """
    plain = [type_coerce(column, BigInteger()) for column in key]
    order = [column.asc() if ascending else column.desc() for column in key]
    conditions = [*narrow, *_behind(plain, after, ascending)]
    floor = _floor(conn, plain, conditions, order, reach) if filters else None
    within = [*conditions, *filters, *([] if floor is None else [_up_to(plain, floor, ascending)])]
    labelled = [column.label(f"place_{i}") for i, column in enumerate(plain)]
    rows = conn.execute(query.add_columns(*labelled).where(*within).order_by(*order).limit(limit + 1)).all()
    if len(rows) > limit:
        return Walked(rows[:limit], tuple(int(value) for value in rows[limit - 1][-len(key) :]))
    return Walked(rows, floor)


def merged(parts: Sequence[Walked], limit: int) -> Walked:
    """One page of several that share no row, each newest first by one number."""
    bound = max((part.number for part in parts if part.number is not None), default=None)
    rows = sorted((row for part in parts for row in part.rows), key=lambda row: int(row[-1]), reverse=True)
    sure = [row for row in rows if bound is None or int(row[-1]) >= bound]  # below it a part may hold more
    if len(sure) > limit:
        return Walked(sure[:limit], (int(sure[limit - 1][-1]),))
    return Walked(sure, None if bound is None else (bound,))


def unindexed(column: ColumnElement[str]) -> ColumnElement[str]:
    """The column as a filter must say it: SQLite is to walk in order and not to sort what another index finds."""
    return column.concat("")


def _behind(plain: Sequence[ColumnElement[int]], place: Place | None, ascending: bool) -> list[Condition]:
    if place is None:
        return []
    mine, other = _pair(plain, place)
    return [mine > other if ascending else mine < other]


def _up_to(plain: Sequence[ColumnElement[int]], place: Place, ascending: bool) -> Condition:
    mine, other = _pair(plain, place)
    return mine <= other if ascending else mine >= other


def _pair(plain: Sequence[ColumnElement[int]], place: Place) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    values = [literal(value, BigInteger()) for value in place]
    return (plain[0], values[0]) if len(plain) == 1 else (tuple_(*plain), tuple_(*values))


def _floor(
    conn: Connection,
    plain: Sequence[ColumnElement[int]],
    conditions: Sequence[Condition],
    order: Sequence[ColumnElement[Any]],
    reach: int,
) -> Place | None:
    """The last place that this page may look at; None where fewer rows are left."""
    row = conn.execute(select(*plain).where(*conditions).order_by(*order).offset(reach - 1).limit(1)).first()
    return None if row is None else tuple(int(value) for value in row)
