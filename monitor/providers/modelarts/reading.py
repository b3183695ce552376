"""Reads single values out of the platform's JSON: absent, zero, odd types and unknown names each in one place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from monitor.providers.ports import Drift, Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 1e11
"""Epoch figures from here on are milliseconds (in seconds it would be the year 5138, in milliseconds 1973)."""
_LAST_MOMENT = 2.5e11
"""Epoch seconds; the year 9892. What is beyond is no time."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MOST_DRIFT = 20

Section = Mapping[str, Any]


def decode(raw: bytes, what: str) -> Section:
    """The JSON object in `raw`. Raises Malformed."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed(f"a {what} is no JSON") from None
    if not isinstance(found, dict):
        raise Malformed(f"a {what} is no JSON object")
    return found


def plain(text: str, limit: int) -> str:
    """`text` on one line of at most `limit` characters, without control characters and lone surrogates."""
    line = _CONTROL.sub(" ", text[: 4 * limit]).encode("utf-8", "replace").decode().strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


class Reader:
    """Reads one item and notes what is unknown in it. Absent, null and "" are None; so is a zero where one counts."""

    def __init__(self) -> None:
        self._drift: dict[tuple[str, str], None] = {}

    @property
    def drift(self) -> tuple[Drift, ...]:
        return tuple(Drift(kind=kind, word=word) for kind, word in self._drift)

    def note(self, kind: str, word: str) -> None:
        """At most 20 per item, each bounded; names and words only, never a value of an unknown field."""
        if len(self._drift) < _MOST_DRIFT:
            self._drift[kind, plain(word, 80)] = None

    def unknown_names(self, section: Section, path: str, known: frozenset[str]) -> None:
        for name in section:
            if name not in known:
                self.note("field", f"{path}.{plain(name, 60)}" if path else plain(name, 60))

    def section(self, parent: Section, key: str, path: str) -> Section:
        """The object under `key`; empty where it is absent or no object (which is noted)."""
        found = parent.get(key)
        if isinstance(found, dict):
            return found
        if found is not None and found != "":
            self.note("type", path)
        return {}

    def rows(self, parent: Section, key: str, path: str) -> list[Section]:
        """The objects of the list under `key`; what is none is left out and noted."""
        found = parent.get(key)
        if not isinstance(found, list):
            if found is not None and found != "":
                self.note("type", path)
            return []
        rows: list[Section] = [row for row in found if isinstance(row, dict)]
        if len(rows) != len(found):
            self.note("type", path)
        return rows

    def text(self, section: Section, key: str, path: str, limit: int = 200) -> str | None:
        found = section.get(key)
        if isinstance(found, str):
            return plain(found, limit) or None
        if isinstance(found, int | float) and not isinstance(found, bool):
            return plain(str(found), limit) if abs(found) < 1e18 else None
        if found is not None:
            self.note("type", path)
        return None

    def number(self, section: Section, key: str, path: str) -> float | None:
        """A finite number or its text."""
        found = section.get(key)
        value = number(found)
        if value is None and found is not None and found != "":
            self.note("type", path)
        return value

    def count(self, section: Section, key: str, path: str) -> int | None:
        """A whole number from 1 on; 0 and less stand for absent."""
        value = self.number(section, key, path)
        return int(value) if value is not None and 1 <= value < 1e15 else None

    def moment(self, section: Section, key: str, path: str) -> datetime | None:
        """An epoch figure, in milliseconds or seconds by its size, as aware UTC; 0 stands for "not yet"."""
        value = self.number(section, key, path)
        if value is None or value <= 0:
            return None
        seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
        if seconds > _LAST_MOMENT:
            self.note("type", path)
            return None
        # By integers of milliseconds: a float of seconds is a microsecond off now and then.
        return _EPOCH + timedelta(milliseconds=round(seconds * 1000))


def number(found: object) -> float | None:
    """A finite number or the text of one, else None. True and false are no numbers."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    if isinstance(found, str) and not re.fullmatch(r"\s*[+-]?\d{1,18}(\.\d{0,18})?\s*", found, re.ASCII):
        return None
    try:
        value = float(found)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def whole(value: float) -> int | float:
    """The same number, as an int where it is one: `8.0`, `8` and `"8"` must compare equal and look equal."""
    return int(value) if value == int(value) else value
