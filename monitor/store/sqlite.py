"""SQLite under the store: one connection on one thread that writes for everybody, a pool that reads."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from monitor.store.errors import StoreUnavailable
from monitor.store.faults import PUT_BACK, translate
from monitor.store.group import Outcome, WriteFn
from monitor.store.sqlite_reading import BEGIN, reading
from monitor.store.url import SqlitePlace

BUSY_MS = 5000
"""How long to wait for another process that writes (`sinks test` beside the daemon, a backup)."""
PRAGMAS = (
    f"busy_timeout={BUSY_MS}",
    "journal_mode=WAL",
    "journal_size_limit=33554432",
    "synchronous=FULL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
)
"""`temp_store`: savepoints keep their undo in memory; in a file they cost a quarter of a group's time.
`journal_size_limit`: what a first look at a long history made of the log is given back (32 MB stay)."""
READERS = 4


def sqlite_engine(place: SqlitePlace, pragmas: Sequence[str] = PRAGMAS) -> Engine:
    """Connections that commit nothing by themselves: BEGIN and COMMIT are said where they are meant."""
    engine = create_engine(
        URL.create("sqlite", database=str(place.path)),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", lambda raw, _: _apply(raw, pragmas))
    return engine


def _anyhow() -> None:
    """Nobody has the file open whose log could be taken for another one's."""


def sqlite_read_engine(place: SqlitePlace, require: Callable[[], None] = _anyhow) -> AsyncEngine:
    """Connections that cannot write; each read sees one snapshot. `require` is asked for each connection that is made,
    and raises where the file is not the one that the writer has."""
    url = URL.create("sqlite+aiosqlite", database=str(place.path))
    engine = create_async_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=READERS,
        max_overflow=0,
        connect_args={"async_creator_fn": partial(reading, require=require)},
    )
    pragmas = (f"busy_timeout={BUSY_MS}", "query_only=ON")
    event.listen(engine.sync_engine, "connect", lambda raw, _: _apply(raw, pragmas))
    return engine


def snapshot(conn: Connection) -> None:
    """Makes all that follows on this connection one read transaction."""
    conn.exec_driver_sql(BEGIN)


def _apply(raw: Any, pragmas: Sequence[str]) -> None:
    cursor = raw.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
        cursor.fetchall()
    cursor.close()


class SqliteWriter:
    """Commits groups of writes, one hop to its thread for each group."""

    def __init__(self, place: SqlitePlace) -> None:
        self._place = str(place)
        self._file: tuple[int, int] | None = None
        self._engine = sqlite_engine(place)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._conn: Connection | None = None

    async def commit(self, fns: Sequence[WriteFn]) -> Sequence[Outcome]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, fns)

    async def aclose(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None
        self._engine.dispose()

    def _commit(self, fns: Sequence[WriteFn]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        try:
            if self._conn is None:
                self.require_file()
                self._conn = self._engine.connect()
            conn = self._conn
            raw = conn.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.execute("BEGIN IMMEDIATE")
            try:
                self.require_file()
                self._run(conn, raw, fns, outcomes)
                raw.execute("COMMIT")
            finally:
                if raw.in_transaction:
                    raw.execute("ROLLBACK")
        except BaseException as error:
            return self._all_failed(fns, outcomes, error)
        return outcomes

    def require_file(self) -> None:
        """SQLite would write on into a file that somebody has removed, and all of it would be gone at the end; and it
        would take the log of ours for that of one that was put in its place. Raises StoreUnavailable."""
        try:
            found = os.stat(self._place)
        except FileNotFoundError:
            found = None
        file = found and (found.st_dev, found.st_ino)
        self._file = self._file or file
        if file is None or file != self._file:
            what = "was removed" if file is None else "was replaced by another file"
            raise StoreUnavailable(f"The database {self._place} {what} while it was in use.", PUT_BACK)

    def _run(self, conn: Connection, raw: sqlite3.Connection, fns: Sequence[WriteFn], outcomes: list[Outcome]) -> None:
        """Each write under a savepoint of its own. Raises what ends the transaction for all of them."""
        if len(fns) == 1:  # then the transaction is its savepoint
            outcomes.append(Outcome(value=fns[0](conn)))
            return
        for fn in fns:
            raw.execute("SAVEPOINT one")
            try:
                value = fn(conn)
            except BaseException as error:
                if not raw.in_transaction:  # disk full, I/O error: SQLite has rolled back everything by itself
                    raise
                raw.execute("ROLLBACK TO one")
                raw.execute("RELEASE one")
                outcomes.append(Outcome(error=self._own(error)))
            else:
                raw.execute("RELEASE one")
                outcomes.append(Outcome(value=value))

    def _all_failed(
        self, fns: Sequence[WriteFn], outcomes: Sequence[Outcome], error: BaseException
    ) -> Sequence[Outcome]:
        """Nothing was kept; who had failed before keeps the reason of its own."""
        failed = Outcome(error=self._own(error))
        done = [outcome if outcome.error is not None else failed for outcome in outcomes]
        return done + [failed] * (len(fns) - len(done))

    def _own(self, error: BaseException) -> BaseException:
        own = translate(error, self._place)
        if own is not error:
            own.__cause__ = error
        return own
