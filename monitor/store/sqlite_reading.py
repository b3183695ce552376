"""The connections that read a SQLite file: one hop to a thread for each question.

aiosqlite by itself hops for a cursor, a statement, its rows and its end, and so it does for begin and end of the
transaction: eight hops for a question of a page, each of which waits for a core where all are busy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiosqlite

BEGIN = "BEGIN"
AHEAD = 1000
"""Rows that come with their question. Who asked for a stream of them has its turns all the same."""


class Reading(aiosqlite.Connection):
    """What only notes down that a snapshot begins or ends reads nothing from a disk, and is done where it is said."""

    _at_rest = True
    """Whether its thread has nothing in hand. It may have, when who waited for a question was cancelled."""

    def cursor(self) -> Rows:  # type: ignore[override] # SQLAlchemy enters whatever comes
        return Rows(self, self._conn.cursor())

    async def rollback(self) -> None:
        if self._at_rest:
            self._conn.rollback()
        else:
            await super().rollback()

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._at_rest = False
        try:
            found = await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        except Exception:
            self._at_rest = True
            raise
        self._at_rest = True
        return found


class Rows(aiosqlite.Cursor):
    """Has the first rows in hand when `execute` returns; most often these are all, and nothing is left to close."""

    _ahead: Sequence[Any] = ()
    _over = True
    """Whether no row is left beyond those."""

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Rows:
        if sql == BEGIN:
            self._cursor.execute(sql)
        else:
            self._ahead = await self._execute(self._asked, sql, parameters or ())  # type: ignore[no-untyped-call]
            self._over = len(self._ahead) < AHEAD
        return self

    async def fetchall(self) -> Iterable[sqlite3.Row]:
        found, self._ahead = self._ahead, ()
        if not self._over:
            found = [*found, *await super().fetchall()]
            self._over = True
        return found

    async def fetchmany(self, size: int | None = None) -> Iterable[sqlite3.Row]:
        most = size or self.arraysize
        if not self._ahead and not self._over:
            return await super().fetchmany(most)
        found, self._ahead = self._ahead[:most], self._ahead[most:]
        return found

    async def fetchone(self) -> sqlite3.Row | None:
        return next(iter(await self.fetchmany(1)), None)

    async def close(self) -> None:
        if not self._over:
            await super().close()

    def _asked(self, sql: str, parameters: Any) -> list[Any]:
        return self._cursor.execute(sql, parameters).fetchmany(AHEAD)


def reading(path: str, *, require: Callable[[], None], **named: Any) -> Reading:
    """To be awaited: the connection. Its thread ends with the process. `require` raises where the file under that name
    is not the one that is meant."""

    def opened() -> sqlite3.Connection:
        require()  # before, for SQLite makes one that is not there
        raw: sqlite3.Connection = sqlite3.connect(path, **named)
        try:
            require()
        except BaseException:
            raw.close()
            raise
        return raw

    connection = Reading(opened, iter_chunk_size=64)
    connection._thread.daemon = True
    return connection
