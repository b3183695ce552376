"""`db restore`: a backup in the place of the database, under a new epoch, with the one before kept beside it."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from monitor.fields import Secret
from monitor.store.accounts import set_bad_signatures
from monitor.store.copying import beside, copy_sqlite, damage, give_to_owner, sync
from monitor.store.deliveries import recover_claims
from monitor.store.engine import RESTORED_AT, open_store
from monitor.store.errors import NewerDatabase, NotADatabase, StoreConflict, StoreError, StoreLocked, StoreMissing
from monitor.store.lock import FileLock
from monitor.store.migrate import HEAD, require_directory, require_known, sqlite_revision, translated, upgrade_sqlite
from monitor.store.sqlite import sqlite_engine
from monitor.store.tables import deliveries, events, meta
from monitor.store.url import Place, SqlitePlace, parse_place

NEWER = "Install that version again, or name another backup; nothing was changed."
ANOTHER = "Name another one, which `training-monitor db backup` made; nothing was changed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a database holds under its new epoch. `waiting`: messages that are due and may have been sent before."""

    events: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`kept`: where the replaced database is now; None: there was none. `upgraded_from`: the backup's own revision,
    where that was an older one."""

    place: Path
    kept: Path | None
    upgraded_from: str | None
    begun: Begun


async def restore(url: str | Secret, state_dir: Path, source: Path, *, now: datetime) -> Restored:
    """Puts a copy of `source` in the place of the database. Until the copy was read through, upgraded and renamed
    nothing is changed. Raises StoreError: also while a daemon runs; and for a server, which has tools of its own."""
    place = parse_place(url, state_dir)
    if not isinstance(place, SqlitePlace):
        raise StoreError(
            f"The database {place} is on a PostgreSQL server, which has a tool of its own to restore it.",
            put_back(place, str(source)),
        )
    require_directory(place, must_exist=False)
    return await asyncio.to_thread(_restore, place, source, now)


def put_back(place: Place, source: str = "FILE") -> str:
    """The command that does it, the daemon stopped."""
    if isinstance(place, SqlitePlace):
        return f"training-monitor db restore {shlex.quote(source)}"
    first = f"pg_restore --clean --if-exists --no-owner --dbname={shlex.quote(place.address)}"
    return f"{first} {shlex.quote(source)} && training-monitor db restore --new-epoch"


async def begin_epoch(url: str | Secret, state_dir: Path, *, now: datetime) -> Begun:
    """The same for a database that other tools have put in its place: events from now on never bear the ids of those
    that were told after the backup. Raises StoreError: also while a daemon runs."""
    with _stopped():
        store = await open_store(url, state_dir=state_dir, lock=True)
    try:
        return await store.write(lambda conn: _begin(conn, now))
    finally:
        await store.aclose()


def _begin(conn: Connection, now: datetime) -> Begun:
    conn.execute(update(meta).where(meta.c.key == "epoch").values(value=uuid4().hex))
    conn.execute(delete(meta).where(meta.c.key == RESTORED_AT))
    conn.execute(insert(meta).values(key=RESTORED_AT, value=str(now.timestamp())))
    recover_claims(conn, now=now)
    stored = conn.execute(select(func.count()).select_from(events)).scalar_one()
    waiting = conn.execute(select(func.count()).where(deliveries.c.settled_at.is_(None))).scalar_one()
    return Begun(events=stored, waiting=waiting)


def _restore(place: SqlitePlace, source: Path, now: datetime) -> Restored:
    with _stopped():
        held = FileLock(place.path)
    try:
        revision = _looked_at(place, source)
        fresh = SqlitePlace(place.path.with_name(f"{place.path.name}.restored"))
        try:
            with translated(SqlitePlace(source)):
                copy_sqlite(source, fresh.path)
            with translated(fresh):
                if revision != HEAD:
                    upgrade_sqlite(fresh, revision, backup=False)
                begun = _begun(fresh, place, now)
            with translated(place):
                kept = _exchange(fresh.path, place.path, now)
        finally:
            for left in (fresh.path, *beside(fresh.path)):
                left.unlink(missing_ok=True)
    finally:
        held.release()
    older = revision if revision != HEAD else None
    return Restored(place=place.path, kept=kept, upgraded_from=older, begun=begun)


@contextmanager
def _stopped() -> Iterator[None]:
    """A daemon that holds the store is to be stopped, and nothing else helps."""
    try:
        yield
    except StoreLocked as error:
        raise StoreLocked(str(error), "Stop it first, then restore: systemctl stop training-monitor") from error


def _looked_at(place: SqlitePlace, source: Path) -> str:
    """The revision of a file that may be restored. Raises StoreError."""
    if not source.exists():
        raise StoreMissing(f"There is no file {source}.", f"Backups are usually beside the database {place}.")
    if source.is_dir():
        raise NotADatabase(f"{source} is a directory, not a backup.", "Name the file in it.")
    if place.path.exists() and source.samefile(place.path):
        raise StoreConflict(f"{source} is the database itself.", "Name a backup of it.")
    try:
        with translated(SqlitePlace(source)):
            revision = sqlite_revision(SqlitePlace(source))
            if revision is None:
                raise NotADatabase(f"{source} is an empty database.")
            require_known(revision, str(source))
            if (wrong := damage(source, quick=False)) is not None:
                raise NotADatabase(f"The backup {source} is damaged ({wrong}).")
    except NewerDatabase as error:
        raise NewerDatabase(str(error), NEWER) from error
    except NotADatabase as error:  # the hints of elsewhere are about the database in use
        raise NotADatabase(str(error), ANOTHER) from error
    return revision


def _begun(fresh: SqlitePlace, before: SqlitePlace, now: datetime) -> Begun:
    engine = sqlite_engine(fresh, ("journal_mode=DELETE", "synchronous=FULL", "foreign_keys=ON"))
    try:
        with engine.connect() as conn:
            conn.exec_driver_sql("BEGIN IMMEDIATE")
            begun = _begin(conn, now)
            for fingerprint, count in _bad_signatures(before.path):
                set_bad_signatures(conn, fingerprint, count, now=now)
            conn.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()
    return begun


def _bad_signatures(before: Path) -> list[tuple[str, int]]:
    """How often platforms have refused each key, as the replaced database knows it, as far as it can be read: a
    platform that locks a key after five has counted on."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{before.absolute().as_uri()}?mode=rw", uri=True)) as raw:
        return raw.execute("SELECT fingerprint, count FROM bad_signatures").fetchall()
    return []


def _exchange(fresh: Path, place: Path, now: datetime) -> Path | None:
    """Gives `fresh` the name of the database, which is kept under another. A process that ends at any moment leaves
    the one or the other in its place, and never the log of the one beside the other."""
    kept = None
    if place.exists():
        kept = _free(place.with_name(f"{place.name}.replaced-{now:%Y%m%dT%H%M%SZ}"))
        with suppress(sqlite3.Error), closing(sqlite3.connect(place)) as raw:  # a damaged one keeps its log beside it
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            raw.execute("PRAGMA journal_mode=DELETE").fetchall()
        _link(place, kept)
        for old, new in zip(beside(place), beside(kept), strict=True):
            if old.exists() and not old.name.endswith("-shm"):
                _link(old, new)
    give_to_owner(fresh, place if kept else place.parent)
    for old in beside(place):
        old.unlink(missing_ok=True)
    sync(place.parent)
    os.replace(fresh, place)
    sync(place.parent)
    return kept


def _free(path: Path) -> Path:
    number, found = 1, path
    while found.exists():
        number, found = number + 1, path.with_name(f"{path.name}.{number}")
    return found


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:  # a file system without links
        shutil.copy2(old, new)
        sync(new)
