"""The filters of templates that are our own: durations, numbers, sizes, money and local times as people read them.

All filters have one manner: of what is absent they make the empty text, so that `or "unknown"` and `default` say what
stands instead; what is of the wrong kind is a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Undefined

from monitor.fields.duration import format_duration
from monitor.fields.window import known_zone
from monitor.rules.message.clean import one_line
from monitor.rules.message.facts import money
from monitor.rules.view import moment

_FORMAT: Final = 60
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_HUGE: Final = Decimal(10) ** 30
_LONGEST: Final = Decimal(10_000 * 366 * 86_400)


def duration(seconds: Any) -> str:
    """Seconds, or the difference of two times: `2 h 5 min`, `-40 s`. Raises ValueError for anything else."""
    if seconds is None or seconds == "":
        return ""
    found = _numeric("duration", seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    words = format_duration(float(abs(found))) if abs(found) < _LONGEST else "more than 10,000 years"
    return f"-{words}" if found <= -1 else words


def number(value: Any) -> str:
    """`1,234,567`, `-3`, `0.25`: two places, more only below 0.01. Raises ValueError for what is no number."""
    if value is None or value == "":
        return ""
    found = _numeric("number", value)
    if abs(found) >= _HUGE:
        return "very many"
    words = f"{found:,.{2 if abs(found) >= Decimal('0.01') else 6}f}".rstrip("0").rstrip(".")
    return "0" if words == "-0" else words


def cost(value: Any, currency: Any = None) -> str:
    """`37.04 CNY`. Raises ValueError for what is no amount."""
    if value is None or value == "":
        return ""
    unit = "" if currency is None or isinstance(currency, Undefined) else one_line(currency, 8)
    return money(_numeric("money", value), unit) or f"very many {unit}".strip()


def size(value: Any) -> str:
    """Bytes: `512 B`, `1.5 GiB`. Raises ValueError for what is no number."""
    if value is None or value == "":
        return ""
    left, unit = _numeric("size", value), 0
    while abs(left) >= 1024 and unit < len(_UNITS) - 1:
        left, unit = left / 1024, unit + 1
    if abs(left) >= _HUGE:
        return "very many"
    return f"{left:,.0f} {_UNITS[unit]}" if unit == 0 or abs(left) >= 100 else f"{left:.1f} {_UNITS[unit]}"


def local(value: Any, zone: str = "UTC", format: str | None = None) -> str:
    """A time where people live: `2026-01-31 20:45 +08:00`, or in their own format. Raises ValueError."""
    if value is None or value == "":
        return ""
    there = ZoneInfo(known_zone(str(zone)))
    if (when := moment(value)) is None:
        raise ValueError(f"local is for times, and this is none: {one_line(value, 40)!r}")
    try:
        when = when.astimezone(there)
    except OverflowError:
        raise ValueError(f"local cannot tell a time so far away: {one_line(value, 40)!r}") from None
    if format is not None:
        if not isinstance(format, str) or len(format) > _FORMAT:
            raise ValueError("the format of local is a short text like '%d.%m. %H:%M'")
        return when.strftime(format)
    offset = "UTC" if when.tzinfo is UTC or zone == "UTC" else f"{when:%z}"
    return f"{when:%Y-%m-%d %H:%M} " + (offset if offset == "UTC" else f"{offset[:3]}:{offset[3:5]}")


def default(value: Any, instead: Any = "", falsy: bool = False) -> Any:
    """Jinja's own minds only names that do not exist; here fields are absent, and their filters make the empty text."""
    missing = value is None or isinstance(value, Undefined) or (isinstance(value, str) and not value)
    return instead if missing or (falsy and not value) else value


def absent(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja's that takes what is absent for an empty text or map, as our own do."""
    if name in ("default", "d"):
        return default
    place = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        if len(args) > place and args[place] is None:
            if name in ("abs", "round"):
                return ""
            nothing: Any = {} if name in ("items", "dictsort") else ""
            args = (*args[:place], nothing, *args[place + 1 :])
        return function(*args, **kwargs)

    return run


def _numeric(name: str, value: Any) -> Decimal:
    """Texts that are numbers count, as labels are texts. Raises ValueError."""
    text = str(value)  # of a name that is unknown this raises, and says so
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal) or len(text) > 400:
            raise ValueError
        found = Decimal(text)
        if found.is_finite():
            return found
    except (InvalidOperation, ValueError):
        pass
    raise ValueError(f"{name} is for numbers, and this is none: {one_line(text, 40)!r}")


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "duration": duration,
    "number": number,
    "money": cost,
    "size": size,
    "local": local,
}
