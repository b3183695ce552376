"""A quick look at a SQLite file from outside, for `doctor`: beside a daemon, without its lock, in bounded time."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from monitor.store.lock import living_holder
from monitor.store.migrate import HEAD, look_for, refuse_read_only, translated
from monitor.store.url import SqlitePlace, parse_place

SQLITE = sqlite3.sqlite_version
_STEPS = 100_000
"""Steps of SQLite's machine between two looks at the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """`whole`: None where the time was not enough. `holder`: the living process that wrote itself into the lock file.
    `refused`: the bad signatures in a row of each credential that has any."""

    path: Path
    size: int
    revision: str | None
    head: str
    whole: bool | None
    holder: int | None
    refused: tuple[int, ...]


def glance(url: str, state_dir: Path, *, within: float = 5.0) -> Glance | None:
    """None for a server, which is not a file. Raises StoreError where the file cannot be read at all, or where a start
    would be refused because its file system is read-only."""
    place = parse_place(url, state_dir)
    if not isinstance(place, SqlitePlace):
        return None
    if place.path.parent.is_dir():
        refuse_read_only(place.path.parent)
    look_for(place, must_exist=True)
    with translated(place), closing(sqlite3.connect(f"{place.path.absolute().as_uri()}?mode=ro", uri=True)) as conn:
        tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return Glance(
            path=place.path,
            size=sum(each.stat().st_size for each in _files(place.path) if each.exists()),
            revision=_revision(conn) if "alembic_version" in tables else None,
            head=HEAD,
            whole=_whole(conn, within),
            holder=None if (holder := living_holder(place.path)) is None else holder.pid,
            refused=_refused(conn) if "bad_signatures" in tables else (),
        )


def _files(path: Path) -> list[Path]:
    return [path, path.with_name(path.name + "-wal")]


def _revision(conn: sqlite3.Connection) -> str | None:
    row = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _whole(conn: sqlite3.Connection, within: float) -> bool | None:
    end = time.monotonic() + within
    conn.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
    try:
        return bool(conn.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        conn.set_progress_handler(None, 0)


def _refused(conn: sqlite3.Connection) -> tuple[int, ...]:
    rows = conn.execute("SELECT count FROM bad_signatures WHERE count > 0 AND fingerprint NOT LIKE '%/lost'")
    return tuple(sorted(int(count) for (count,) in rows))
