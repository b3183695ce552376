"""Moments of a case as people write them: `2h` after its start, `08:00`, `sat 10:00`, or a whole date and time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from monitor.fields.duration import format_duration, parse_duration
from monitor.fields.window import DAYS

_CLOCK = re.compile(r"(?:(mon|tue|wed|thu|fri|sat|sun) )?([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_RIGHT = "write a time since the start like 0s or 2h, a time of day like 08:00 or sat 08:00, or a date and time"


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the three: seconds since the start; a time of day, and perhaps a weekday; a moment."""

    since_start: float | None = None
    clock: time | None = None
    day: str | None = None
    exact: datetime | None = None

    def of(self, start: datetime, after: datetime | None = None) -> datetime:
        """The moment itself. `start` bears the offset in which times of day are meant; they are the first that come at
        `after` (default: `start`) or later."""
        if self.exact is not None:
            exact = self.exact
            return exact if exact.tzinfo is not None else exact.replace(tzinfo=start.tzinfo)
        if self.clock is None:
            return start + timedelta(seconds=self.since_start or 0.0)
        begin = (after or start).astimezone(start.tzinfo)
        for days in range(len(DAYS) + 1):
            day = begin.date() + timedelta(days=days)
            found = datetime.combine(day, self.clock, start.tzinfo)
            if found >= begin and self.day in (None, DAYS[day.weekday()]):
                return found
        raise AssertionError


def moment(value: Any) -> Moment:
    """Raises ValueError that says what would be right."""
    text = str(value).strip().lower() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text == "0":
        return Moment(since_start=0.0)
    found = _CLOCK.fullmatch(text)
    if found is not None:
        return Moment(clock=time(int(found[2]), int(found[3]), int(found[4] or 0)), day=found[1])
    if _DATE.match(text):
        return Moment(exact=_exact(text))
    try:
        return Moment(since_start=parse_duration(text.removeprefix("+")))
    except ValueError:
        raise ValueError(f"is no moment; {_RIGHT}") from None


def beginning(value: Any) -> datetime:
    """When a case starts: a date and time; without an offset UTC. Raises ValueError."""
    text = value.strip() if isinstance(value, str) else ""
    if not _DATE.match(text):
        raise ValueError("expected a date and time, like 2026-01-05T09:00+08:00")
    found = _exact(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _exact(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError("is no date and time; write it like 2026-01-05T09:00+08:00") from None
    if not 1971 <= found.year <= 2999:
        raise ValueError("is out of all bounds; use a year from 1971 to 2999")
    return found


def shown(at: datetime, start: datetime) -> str:
    """`2 h (11:00)`: since the start, and by its clock; with the weekday where it is another day."""
    local = at.astimezone(start.tzinfo)
    clock = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    if local.date() != start.date():
        clock = f"{DAYS[local.weekday()]} {clock}"
    seconds = (at - start).total_seconds()
    passed = f"-{format_duration(-seconds)}" if seconds < 0 else format_exact(seconds)
    return f"{passed} ({clock})"


def format_exact(seconds: float) -> str:
    """`2h30s`: nothing is rounded away, for it is compared."""
    left, text = round(seconds), ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
