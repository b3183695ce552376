"""CSV for spreadsheets (RFC 4180, UTF-8), in which foreign text is never taken for a formula."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With these a spreadsheet's formula begins, or what it strips before one."""


def write(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, foreign: Collection[str]) -> None:
    """A head and a line per row on stdout. `foreign`: columns whose text comes from outside."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(columns)
    for row in rows:
        lines.writerow([cell(row.get(column), foreign=column in foreign) for column in columns])
    sys.stdout.flush()
    sys.stdout.buffer.write(text.getvalue().encode("utf-8", "backslashreplace"))


def cell(value: object, *, foreign: bool) -> str:
    """What is absent is empty; what would be a formula gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if foreign and text.startswith(FORMULA) else text
