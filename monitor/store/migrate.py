"""Brings a database to this program's revision, or says why that cannot be; Alembic is loaded only when it has work."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, inspect, text

from monitor.fields import Secret
from monitor.store.copying import copy_sqlite, make_private
from monitor.store.errors import NewerDatabase, NotADatabase, NotMigrated, StoreMissing, StoreUnavailable
from monitor.store.faults import PUT_BACK, translate
from monitor.store.layout import lay_out
from monitor.store.lock import living_holder
from monitor.store.postgres import postgres_engine
from monitor.store.sqlite import BUSY_MS, sqlite_engine
from monitor.store.url import Place, SqlitePlace, parse_place

HEAD = "0006"
"""The newest revision in migrations/; a test holds it."""
_VERSION_TABLE = "alembic_version"


def require_directory(place: SqlitePlace, *, must_exist: bool) -> None:
    """Raises StoreMissing or StoreUnavailable where the file cannot be used, before a driver says it in its words."""
    try:
        look_for(place, must_exist=must_exist)
    except PermissionError as error:
        raise StoreUnavailable(
            f"The database {place} may not be looked for by this user.",
            "Use sudo, or run the command as the user that the daemon runs as.",
        ) from error


def look_for(place: SqlitePlace, *, must_exist: bool) -> None:
    """The same, for who says itself what it is if this user may not look there. Raises PermissionError too."""
    folder = place.path.parent
    if not folder.is_dir():
        hint = "Start the daemon first: training-monitor run" if must_exist else f"Create it: mkdir -p {folder}"
        raise StoreMissing(f"There is no directory {folder} for the database.", hint)
    if must_exist:
        _look_at(place)
    if place.path.is_dir():
        raise NotADatabase(f"{place} is a directory, not a database.", "Name a file in `store:`.")
    if not must_exist:
        refuse_read_only(folder)
    if not must_exist and not os.access(folder, os.W_OK, effective_ids=True):
        raise StoreUnavailable(
            f"The directory {folder} may not be written.", "Give the user that runs the program write access to it."
        )


def refuse_read_only(folder: Path) -> None:
    """Raises StoreUnavailable where nothing can be written on its file system, whoever asks."""
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        hint = "Mount it for writing (mount -o remount,rw); where it turned so by itself the kernel log says why."
        raise StoreUnavailable(f"The file system of {folder} is read-only.", hint)


def _look_at(place: SqlitePlace) -> None:
    """Also whether it is the file that a daemon has open: SQLite would take the log beside another one of its name for
    that one's, and clear away what the daemon still writes."""
    there, holder = place.path.exists(), living_holder(place.path)
    if there and (holder is None or holder.file in (None, place.path.stat().st_ino)):
        return
    if holder is not None:
        what = "was replaced by another file" if there else "was removed"
        raise StoreUnavailable(f"The database {place} {what} while the process {holder.pid} uses it.", PUT_BACK)
    raise StoreMissing(f"There is no database {place} yet.", "Start the daemon first: training-monitor run")


def prepare_sqlite(place: SqlitePlace, may_upgrade: bool) -> None:
    """Makes or upgrades the file where that is allowed, else demands that it is up to date."""
    with translated(place):
        found = sqlite_revision(place)
        if found == HEAD:
            return
        if may_upgrade:
            upgrade_sqlite(place, found, backup=True)
        else:
            require_current(found, str(place))


async def upgrade(url: str | Secret, state_dir: Path, backup: bool = True) -> bool:
    """Brings the database to this program's revision in one transaction; True when there was something to do. A SQLite
    file that exists is copied before (`<file>.before-<revision>`). A failure leaves everything as it was. Raises
    StoreError. The caller holds the store's lock, or knows that no daemon runs."""
    place = parse_place(url, state_dir)
    if isinstance(place, SqlitePlace):
        require_directory(place, must_exist=False)
        with translated(place):
            found = await asyncio.to_thread(sqlite_revision, place)
            if found != HEAD:
                await asyncio.to_thread(upgrade_sqlite, place, found, backup)
            return found != HEAD
    engine = postgres_engine(place, poolclass=NullPool)
    try:
        with translated(place):
            async with engine.begin() as conn:
                found = await conn.run_sync(read_revision)
                if found != HEAD:
                    require_known(found, str(place))
                    await conn.run_sync(_run_alembic)
                return found != HEAD
    finally:
        await engine.dispose()


def read_revision(conn: Connection) -> str | None:
    """The revision of a database; None where it has none."""
    if not inspect(conn).has_table(_VERSION_TABLE):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def require_current(found: str | None, place: str) -> None:
    """Raises NotMigrated or NewerDatabase unless the database has this program's revision."""
    if found == HEAD:
        return
    require_known(found, place)
    what = "has no tables yet" if found is None else f"is of an older version (revision {found})"
    raise NotMigrated(f"The database {place} {what}.", "Run: training-monitor db upgrade")


def require_known(found: str | None, place: str) -> None:
    """Raises NewerDatabase for a revision that this program does not have."""
    if found in (None, HEAD):
        return
    from monitor.store.alembic import knows  # Alembic costs a sixth of a second: only where revisions differ

    if not knows(found):
        raise NewerDatabase(
            f"The database {place} was made by a newer version of training-monitor (revision {found}).",
            "Install that version again, or put back the copy of before the upgrade: training-monitor db restore FILE.",
        )


def sqlite_revision(place: SqlitePlace) -> str | None:
    """The revision, None for a file that is new or empty. Raises NotADatabase for what is not ours."""
    if not place.path.exists() or place.path.stat().st_size == 0:
        return None
    with closing(sqlite3.connect(place.path, timeout=BUSY_MS / 1000)) as raw:
        names = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if _VERSION_TABLE in names:
            row = raw.execute("SELECT version_num FROM alembic_version").fetchone()
            if row is not None:
                return str(row[0])
        if names - {_VERSION_TABLE}:
            raise NotADatabase(
                f"{place} is a SQLite database of another program.",
                "Point `store:` at another path; nothing was changed.",
            )
    return None


def upgrade_sqlite(place: SqlitePlace, found: str | None, backup: bool) -> None:
    require_known(found, str(place))
    make_private(place.path)
    if backup and found is not None:
        copy_sqlite(place.path, place.path.with_name(f"{place.path.name}.before-{HEAD}"))
    # Tables are rebuilt under their own names, so references are checked at the end and not on the way.
    engine = sqlite_engine(
        place, (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF")
    )
    try:
        with engine.connect() as conn:
            conn.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                _upgrade(conn)
                if conn.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise NotADatabase(f"The upgrade of {place} would break references.", "Report this with the file.")
                conn.exec_driver_sql("COMMIT")
            except BaseException:
                conn.exec_driver_sql("ROLLBACK")
                raise
    finally:
        engine.dispose()


def _upgrade(conn: Connection) -> None:
    raw = conn.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    if lay_out(raw) != HEAD:
        _run_alembic(conn)


def _run_alembic(conn: Connection) -> None:
    from monitor.store.alembic import upgrade_to_head

    upgrade_to_head(conn)


@contextmanager
def translated(place: Place) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        own = translate(error, str(place))
        if own is error:
            raise
        raise own from error
