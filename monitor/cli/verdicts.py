"""One line per thing that was looked at: its state in a word, what was seen, and the remedy below it."""

from __future__ import annotations

from monitor.cli import out
from monitor.cli.table import wrapped

_COLOURS = {"ok": "32", "works": "32", "warning": "33", "partly": "33", "skipped": "2", "failed": "31", "refused": "31"}
MARGIN = 9
"""Cells that the state's word takes, with the gap behind it."""


def told(state: str, text: str, *remedies: str) -> None:
    """`text` behind `state`, folded below itself where it does not fit; each remedy on lines of its own."""
    width = max(12, out.width() - MARGIN)
    word = state.ljust(MARGIN)
    for number, line in enumerate(wrapped(text, width)):
        out.line(((painted(word) if number == 0 else " " * MARGIN) + line).rstrip())
    for remedy in remedies:
        for number, line in enumerate(wrapped(remedy, width - 2) if remedy else ()):
            out.line((" " * MARGIN + ("> " if number == 0 else "  ") + line).rstrip())


def titled(text: str) -> None:
    """A heading, folded where it is too long."""
    for line in wrapped(text, out.width()):
        out.line(f"\x1b[1m{line}\x1b[0m" if out.colours() else line)


def painted(word: str) -> str:
    code = _COLOURS.get(word.strip()) if out.colours() else None
    return f"\x1b[{code}m{word}\x1b[0m" if code else word
