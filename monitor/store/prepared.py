"""Statements of the hot paths: written once in SQLAlchemy's words, said to the driver without its ceremony.

One event costs a handful of statements, and through `Connection.execute` each costs ten to thirty times what SQLite
itself takes. The types still convert what goes in and comes out, so the text means the same on both databases.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Table, Update, bindparam, insert
from sqlalchemy.exc import IntegrityError

Statement = Select[Any] | Insert | Update | Delete
Values = Mapping[str, Any]
UNIQUE = (IntegrityError, sqlite3.IntegrityError)
"""What a prepared statement raises where a uniqueness rule refuses a row."""
_Convert = Callable[[Any], Any]


class Prepared:
    """A statement of fixed shape: named parameters, no IN list. Parameters are all the names it binds."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._said: Callable[[Any], _Said] = cache(self._compile)  # one text per kind of driver

    def rows(self, conn: Connection, values: Values) -> list[tuple[Any, ...]]:
        """What it selects or returns."""
        said = self._said(conn.dialect.__class__)
        raw = _raw(conn)
        if raw is not None:
            found: Sequence[Sequence[Any]] = raw.execute(said.text, said.order(values)).fetchall()
        else:
            found = conn.exec_driver_sql(said.text, said.order(values)).fetchall()
        return said.results(found)

    def many(self, conn: Connection, rows: Sequence[Values]) -> None:
        """Once for each of the rows."""
        if not rows:
            return
        said = self._said(conn.dialect.__class__)
        raw = _raw(conn)
        ordered = [said.order(values) for values in rows]
        if raw is not None:
            raw.executemany(said.text, ordered)
        else:
            conn.exec_driver_sql(said.text, ordered)

    def count(self, conn: Connection, rows: Sequence[Values]) -> int:
        """Once for each of the rows; how many rows of the table that touched."""
        said = self._said(conn.dialect.__class__)
        raw = _raw(conn)
        ordered = [said.order(values) for values in rows]
        if raw is not None:
            return max(0, raw.executemany(said.text, ordered).rowcount)
        return sum(conn.exec_driver_sql(said.text, one).rowcount for one in ordered)  # asyncpg counts only single ones

    def _compile(self, kind: type[Dialect]) -> _Said:
        return _Said(self._statement, kind())


class _Said:
    """The text for one driver, the order of its parameters, and the conversions of the types."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._names: list[tuple[str, _Convert | None]] = []
        self._fixed: dict[str, Any] = {}
        for name in compiled.positiontup or ():
            bound = compiled.binds[name]
            convert = bound.type.dialect_impl(dialect).bind_processor(dialect)
            self._names.append((name, convert))
            if not bound.required:
                self._fixed[name] = bound.effective_value
        columns = statement.selected_columns if isinstance(statement, Select) else statement.exported_columns
        self._results = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._plain = not any(self._results)

    def order(self, values: Values) -> tuple[Any, ...]:
        if self._fixed:
            values = {**self._fixed, **values}
        return tuple([values[name] if convert is None else convert(values[name]) for name, convert in self._names])

    def results(self, found: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        if self._plain:
            return [tuple(row) for row in found]
        return [
            tuple(
                [
                    value if convert is None else convert(value)
                    for convert, value in zip(self._results, row, strict=True)
                ]
            )
            for row in found
        ]


def insert_into(table: Table, *columns: str) -> Prepared:
    """An INSERT of exactly these columns."""
    return Prepared(insert(table).values({name: bindparam(name) for name in columns}).inline())


def _raw(conn: Connection) -> sqlite3.Connection | None:
    """The driver's own connection where it may be used straight: on the thread that writes to SQLite."""
    driver = conn.connection.driver_connection
    return driver if isinstance(driver, sqlite3.Connection) else None
