"""One daemon per SQLite file: an advisory lock on `<database>.lock` that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from monitor.store.copying import give_to_owner
from monitor.store.errors import StoreLocked, StoreUnavailable


class FileLock:
    """Held from making it until `release` or the end of the process, however it ends: a file that a dead process left
    is no obstacle. The file stays where it is, for removing it would let two processes lock two files of one name."""

    def __init__(self, database: Path) -> None:
        """Raises StoreLocked that names the holder's process, StoreUnavailable where no file may be made."""
        path = _beside(database)
        try:
            new = not path.exists()
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if new:
                give_to_owner(self._fd, path.parent)
        except OSError as error:
            raise StoreUnavailable(
                f"The lock file {path} cannot be made: {error.strerror}.",
                "Give the user that runs the program write access to the directory.",
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(self._fd)
            os.close(self._fd)
            raise StoreLocked(
                f"The database {database} is in use by {holder}.",
                "Stop that process first, or give this one another state directory.",
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def living_holder(database: Path) -> int | None:
    """The living process that wrote itself into the lock file, which itself is not tried: a daemon that starts at that
    moment would find it taken."""
    lock, number = _beside(database), 0
    try:
        text = lock.read_text("ascii", "replace").strip()
        number = int(text) if text.isdigit() else 0
        os.kill(number, 0) if number else None
    except PermissionError:
        return number if lock.exists() and number else None
    except (OSError, OverflowError):
        return None
    return number or None


def _beside(database: Path) -> Path:
    return database.with_name(database.name + ".lock")


def _holder(fd: int) -> str:
    text = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
    return f"the process {text}" if text.isdigit() else "another process"
