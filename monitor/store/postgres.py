"""PostgreSQL under the store: one held connection that writes for everybody, a pool that reads."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any

import anyio
import asyncpg
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from monitor.store.errors import StoreLocked
from monitor.store.faults import LOST, translate
from monitor.store.group import Outcome, WriteFn
from monitor.store.url import PostgresPlace

CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 60.0
WRITE_SECONDS = 40.0
"""For a statement that writes: a server that is silent, and then the new connection, must take less than what counts as
a writer that hangs."""
LOCK_TRIES = 20
LOCK_PAUSE = 0.1
"""Seconds between two tries to take the lock from a session of our own that is ending."""
READERS = 4
LOCK_KEY = 0x7472_6D6F  # one daemon per database; any constant does
_TRY_LOCK = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=LOCK_KEY)
_HOLDER = text(
    "SELECT a.application_name, a.pid, a.client_addr FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = :key"
    " AND a.datname = current_database()"
).bindparams(key=LOCK_KEY)

_END = text("SELECT pg_terminate_backend(:pid)")
_SESSION = text("SELECT pg_backend_pid()")


def application_name() -> str:
    """Who holds a connection, as the server's list of sessions and the lock's error name it."""
    return f"training-monitor pid {os.getpid()} on {socket.gethostname()}"[:63]


def postgres_engine(
    place: PostgresPlace, *, read_only: bool = False, patience: float = STATEMENT_SECONDS, **options: Any
) -> AsyncEngine:
    settings = {"application_name": application_name(), "timezone": "UTC"}
    if read_only:
        settings["default_transaction_read_only"] = "on"

    async def connect() -> Any:
        return await asyncpg.connect(
            place.dsn.reveal(),
            timeout=CONNECT_SECONDS,
            command_timeout=patience,
            server_settings=settings,
        )

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, hide_parameters=True, **options)


def postgres_read_engine(place: PostgresPlace) -> AsyncEngine:
    return postgres_engine(
        place,
        read_only=True,
        pool_size=READERS,
        max_overflow=0,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
    )


class PostgresWriter:
    """Commits groups of writes on one connection, made anew after it is lost. With `lock` that connection holds the
    advisory lock, so whoever can write is the one that holds it."""

    def __init__(self, place: PostgresPlace, *, lock: bool) -> None:
        self._place = str(place)
        self._lock = lock
        self._engine = postgres_engine(place, poolclass=NullPool, patience=WRITE_SECONDS)
        self._conn: AsyncConnection | None = None
        self._session: int | None = None
        """The server's number for the session that held the lock last."""

    async def begin(self) -> None:
        """Connects and takes the lock. Raises StoreError."""
        try:
            await self.connect()
        except Exception as error:
            if (own := translate(error, self._place)) is error:
                raise
            raise own from error

    async def connect(self) -> AsyncConnection:
        """The connection, with the lock taken. Raises StoreLocked and what the driver raises."""
        if self._conn is None:
            conn = await self._engine.connect()
            try:
                if self._lock:
                    self._session = await _take_lock(conn, self._place, self._session)
            except BaseException:
                await _drop(conn)
                raise
            self._conn = conn
        return self._conn

    async def commit(self, fns: Sequence[WriteFn]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        try:
            conn = await self.connect()
            await conn.run_sync(_commit, fns, outcomes, self._own)
        except Exception as error:
            await self._reset()
            failed = Outcome(error=self._own(error))
            done = [outcome if outcome.error is not None else failed for outcome in outcomes]
            return done + [failed] * (len(fns) - len(done))
        except BaseException:
            await self._reset()
            raise
        return outcomes

    async def aclose(self) -> None:
        await self._reset()
        await self._engine.dispose()

    async def _reset(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            await _drop(conn)

    def _own(self, error: BaseException) -> BaseException:
        own = translate(error, self._place)
        if own is not error:
            own.__cause__ = error
        return own


def _commit(conn: Connection, fns: Sequence[WriteFn], outcomes: list[Outcome], own: Any) -> None:
    """One transaction, each write under a savepoint of its own. Raises what ends the transaction for all of them."""
    with conn.begin():
        for fn in fns:
            savepoint = conn.begin_nested()
            try:
                value = fn(conn)
            except Exception as error:
                if isinstance(error, LOST) or (isinstance(error, DBAPIError) and error.connection_invalidated):
                    raise
                savepoint.rollback()
                outcomes.append(Outcome(error=own(error)))
            else:
                savepoint.commit()
                outcomes.append(Outcome(value=value))


async def _take_lock(conn: AsyncConnection, place: str, mine: int | None) -> int:
    """Returns the number of the session. `mine`: that of the one before, which is ended where it still has the lock: of
    a connection that was lost without a word the server does not know for hours."""
    for _ in range(LOCK_TRIES):
        taken = (await conn.execute(_TRY_LOCK)).scalar_one()
        holder = None if taken else (await conn.execute(_HOLDER)).first()
        left = holder is not None and holder.pid == mine and holder.application_name == application_name()
        if left:
            await conn.execute(_END, {"pid": mine})
        session: int = (await conn.execute(_SESSION)).scalar_one()
        await conn.commit()
        if taken:
            return session
        if not left:
            break
        await anyio.sleep(LOCK_PAUSE)
    who = f"{holder.application_name} (server process {holder.pid})" if holder else "another process"
    raise StoreLocked(
        f"The database {place} is in use by {who}.", "Stop that one first, or give this one another database."
    )


async def _drop(conn: AsyncConnection) -> None:
    """Closes a connection that may be dead, without waiting for it for long."""
    with anyio.CancelScope(shield=True), anyio.move_on_after(2):
        try:
            await conn.invalidate()
            await conn.close()
        except Exception:  # noqa: S110 - it was dead already; the server ends its side by itself
            pass
