"""The store's front: opens the database, writes by group commit, reads without ever blocking a write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import anyio
from sqlalchemy import Connection, select
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.fields import Secret
from monitor.store import migrate
from monitor.store.errors import StoreClosed, StoreError
from monitor.store.faults import translate
from monitor.store.group import GroupCommit
from monitor.store.lock import FileLock
from monitor.store.postgres import PostgresWriter, postgres_read_engine
from monitor.store.sqlite import SqliteWriter, snapshot, sqlite_read_engine
from monitor.store.tables import meta
from monitor.store.url import Place, SqlitePlace, parse_place
from monitor.telemetry.meter import NO_METER, Meter

T = TypeVar("T")

RESTORED_AT = "restored_at"
"""Under which the database knows when it was put in the place of another, in Unix time."""


class Store:
    """An open database. `epoch` is part of every event's id; it is made with the database. `restored_at`: when it was
    last put in the place of another, which knew more."""

    def __init__(
        self,
        place: Place,
        writer: SqliteWriter | PostgresWriter,
        readers: AsyncEngine,
        held: FileLock | None,
        meter: Meter = NO_METER,
    ) -> None:
        self.epoch = ""
        self.restored_at: datetime | None = None
        self._place = str(place)
        self._snapshot = isinstance(place, SqlitePlace)
        self._writer = writer
        self._group = GroupCommit(writer.commit, meter)
        self._readers = readers
        self._held = held
        self._closed = False

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Runs `fn` inside a transaction that it shares with whoever writes at the same time, and returns its result
        after the commit. What `fn` raises undoes what it did and nothing else. It must not end the transaction, not
        block, and not keep the connection. A cancelled caller waits for the commit, which is kept.

        Raises what `fn` raises; StoreError where the database refuses or is not there (StoreUnavailable: it may have
        been committed or not)."""
        return await self._group.write(fn)

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Runs `fn` on a connection of its own, on one snapshot of what is committed. Raises StoreError."""
        if self._closed:
            raise StoreClosed("The store is closed.")
        with anyio.CancelScope(shield=True):  # a query cut in the middle costs its connection; it is short anyway
            found = await self._read(fn)
        return found  # noqa: RET504 - for mypy a cancel scope may swallow

    @property
    def failure(self) -> StoreError | None:
        """What `take_failure` would give."""
        return self._group.failed

    def take_failure(self) -> StoreError | None:
        """Why a write failed that the database could not take at all, the first since the last call; None: none did."""
        failed, self._group.failed = self._group.failed, None
        return failed

    async def aclose(self) -> None:
        """Commits what waits, then lets go of the database and its lock. May be called twice."""
        if self._closed:
            return
        self._closed = True
        with anyio.CancelScope(shield=True):
            await self._group.aclose()
            await self._readers.dispose()
            await self._writer.aclose()
            if self._held is not None:
                self._held.release()

    async def _read(self, fn: Callable[[Connection], T]) -> T:
        try:
            async with self._readers.connect() as conn:
                if self._snapshot:
                    await conn.run_sync(snapshot)
                return await conn.run_sync(fn)
        except Exception as error:
            own = translate(error, self._place)
            if own is error:
                raise
            raise own from error


async def open_store(url: str | Secret, *, state_dir: Path, lock: bool, meter: Meter = NO_METER) -> Store:
    """Opens the database that `url` names (`sqlite:PATH` in `state_dir`, or `postgresql://…`).

    With `lock` this process becomes the only one of its kind on it; a SQLite file is then made or upgraded, after a
    backup copy. Without, the database must be there and up to date. Raises StoreError.
    """
    place = parse_place(url, state_dir)
    if isinstance(place, SqlitePlace):
        return await _open_sqlite(place, lock, meter)
    writer = PostgresWriter(place, lock=lock)
    store = Store(place, writer, postgres_read_engine(place), None, meter)
    try:
        migrate.require_current(await store.read(migrate.read_revision), str(place))
        store.epoch, store.restored_at = await store.read(_epoch)
        if lock:
            await writer.begin()
    except BaseException:
        await store.aclose()
        raise
    return store


async def _open_sqlite(place: SqlitePlace, lock: bool, meter: Meter) -> Store:
    migrate.require_directory(place, must_exist=not lock)
    held = FileLock(place.path) if lock else None
    try:
        await asyncio.to_thread(migrate.prepare_sqlite, place, lock)
        if held is not None:
            held.opened(place.path)
        writer = SqliteWriter(place)
        store = Store(place, writer, sqlite_read_engine(place, writer.require_file), held, meter)
    except BaseException:
        if held is not None:
            held.release()
        raise
    try:
        store.epoch, store.restored_at = await store.read(_epoch)
    except BaseException:
        await store.aclose()
        raise
    return store


def _epoch(conn: Connection) -> tuple[str, datetime | None]:
    """With the time of its last restore."""
    epoch = conn.execute(select(meta.c.value).where(meta.c.key == "epoch")).scalar_one()
    at = conn.execute(select(meta.c.value).where(meta.c.key == RESTORED_AT)).scalar()
    return str(epoch), None if at is None else datetime.fromtimestamp(float(at), UTC)
