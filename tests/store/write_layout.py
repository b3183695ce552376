"""Writes migrations/sqlite.sql, from which a new SQLite file is made: what the migrations make of an empty one. To be
run from the root after a new migration, with `python -m tests.store.write_layout`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.store.alembic import upgrade_to_head
from monitor.store.layout import LAYOUT, migrations
from monitor.store.sqlite import sqlite_engine
from monitor.store.url import SqlitePlace

FIRST = "-- Made by `python -m tests.store.write_layout` from the migrations, statement by statement.\n"
EPOCH = "INSERT INTO meta VALUES('epoch', lower(hex(randomblob(16))));"
"""Each database has its own."""


def made_by_migrations(path: Path) -> None:
    """One migration after the other, as a database has had them that was there before."""
    engine = sqlite_engine(SqlitePlace(path))
    with engine.connect() as conn:
        conn.exec_driver_sql("BEGIN IMMEDIATE")
        upgrade_to_head(conn)
        conn.exec_driver_sql("COMMIT")
    engine.dispose()


def script(path: Path) -> str:
    raw = sqlite3.connect(path)
    lines = [FIRST, *_statements(raw), *_rows(raw)]
    raw.close()
    return "\n".join(lines) + "\n"


def _statements(raw: sqlite3.Connection) -> Iterator[str]:
    for (statement,) in raw.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"):
        yield "\n".join(line.rstrip() for line in f"{statement};".splitlines())


def _rows(raw: sqlite3.Connection) -> Iterator[str]:
    for line in raw.iterdump():
        if line.startswith("INSERT INTO"):
            yield EPOCH if "'epoch'" in line else line


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        file = Path(folder) / "monitor.db"
        made_by_migrations(file)
        (migrations() / LAYOUT).write_text(script(file))
