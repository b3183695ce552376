"""Reads the fields of one job object one by one, so that a strange one is named and harms no other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec

from monitor.providers.model_studio.scrub import clean
from monitor.providers.ports import Drift

_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[ Tt](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?\s?(Z|z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_LARGEST = 2**63 - 1
"""What the store can hold."""
_MOST = 20
"""Drift told of one job; a platform that changes everything at once is told all the same."""
_UNREADABLE = object()


class Fields:
    """The slices of one job object by name. Every read marks its name as known; null and absent are the same None."""

    def __init__(self, slices: Mapping[str, msgspec.Raw], zone: tzinfo) -> None:
        self._slices = slices
        self._zone = zone
        self._known: set[str] = set()
        self._drift: list[Drift] = []

    def text(self, name: str, limit: int = 500) -> str | None:
        """A text on one line, a number as its digits; None where it is empty or of another type."""
        value = self._value(name)
        if isinstance(value, str):
            return clean(value, limit) or None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)[:limit]
        self._strange(name, value)
        return None

    def count(self, name: str, inside: str | None = None) -> int | None:
        """A whole number that is not negative, in a string too; None where it is not one.

        Where the field is an object, its member `inside` is taken.
        """
        value = self._value(name)
        if inside is not None and isinstance(value, dict):
            value = value.get(inside, _UNREADABLE)
        if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,19}(\.0+)?\s*", value):
            value = int(value.partition(".")[0])
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST:
            return value
        if value != "":
            self._strange(name, value)
        return None

    def time(self, name: str) -> datetime | None:
        """`2026-11-20 15:30:04`, with `T`, fraction and offset where it has them; without one in the account's zone."""
        value = self._value(name)
        if isinstance(value, str):
            if not value.strip():
                return None
            moment = _moment(value.strip(), self._zone)
            if moment is not None:
                return moment
            value = _UNREADABLE
        self._strange(name, value)
        return None

    def note(self, kind: str, word: str) -> None:
        """Names something unknown, once."""
        drift = Drift(kind=kind, word=clean(word, 80))
        if drift not in self._drift and len(self._drift) < _MOST:
            self._drift.append(drift)

    def drift(self, known: Iterable[str]) -> tuple[Drift, ...]:
        """What was unknown: what was noted, and the names of the fields that nobody read and that are not `known`."""
        for name in sorted(self._slices.keys() - self._known - set(known)):
            self.note("field", name)
        return tuple(self._drift)

    def _value(self, name: str) -> Any:
        self._known.add(name)
        raw = self._slices.get(name)
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _UNREADABLE

    def _strange(self, name: str, value: Any) -> None:
        if value is not None:
            self.note("type", name)


def _moment(text: str, zone: tzinfo) -> datetime | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    *parts, fraction, offset = match.groups()
    try:
        year, month, day, hour, minute, second = map(int, parts)
        micro = int((fraction or "0")[:6].ljust(6, "0"))
        tz = _offset(offset) if offset else zone
        return datetime(year, month, day, hour, minute, second, micro, tzinfo=tz).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> tzinfo:
    return datetime.strptime(text.upper().replace("Z", "+0000"), "%z").tzinfo or UTC
