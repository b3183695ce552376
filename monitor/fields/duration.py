"""Durations as people write them in the config file (`30s 5m 2h 1d`) and read them in messages (`2 h 5 min`)."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from monitor.fields.spoken import spoken_duration

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TEXT = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd])")
_WHOLE = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[smhd])+")
_LONGEST = 3653 * 86400
"""Ten years in seconds: more is a slip, and far more is no time that a computer knows."""


def parse_duration(text: str) -> float:
    """Seconds of `90s`, `1h30m`, `1d`, at most ten years. Raises ValueError that says what would be right."""
    if not isinstance(text, str) or not _WHOLE.fullmatch(text.strip()):
        right = spoken_duration(text) or "a number and a unit, like 30s, 5m, 2h or 1d"
        raise ValueError(f"{text!r} is no duration; write {right}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _TEXT.findall(text))
    if seconds > _LONGEST:
        raise ValueError("longer than ten years")
    return seconds


def _interval(value: Any) -> float:
    seconds = parse_duration(value)
    if seconds < 1:
        raise ValueError("shorter than 1s; no interval may be shorter than one second")
    return seconds


_FORM = WithJsonSchema(
    {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?[smhd])+$", "examples": ["30s", "5m", "2h", "1d"]}
)
Duration = Annotated[float, BeforeValidator(_interval), _FORM]
"""A config field of at least one second; the value is seconds."""
Pause = Annotated[float, BeforeValidator(parse_duration), _FORM]
"""A config field that may be `0s`: not at all."""


def format_duration(seconds: float) -> str:
    """At most two units, rounded down to what a person cares for: `45 s`, `12 min 5 s`, `3 h 20 min`, `2 d 4 h`."""
    left = int(max(0.0, seconds))
    parts: list[str] = []
    for size, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"
