"""Turns a full file over: `<path>` becomes `<path>.1`, that becomes `<path>.2`, and the oldest goes."""

from __future__ import annotations

import os
from pathlib import Path


def turn_over(path: Path, keep: int) -> None:
    """Renames only, from the oldest on; a crash between two of them leaves a gap, which the next time fills, so no file
    is lost to it. Raises OSError."""
    free = next((number for number in range(1, keep) if not _numbered(path, number).exists()), keep)
    for number in range(free, 1, -1):
        os.replace(_numbered(path, number - 1), _numbered(path, number))
    os.replace(path, _numbered(path, 1))


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
