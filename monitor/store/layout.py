"""The tables of a new SQLite file, made in one go as the migrations would leave them: Alembic, which costs a sixth of a
second and 20 MB, has nothing to do on a first start."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from monitor.store.errors import StoreMissing

LAYOUT = "sqlite.sql"
"""Made from the migrations by `python -m tests.store.write_layout`; a test holds that it is what they make."""


def migrations() -> Path:
    """The folder of the migrations: inside the installed package, or at the root of a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file() and (folder / "versions" / "0001_initial.py").is_file():
            return folder
    raise StoreMissing("The database migrations are missing from this installation.", "Install training-monitor again.")


def lay_out(raw: sqlite3.Connection) -> str | None:
    """The revision that a file has after it, where it was empty; None, and nothing was done, where it was not. Inside
    the transaction that the caller began and ends."""
    if raw.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
        return None
    for statement in _statements((migrations() / LAYOUT).read_text()):
        raw.execute(statement)
    (revision,) = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(revision)


def _statements(script: str) -> Iterator[str]:
    """(`executescript` would end the transaction.)"""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
