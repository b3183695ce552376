"""The end of the file of a `file` sink, put right before the next line: a crash may have left half a line there."""

from __future__ import annotations

import os

OURS = b'{"delivery":'
"""How each line of ours begins; half of one is known by it."""
_BLOCK = 65_536
_FARTHEST = 64 * 1024 * 1024
"""Bytes from the end in which the begin of a torn line is looked for."""


def mend(file: int, size: int) -> int:
    """Leaves the file with a newline at its end, or empty; gives its size. Half a line of ours is taken out: its
    message was never reported as written, so it comes again. Whatever else stands there is only ended by a newline."""
    if not size or os.pread(file, 1, size - 1) == b"\n":
        return size
    start = _line_start(file, size)
    if start is not None and _is_ours(os.pread(file, len(OURS), start)):
        os.ftruncate(file, start)
        return start
    os.write(file, b"\n")
    return os.fstat(file).st_size


def _is_ours(begin: bytes) -> bool:
    return begin.startswith(OURS) or OURS.startswith(begin)


def _line_start(file: int, size: int) -> int | None:
    end = size
    while end > 0 and size - end < _FARTHEST:
        begin = max(0, end - _BLOCK)
        found = os.pread(file, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0 if end == 0 else None
