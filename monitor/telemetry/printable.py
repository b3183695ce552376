"""Makes foreign text safe for a terminal: no escape sequence, no hidden direction change, no line of its own."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"
"""Part of words and emoji; they change nothing else."""


def printable(text: str, *, lines: bool = False) -> str:
    """`text` with control, format and unassignable characters shown as escapes (`\\x1b`). `lines` keeps line breaks."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_safe(char, lines) for char in text)


def _safe(char: str, lines: bool) -> str:
    if char == "\n" and lines:
        return char
    if char in "\n\t\r":
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _JOINERS:
        return char.encode("unicode_escape", "backslashreplace").decode()
    return char
