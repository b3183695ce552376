"""Insert-or-update in the words that both databases share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def _insert(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


def upsert(conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Stores the rows (all with the same keys); a row with the same primary key is overwritten."""
    if not rows:
        return
    statement = _insert(conn, table)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    conn.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)


def insert_new(conn: Connection, table: Table, row: dict[str, Any]) -> bool:
    """True when the row was stored, False when one with its primary key was there."""
    key = [column.name for column in table.primary_key]
    return conn.execute(_insert(conn, table).values(**row).on_conflict_do_nothing(index_elements=key)).rowcount == 1
