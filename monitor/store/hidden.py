"""What silences and mute windows kept from people, so that somebody can say afterwards what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert

from monitor.store.tables import hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenWrite:
    """`by`: `silence/<id>` or `mute`."""

    by: str
    rule: str
    sinks: tuple[str, ...]
    seqs: tuple[int, ...]
    at: datetime


def write_hidden(conn: Connection, writes: Sequence[HiddenWrite]) -> None:
    """Stores them, one row for each event."""
    rows = [
        {
            "by": write.by,
            "rule": write.rule,
            "sinks": msgspec.json.encode(write.sinks).decode(),
            "seq": seq,
            "at": write.at,
        }
        for write in writes
        for seq in write.seqs
    ]
    if rows:
        conn.execute(insert(hidden), rows)
