"""Writes results: tables and pages for people, JSON for programs; colours on a terminal only."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from monitor.cli.options import Output
from monitor.cli.table import Column, table, wrapped

STATE_COLOURS = {
    "running": "36",
    "succeeded": "32",
    "failed": "31",
    "canceled": "33",
    "stopping": "33",
    "queued": "35",
    "pending": "35",
    "normal": "32",
    "soldout": "31",
    "delivered": "32",
    "refused": "31",
    "dead": "31",
    "dropped": "33",
    "failing": "33",
    "open": "31",
    "warning": "33",
    "critical": "31",
}

_ACTIVE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""DEL, C1 controls, line separators, direction marks, lone surrogates."""


def width() -> int:
    """Cells of a line: the terminal's, or COLUMNS; a pipe gets whole rows, for grep and awk."""
    if not chart():
        return 10_000
    return max(20, shutil.get_terminal_size((80, 24)).columns)


def chart() -> bool:
    """Whether bars are drawn: for people, not in pipes."""
    return sys.stdout.isatty() or bool(os.environ.get("COLUMNS"))


def plain() -> bool:
    """Whether only ASCII can be shown, by stdout's encoding or the locale. A locale that is not set says nothing: so it
    is in containers, and their terminals mostly know UTF-8."""
    try:
        "█…".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return True
    if os.environ.get("PYTHONUTF8") == "1" or os.environ.get("PYTHONIOENCODING"):
        return False
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in names if name), "utf-8")
    return re.search(r"utf-?8", locale, re.IGNORECASE) is None


def colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def line(text: str = "") -> None:
    """One line on stdout, whatever characters its encoding and the locale have."""
    encoding = "ascii" if plain() else sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def rows(columns: Sequence[Column], cells: Sequence[Sequence[str]], empty: str) -> None:
    """A table, or the sentence `empty` where there is nothing in it."""
    if not cells:
        line(empty)
    else:
        for each in table(columns, cells, width=width(), colours=colours(), plain=plain()):
            line(each)


def documents(output: Output, items: Iterable[Mapping[str, Any]]) -> None:
    """`json`: one array; `jsonl`: one object per line. Nothing in it may be secret."""
    if output is Output.JSONL:
        for item in items:
            line(compact(item))
    else:
        line(_json(list(items), indent=2))


def document(output: Output, item: Mapping[str, Any]) -> None:
    line(compact(item) if output is Output.JSONL else _json(item, indent=2))


def compact(item: Mapping[str, Any]) -> str:
    return _json(item, separators=(",", ":"))


def _json(value: Any, **form: Any) -> str:
    """JSON that a terminal does not act upon: what `json` leaves raw of control characters is escaped as well."""
    text = json.dumps(value, ensure_ascii=plain(), default=str, **form)
    return _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def page(facts: Iterable[tuple[str, Any]]) -> None:
    """`name  value` lines for one thing; what is absent is left out, what is long goes on below itself."""
    shown = [(name, "" if value is None else _text(str(value))) for name, value in facts]
    shown = [(name, value) for name, value in shown if value]
    room, longest = width(), max((cell_len(name) for name, _ in shown), default=0)
    margin = min(longest + 2, max(2, room // 2))
    for name, value in shown:
        beside = cell_len(name) < margin
        if not beside:  # the name takes a line of its own
            line(name)
        for number, part in enumerate(wrapped(value, room - margin)):
            head = name + " " * (margin - cell_len(name)) if number == 0 and beside else " " * margin
            line((head + painted(part)).rstrip())


def block(text: str) -> None:
    """Text of several lines, wrapped."""
    for part in wrapped(_text(text), min(width(), 100)):
        line(part)


def _text(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode() if plain() else text


def painted(word: str) -> str:
    """A state or stock word in its colour, on a terminal."""
    code = state_colour(word) if colours() else None
    return f"\x1b[{code}m{word}\x1b[0m" if code else word


def state_colour(word: str) -> str | None:
    return STATE_COLOURS.get(word.strip())
