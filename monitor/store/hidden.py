"""What silences and mute windows kept from people, so that somebody can say afterwards what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, insert, select

from monitor.store.tables import events, hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenWrite:
    """One message that was kept back. `by`: `silence/<id>` or `mute`."""

    by: str
    rule: str
    sinks: tuple[str, ...]
    seqs: tuple[int, ...]
    at: datetime


def write_hidden(conn: Connection, writes: Sequence[HiddenWrite]) -> None:
    """Stores them, one row for each event; the first of a message is marked."""
    rows = [
        {
            "by": write.by,
            "rule": write.rule,
            "sinks": msgspec.json.encode(write.sinks).decode(),
            "seq": seq,
            "at": write.at,
            "first": not place,
        }
        for write in writes
        for place, seq in enumerate(write.seqs)
    ]
    if rows:
        conn.execute(insert(hidden), rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenRow:
    """One event that a silence (`silence/<id>`) or a mute window (`mute`) of this rule kept from these sinks."""

    by: str
    rule: str
    sinks: tuple[str, ...]
    seq: int
    at: datetime


def hidden_by(conn: Connection, by: str, limit: int = 100) -> list[HiddenRow]:
    """What it kept back, newest events first."""
    query = select(hidden).where(hidden.c.by == by).order_by(hidden.c.seq.desc(), hidden.c.n.desc())
    return _rows(conn, query.limit(limit))


def count_things(conn: Connection, by: str) -> int:
    """Of how many jobs, flavors and whatever else it kept something back."""
    query = select(events.c.account, events.c.subject).join(hidden, hidden.c.seq == events.c.seq)
    things = query.where(hidden.c.by == by).distinct().subquery()
    return int(conn.execute(select(func.count()).select_from(things)).scalar_one())


def hidden_from(conn: Connection, rule: str, limit: int = 100) -> list[HiddenRow]:
    """What of a rule was kept back, by whatever, newest first."""
    query = select(hidden).where(hidden.c.rule == rule).order_by(hidden.c.n.desc())
    return _rows(conn, query.limit(limit))


def hidden_of(conn: Connection, seq: int) -> list[HiddenRow]:
    """By what and from whom this event was kept, in the order in which that happened."""
    return _rows(conn, select(hidden).where(hidden.c.seq == seq).order_by(hidden.c.n))


def _rows(conn: Connection, query: Select[Any]) -> list[HiddenRow]:
    return [
        HiddenRow(by=row.by, rule=row.rule, sinks=tuple(msgspec.json.decode(row.sinks)), seq=row.seq, at=row.at)
        for row in conn.execute(query)
    ]
