"""Turns what drivers raise into the store's own errors, in plain words and without parameters or passwords."""

from __future__ import annotations

import sqlite3

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from monitor.store.errors import (
    NotADatabase,
    StoreConflict,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreUnavailable,
)

LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
"""What says that the connection to a server is gone."""

PUT_BACK = "Put the file back where it was and nothing is lost; else stop the daemon and restore a backup."
RESTORE = "Stop the daemon, then: training-monitor db restore FILE."

_SQLITE: dict[int, tuple[type[StoreError], str, str]] = {
    sqlite3.SQLITE_BUSY: (
        StoreLocked,
        "is locked by another process",
        "Look for another program that has the file open, such as a database browser or a copy of the daemon.",
    ),
    sqlite3.SQLITE_FULL: (StoreFull, "cannot grow: the disk is full", "Make room on that disk; nothing was lost."),
    sqlite3.SQLITE_NOTADB: (
        NotADatabase,
        "is not a SQLite database",
        "Point `store:` at another path, or put a backup of the database there.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        NotADatabase,
        "is damaged",
        f"{RESTORE} What is wrong: training-monitor db check.",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreUnavailable,
        "may not be written",
        "Give the user that runs the program write access to the file and to its directory.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreUnavailable,
        "cannot be opened",
        "Give the user that runs the program read and write access to the file and to its directory.",
    ),
    sqlite3.SQLITE_IOERR: (
        StoreUnavailable,
        "could not be read or written",
        "Look at the disk: the kernel log names it.",
    ),
}
_SQLITE[sqlite3.SQLITE_LOCKED] = _SQLITE[sqlite3.SQLITE_BUSY]


def translate(error: BaseException, place: str) -> BaseException:
    """The store's error for a driver's; anything else as it is. The driver's own is to be kept as the cause."""
    if isinstance(error, DBAPIError):
        driver = error.orig
        if isinstance(driver, sqlite3.Error):
            return _of_sqlite(driver, place)
        return _of_postgres(error, place)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, place)
    if isinstance(error, (*LOST, asyncpg.PostgresError)):
        return _of_server(error, place)
    if isinstance(error, SQLAlchemyError):
        return StoreError(f"The database {place} refused a statement: {_line(error)}")
    return error


def _of_sqlite(error: sqlite3.Error, place: str) -> StoreError:
    if isinstance(error, sqlite3.IntegrityError):
        return StoreConflict(f"The database {place} refused a row: {_line(error)}")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE:
        kind, what, hint = _SQLITE[code]
        return kind(f"The database {place} {what}.", hint)
    return StoreError(f"The database {place} refused a statement: {_line(error)}")


def _of_postgres(error: DBAPIError, place: str) -> StoreError:
    if isinstance(error, IntegrityError):
        return StoreConflict(f"The database {place} refused a row: {_line(error.orig)}")
    if error.connection_invalidated:
        return _gone(place)
    cause = error.orig.__cause__ if error.orig is not None else None
    return _of_server(cause if cause is not None else error, place)


def _of_server(error: BaseException, place: str) -> StoreError:
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return StoreUnavailable(
            f"The PostgreSQL server {place} refused the user or the password.",
            "Check user and password of `store:`, or the server's pg_hba.conf.",
        )
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return StoreUnavailable(f"There is no such database as {place}.", "Create it (createdb), then `db upgrade`.")
    if isinstance(error, asyncpg.TooManyConnectionsError):
        return StoreUnavailable(
            f"The PostgreSQL server {place} has no free connection.",
            "Raise its max_connections, or the CONNECTION LIMIT of the role; this program takes up to five.",
        )
    if isinstance(error, asyncpg.DiskFullError):
        return StoreFull(f"The database {place} cannot grow: the disk is full.", "Make room on the server's disk.")
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return StoreUnavailable(f"The database {place} refused: {_line(error)}", "Make the user owner of the database.")
    if isinstance(error, LOST):
        return _gone(place)
    return StoreError(f"The database {place} refused a statement: {_line(error)}")


def _gone(place: str) -> StoreError:
    return StoreUnavailable(
        f"The PostgreSQL server {place} cannot be reached.", "Check that it runs and that host and port are right."
    )


def _line(error: object) -> str:
    text = str(error).strip()
    return text.splitlines()[0].removeprefix("<class ") if text else "no reason given"
