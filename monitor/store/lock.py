"""One daemon per SQLite file: an advisory lock on `<database>.lock` that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from monitor.store.copying import give_to_owner
from monitor.store.errors import StoreLocked, StoreUnavailable


@dataclass(frozen=True, slots=True)
class Holder:
    """A living process that wrote itself into the lock file. `file`: the inode of the database that it has open; None:
    it has not said so."""

    pid: int
    file: int | None = None


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

    def opened(self, database: Path) -> None:
        """Notes which file it is: who finds another one under that name leaves it alone."""
        os.pwrite(self._fd, f"{os.getpid()}\n{database.stat().st_ino}\n".encode(), 0)

    def release(self) -> None:
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def living_holder(database: Path) -> Holder | None:
    """Whoever wrote itself into the lock file, which itself is not tried: a daemon that starts at that moment would
    find it taken."""
    lock, holder = _beside(database), None
    try:
        holder = _read(lock.read_text("ascii", "replace"))
        os.kill(holder.pid, 0) if holder else None
    except PermissionError:
        return holder if lock.exists() else None
    except (OSError, OverflowError):
        return None
    return holder


def _read(text: str) -> Holder | None:
    pid, _, file = text.strip().partition("\n")
    if not pid.isdigit() or int(pid) == 0:
        return None
    return Holder(int(pid), int(file) if file.isdigit() else None)


def _beside(database: Path) -> Path:
    return database.with_name(database.name + ".lock")


def _holder(fd: int) -> str:
    holder = _read(os.pread(fd, 64, 0).decode("ascii", "replace"))
    return f"the process {holder.pid}" if holder else "another process"
