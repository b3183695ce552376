"""Copies of a SQLite database: whole and consistent, also of one in use, and never half of one under its name."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from monitor.store.errors import NotADatabase, StoreFull, StoreMissing, StoreUnavailable

MODE = 0o600
"""Of a database and its copies, whatever the mask: names of jobs are for the daemon's user, and for those whom the
socket lets ask. What SQLite keeps beside a database has the mode of the database."""
PATIENCE = 30.0
"""Seconds to wait for a lock that another process holds."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


def copy_sqlite(source: Path, target: Path, look: Callable[[Path], None] = lambda partial: None) -> None:
    """Copies what is committed at one moment, beside a daemon that goes on writing. The copy is one file, with no log
    beside it; it appears under its name when it is on the disk as a whole, in the place of one that was there, and
    `look` had nothing against it. Raises sqlite3.Error, StoreError, and what `look` raises; then nothing was left
    behind."""
    with written_whole(target) as partial:
        with closing(_reading(source)) as old, closing(sqlite3.connect(partial)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE").fetchall()
        look(partial)


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A file beside `target` to be written, which takes its name when the body has ended well, and is gone otherwise.
    Raises StoreError where there can be none, or no room for it."""
    partial = target.with_name(target.name + ".part")
    with _plainly(target):
        partial.unlink(missing_ok=True)
        make_private(partial)
    try:
        yield partial
        with _plainly(target):
            sync(partial)
            partial.replace(target)
            sync(target.parent)
    except BaseException as error:
        for left in (partial, *beside(partial)):
            left.unlink(missing_ok=True)
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise _no_room(target) from error
        raise


def make_private(database: Path) -> None:
    """An empty file with the mode of a database, where there is none. Raises OSError."""
    with suppress(FileExistsError):
        fd = os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        os.fchmod(fd, MODE)
        os.close(fd)


def beside(database: Path) -> tuple[Path, ...]:
    """The files that SQLite may keep beside a database: its log and the index of that, or a journal."""
    return tuple(database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal"))


def sync(path: Path) -> None:
    """Returns when a file, or the names in a directory, are on the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def give_to_owner(path: Path | int, like: Path) -> None:
    """What root has made beside the daemon's own files is the daemon's too; nobody else may give files away."""
    if os.geteuid() == 0:
        owner = like.stat()
        with suppress(OSError):  # a root of its own namespace only
            os.chown(path, owner.st_uid, owner.st_gid)


def damage(path: Path, *, quick: bool) -> str | None:
    """What is wrong with a SQLite file, the first of it; None: nothing. `quick` does not hold indexes against tables.
    Raises sqlite3.Error where it cannot be read at all."""
    with closing(_reading(path)) as raw:
        found = raw.execute("PRAGMA quick_check(1)" if quick else "PRAGMA integrity_check(1)").fetchone()
        if found != ("ok",):
            return str(found[0]).strip().splitlines()[-1]
        dangling = None if quick else raw.execute("PRAGMA foreign_key_check").fetchone()
    return f"a row of {dangling[0]} points at a row of {dangling[2]} that is not there" if dangling else None


def _reading(path: Path) -> sqlite3.Connection:
    """A connection that is used for reading. Where it may write, for who only reads cannot clear away the files that
    SQLite keeps beside a database in use."""
    mode = "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=PATIENCE)


@contextmanager
def _plainly(target: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise StoreMissing(f"There is no directory {target.parent}.", f"Create it: mkdir -p {target.parent}") from error
    except IsADirectoryError as error:
        raise NotADatabase(f"{target} is a directory.", "Name a file.") from error
    except OSError as error:
        if error.errno in _FULL:
            raise _no_room(target) from error
        hint = "Name a file in a directory that this user may write."
        raise StoreUnavailable(f"The file {target} cannot be written: {error.strerror}.", hint) from error


def _no_room(target: Path) -> StoreFull:
    hint = "Make room there, or name a file on another disk; nothing was left behind."
    return StoreFull(f"The file {target} cannot be written: the disk is full.", hint)
