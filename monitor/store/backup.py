"""`db backup`: one file that holds all that was committed at one moment, made while the daemon goes on."""

from __future__ import annotations

import asyncio
import shlex
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.fields import Secret
from monitor.store.copying import copy_sqlite, damage
from monitor.store.errors import NotADatabase, NotMigrated, StoreConflict, StoreError
from monitor.store.migrate import require_directory, sqlite_revision, translated
from monitor.store.url import SqlitePlace, parse_place

MADE_AT = "backup_at"
"""Under which the database knows when it was last backed up, in Unix time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """`size` in bytes. `events`: how many it holds."""

    path: Path
    size: int
    revision: str
    events: int


async def backup(
    url: str | Secret, state_dir: Path, target: Path | None, *, now: datetime, replace: bool = False
) -> Backup:
    """Copies the database to `target` (a file, or a directory; None: beside the database), reads the copy through, and
    only then lets it have its name. `replace`: in the place of a file that is there.

    Raises StoreError; then there is no copy. For a server it names the server's own tool."""
    place = parse_place(url, state_dir)
    if not isinstance(place, SqlitePlace):
        raise StoreError(
            f"The database {place} is on a PostgreSQL server, which has a tool of its own to back it up.",
            f"pg_dump --format=custom --file={shlex.quote(place.name)}.dump {shlex.quote(place.address)}",
        )
    require_directory(place, must_exist=True)
    named = _named(place.path, target, now)
    if named.exists():
        if named.samefile(place.path):
            raise StoreConflict(f"{named} is the database itself.", "Name another file.")
        if not replace:
            raise StoreConflict(f"There is a file {named} already.", "Name another file, or replace it with --force.")
    with translated(place):
        revision = await asyncio.to_thread(sqlite_revision, place)
        if revision is None:
            raise NotMigrated(
                f"The database {place} has no tables yet.", "Start the daemon first: training-monitor run"
            )
        await asyncio.to_thread(_copy, place.path, named)
    with translated(SqlitePlace(named)):
        made = await asyncio.to_thread(_seen, named, revision)
    await asyncio.to_thread(_remember, place.path, now)
    return made


def _remember(database: Path, now: datetime) -> None:
    """For the metrics. A database that cannot take it (a full disk is a good reason for a backup) is backed up all the
    same."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=5)) as raw, raw:
        raw.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (MADE_AT, str(int(now.timestamp()))))


def _copy(source: Path, target: Path) -> None:
    """Raises NotADatabase where the copy is damaged, which is what the database is then."""

    def look(partial: Path) -> None:
        if (wrong := damage(partial, quick=True)) is not None:
            hint = "Put a backup of before in its place: training-monitor db restore FILE"
            raise NotADatabase(f"The database {source} is damaged ({wrong}); no backup was made.", hint)

    copy_sqlite(source, target, look)


def _named(database: Path, target: Path | None, now: datetime) -> Path:
    usual = f"{database.stem}-{now:%Y%m%dT%H%M%SZ}{database.suffix}"
    if target is None:
        return database.with_name(usual)
    return target / usual if target.is_dir() else target


def _seen(path: Path, revision: str) -> Backup:
    with closing(sqlite3.connect(path)) as raw:
        (events,) = raw.execute("SELECT count(*) FROM events").fetchone()
    return Backup(path=path, size=path.stat().st_size, revision=revision, events=events)
