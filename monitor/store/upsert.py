"""Insert-or-update in the words that both databases share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from monitor.store.prepared import Prepared


class Upsert:
    """Stores rows of all columns of a table; a row with the same primary key is overwritten."""

    def __init__(self, table: Table) -> None:
        self._ways = {"sqlite": _upsert(table, sqlite.insert), "postgresql": _upsert(table, postgresql.insert)}

    def many(self, conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
        self._ways[conn.dialect.name].many(conn, rows)


def _upsert(table: Table, kind: Any) -> Prepared:
    statement = kind(table).values({column.name: bindparam(column.name) for column in table.columns}).inline()
    key = [column.name for column in table.primary_key]
    changed = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in key}
    return Prepared(statement.on_conflict_do_update(index_elements=key, set_=changed))


def insert_new(conn: Connection, table: Table, row: dict[str, Any]) -> bool:
    """True when the row was stored, False when one with its primary key was there."""
    kind: Any = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    key = [column.name for column in table.primary_key]
    return bool(conn.execute(kind(table).values(**row).on_conflict_do_nothing(index_elements=key)).rowcount == 1)
