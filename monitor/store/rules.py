"""What routing keeps: how far it has read the event log, and the state of its rules."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from monitor.store.columns import chunks
from monitor.store.tables import cursors
from monitor.store.tables import rule_state as states
from monitor.store.upsert import Upsert

_CURSOR = Upsert(cursors)
_STATE = Upsert(states)


def get_cursor(conn: Connection, name: str) -> int:
    """The number of the last event that this reader has dealt with; 0 before the first."""
    return int(conn.execute(select(cursors.c.seq).where(cursors.c.name == name)).scalar_one_or_none() or 0)


def set_cursor(conn: Connection, name: str, seq: int) -> None:
    """Belongs into the transaction that stores what the reader made of those events."""
    _CURSOR.many(conn, [{"name": name, "seq": seq}])


def load_rule_state(conn: Connection) -> dict[str, bytes]:
    return {row.key: bytes(row.value) for row in conn.execute(select(states))}


def save_rule_state(conn: Connection, changed: Mapping[str, bytes | None]) -> None:
    """Stores the changed entries; None deletes one."""
    _STATE.many(conn, [{"key": key, "value": value} for key, value in changed.items() if value is not None])
    for some in chunks([key for key, value in changed.items() if value is None]):
        conn.execute(delete(states).where(states.c.key.in_(some)))
