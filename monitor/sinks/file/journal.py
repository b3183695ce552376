"""The file of a `file` sink: whole lines only, whatever happens between two of them. Blocks; one thread at a time."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from monitor.sinks.file.rotation import turn_over
from monitor.sinks.file.tail import mend

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK


class Journal:
    """Holds the file open. Who moves it away (logrotate) or cuts it (copytruncate) need not say so: each line looks
    whether the path still leads here. Writers in several processes take turns by a lock on the file."""

    def __init__(self, path: Path, *, max_size: int, keep: int, mode: int, fsync: bool) -> None:
        self._path = path
        self._max_size = max_size
        self._keep = keep
        self._mode = mode
        self._fsync = fsync
        self._file: int | None = None

    def append(self, line: bytes) -> None:
        """`line` ends with a newline and holds no other. Raises OSError; nothing of it is in the file then, or will be
        taken out before the next one is written."""
        file = self._locked()
        try:
            size = mend(file, os.fstat(file).st_size)
            if size and size + len(line) > self._max_size:
                turn_over(self._path, self._keep)
                self.close()
                file = self._locked()
                size = mend(file, os.fstat(file).st_size)
            self._write(file, line, size)
        finally:
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """May be called twice. The lock goes with it."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _locked(self) -> int:
        """The file that the path leads to, locked; made where there is none."""
        while True:
            if self._file is None:
                self._file = self._open()
            fcntl.flock(self._file, fcntl.LOCK_EX)
            if self._is_there(self._file):
                return self._file
            self.close()

    def _open(self) -> int:
        try:
            file = os.open(self._path, _FLAGS)
        except FileNotFoundError:
            return self._make()
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise OSError("it is no file")
        return file

    def _make(self) -> int:
        try:
            file = os.open(self._path, _FLAGS | os.O_CREAT | os.O_EXCL, self._mode)
        except FileExistsError:
            return os.open(self._path, _FLAGS)
        os.fchmod(file, self._mode)  # the umask may have taken some of it
        if self._fsync:
            _sync_folder(self._path.parent)
        return file

    def _is_there(self, file: int) -> bool:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return False
        held = os.fstat(file)
        return (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino)

    def _write(self, file: int, line: bytes, size: int) -> None:
        """In one call. What a full disk took only a part of is taken out again."""
        try:
            written = os.write(file, line)
            if written < len(line):
                raise OSError(f"only {written} of {len(line)} bytes were taken; the disk is full")
            if self._fsync:
                os.fsync(file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(file, size)
            self.close()  # a descriptor whose sync failed once may never tell of it again
            raise


def _sync_folder(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(held)
    finally:
        os.close(held)
