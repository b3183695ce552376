"""The filters of templates that are our own: durations, numbers, sizes, money and local times as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.fields.duration import format_duration
from monitor.fields.window import known_zone
from monitor.rules.message.clean import one_line
from monitor.rules.message.facts import money, thousands
from monitor.rules.view import moment

_ABSENT: Final = "unknown"
_FORMAT: Final = 60
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def duration(seconds: Any) -> str:
    return _ABSENT if seconds is None else format_duration(seconds)


def number(value: Any) -> str:
    return _ABSENT if value is None else thousands(value)


def cost(value: Any, currency: str | None = None) -> str:
    return money(value, currency or "") or _ABSENT


def size(value: Any) -> str:
    """Bytes: `512 B`, `1.5 GiB`. Raises ValueError for what is no number."""
    if value is None:
        return _ABSENT
    left, unit = float(value), 0
    while abs(left) >= 1024 and unit < len(_UNITS) - 1:
        left, unit = left / 1024, unit + 1
    return f"{left:.0f} {_UNITS[unit]}" if unit == 0 or abs(left) >= 100 else f"{left:.1f} {_UNITS[unit]}"


def local(value: Any, zone: str = "UTC", format: str | None = None) -> str:
    """A time where people live: `2026-01-31 20:45 +08:00`, or in their own format. Raises ValueError."""
    if value is None:
        return _ABSENT
    if (when := moment(value)) is None:
        raise ValueError(f"local() is for times, and this is none: {one_line(value, 40)!r}")
    there = when.astimezone(ZoneInfo(known_zone(str(zone))))
    if format is not None:
        if not isinstance(format, str) or len(format) > _FORMAT:
            raise ValueError("the format of local() is a short text like '%d.%m. %H:%M'")
        return there.strftime(format)
    offset = "UTC" if there.tzinfo is UTC or zone == "UTC" else f"{there:%z}"
    return f"{there:%Y-%m-%d %H:%M} " + (offset if offset == "UTC" else f"{offset[:3]}:{offset[3:5]}")


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "duration": duration,
    "number": number,
    "money": cost,
    "size": size,
    "local": local,
}
