"""What the config file may say of a `file` sink."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from monitor.sinks.options import Obstacle, SinkOptions

_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?(kB|MB|GB)")
_UNITS = {"kB": 1000, "MB": 1000**2, "GB": 1000**3}
_MODE = re.compile(r"0?[0-7]{3}")
SMALLEST = 10_000


def _path(value: str) -> str:
    if not value.startswith("/") or value.endswith("/") or "\0" in value:
        raise ValueError("expected the whole path of a file, like /var/log/training-monitor/messages.jsonl")
    return value


def size_of(text: str) -> int:
    """Bytes of `500kB`, `100MB`, `2GB`. Raises ValueError that says what would be right."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("expected a size like 500kB, 100MB or 2GB")
    size = round(float(found[1]) * _UNITS[found[2]])
    if size < SMALLEST:
        raise ValueError("must be at least 10kB")
    return size


def _size(value: str) -> str:
    size_of(value)
    return value


def _mode(value: object) -> object:
    if not isinstance(value, str) or not _MODE.fullmatch(value):
        raise ValueError('expected a mode in quotation marks, like "0600" or "0640"')
    if int(value, 8) & 0o600 != 0o600:
        raise ValueError("must let the daemon itself read and write")
    return value


class Options(SinkOptions):
    type: Literal["file"]
    path: Annotated[str, AfterValidator(_path)]
    """The file, by its whole path. Its folder must be there, and be writable for the daemon."""
    max_size: Annotated[str, AfterValidator(_size)] = "100MB"
    """How large the file may grow, as `100MB`; then it becomes `<path>.1` and a new one begins."""
    keep: Annotated[int, Field(ge=1, le=1000)] = 5
    """How many files that are full are kept beside it: `<path>.1` is the newest."""
    mode: Annotated[str, BeforeValidator(_mode)] = "0600"
    """Who may read a file that is made, in quotation marks."""
    fsync: bool = True
    """Whether a message counts as delivered only when the disk has it: it then survives a power cut."""

    def obstacle(self) -> Obstacle | None:
        folder = self.file.parent
        try:
            if not folder.is_dir():
                return Obstacle(f"there is no directory {folder}", f"mkdir -p {shlex.quote(str(folder))}")
            if self.file.exists() and not self.file.is_file():
                return Obstacle(f"{self.path} is no file", "Name another `path`.")
        except PermissionError:
            pass
        else:
            if os.access(self.file if self.file.exists() else folder, os.W_OK, effective_ids=True):
                return None
        return Obstacle(f"this user may not write {self.path}", "Look as the user that runs the daemon.", sure=False)

    @property
    def stays_here(self) -> bool:
        return True

    @property
    def file(self) -> Path:
        return Path(self.path)
