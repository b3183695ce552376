"""What was probably meant by a text that is no duration, time of day or weekday, as the config file would write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)(?:\s*(?:,|and)?\s*)")
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}
_TIME = re.compile(r"(?<![0-9])([0-9]|[01][0-9]|2[0-4])[:.]([0-5][0-9])(?![0-9])")
_DAY = re.compile(r"(?<![a-z])(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s*(-?)")
_LONGEST = 60
"""Characters within which it is tried to make out what was meant."""


def spoken_duration(text: Any) -> str | None:
    """`2h30m` for `2h 30m` or `2 hours and 30 min`; None where it is not plain what was meant."""
    text = text.strip() if isinstance(text, str) and len(text) <= _LONGEST else ""
    parts, end = [], 0
    while (found := _PART.match(text, end)) is not None:
        unit = _UNITS.get(found[2].lower()) if found[2] != "M" else None  # which may be months
        if unit is None:
            return None
        parts.append(found[1] + unit)
        end = found.end()
    return "".join(parts) if parts and end == len(text) else None


def spoken_times(value: Any) -> list[str]:
    """The times of day in a text, in quotes; a whole number is an hour."""
    text = f"{value}:00" if type(value) is int else value if isinstance(value, str) else ""
    return [f'"{hour:0>2}:{minute}"' for hour, minute in _TIME.findall(text[:_LONGEST])]


def spoken_days(text: str, week: Sequence[str]) -> list[str]:
    """The weekdays in a text; `mon-fri` are five."""
    days: list[str] = []
    until = False
    for day, dash in _DAY.findall(text[:_LONGEST].lower()):
        place = week.index(day)
        steps = (place - week.index(days[-1])) % len(week) if until else 1
        days += [week[place - back] for back in reversed(range(steps))]
        until = bool(dash)
    return list(dict.fromkeys(days))
