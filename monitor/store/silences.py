"""Silences as people look at them: who hides what, until when, and how much it hid. The rules take theirs from the
events `silence.added` and `silence.ended`, which belong into the transaction that writes here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from monitor.store.columns import chunks
from monitor.store.tables import hidden, silences

SilenceState = Literal["scheduled", "active", "ended"]
PREFIX = "silence/"
"""Before the id in `hidden.by`, and in the subject of a silence's events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRow:
    """`match` is a CEL expression. `ended_at`: when it was over, None while it is not or nobody was there to see it;
    `ended_by` None: by itself. `hidden`: how many messages it kept from somebody; ignored when it is written."""

    id: str
    match: str
    owner: str
    comment: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    hidden: int = 0

    def state(self, now: datetime) -> SilenceState:
        if self.ended_at is not None or self.ends_at <= now:
            return "ended"
        return "active" if self.starts_at <= now else "scheduled"


def add_silence(conn: Connection, row: SilenceRow) -> None:
    """Stores it; its id must be new."""
    values = {name: getattr(row, name) for name in ("id", "match", "owner", "comment", "starts_at", "ends_at")}
    conn.execute(insert(silences).values(values))


def end_silence(conn: Connection, id: str, at: datetime, by: str | None) -> bool:
    """Marks it as ended; None: by itself. False where there is none, or where it was marked already."""
    query = update(silences).where(silences.c.id == id, silences.c.ended_at.is_(None))
    return conn.execute(query.values(ended_at=at, ended_by=by)).rowcount == 1


def get_silence(conn: Connection, id: str) -> SilenceRow | None:
    return next(iter(_rows(conn, select(silences).where(silences.c.id == id))), None)


def list_silences(conn: Connection, now: datetime, ended: bool = False, limit: int = 100) -> list[SilenceRow]:
    """Newest first: the active and scheduled ones, with `ended` also those that are over."""
    query = select(silences).order_by(silences.c.n.desc()).limit(limit)
    if not ended:
        query = query.where(silences.c.ended_at.is_(None), silences.c.ends_at > now)
    return _rows(conn, query)


def _rows(conn: Connection, query: Select[Any]) -> list[SilenceRow]:
    rows = conn.execute(query).all()
    counts = _counts(conn, [PREFIX + row.id for row in rows])
    return [_row(row, counts.get(PREFIX + row.id, 0)) for row in rows]


def _counts(conn: Connection, names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in chunks(names):
        query = select(hidden.c.by, func.count()).where(hidden.c.by.in_(some), hidden.c.first.is_(True))
        found.update((by, int(count)) for by, count in conn.execute(query.group_by(hidden.c.by)))
    return found


def _row(row: Row[Any], count: int) -> SilenceRow:
    return SilenceRow(
        id=row.id,
        match=row.match,
        owner=row.owner,
        comment=row.comment,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        hidden=count,
    )
