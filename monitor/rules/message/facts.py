"""What stories are made of: values of an event's data as people read them. Whatever is absent or odd becomes ""."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from monitor.fields.duration import format_duration
from monitor.rules.message.clean import one_line
from monitor.rules.view import moment

NAME = 48
MODEL = 40
REASON = 300


class Facts:
    """One mapping of an event's data (`job`, `flavor` …), read with care: the data may be of another version."""

    __slots__ = ("_data",)

    def __init__(self, data: object) -> None:
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}

    def __contains__(self, key: str) -> bool:
        return self._data.get(key) is not None

    def part(self, key: str) -> Facts:
        return Facts(self._data.get(key))

    def keys(self) -> list[str]:
        return [str(key) for key in self._data]

    def raw(self, key: str) -> Any:
        return self._data.get(key)

    def text(self, key: str, limit: int = NAME) -> str:
        value = self._data.get(key)
        return "" if value is None or isinstance(value, Mapping | list) else one_line(value, limit)

    def seconds(self, key: str) -> float | None:
        value = self._data.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
            return None
        return float(value)

    def span(self, key: str) -> str:
        """`42 min`; "" below a second too, which says nothing to a person."""
        seconds = self.seconds(key)
        return "" if seconds is None or seconds < 1 else format_duration(seconds)

    def number(self, key: str) -> str:
        value = self._data.get(key)
        return thousands(value) if isinstance(value, int) and not isinstance(value, bool) else ""

    def moment(self, key: str) -> datetime | None:
        return moment(self._data.get(key))

    def money(self, key: str, currency: str = "currency") -> str:
        return money(self._data.get(key), self.text(currency, 8))


def thousands(value: int) -> str:
    return f"{value:,}" if abs(value) < 10**30 else "very many"


def amount(value: object) -> Decimal | None:
    """Money travels as text where it must stay exact; None for what is no amount."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        found = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() and abs(found) < 10**15 else None


def money(value: object, currency: str) -> str:
    """`37.04 CNY`; two places, more only where the amount is smaller than a cent. "" for what is no amount."""
    found = amount(value)
    if found is None:
        return ""
    places = 2 if found == 0 or abs(found) >= Decimal("0.01") else 6
    return f"{found:,.{places}f} {currency}".strip()


def clock(when: datetime) -> str:
    """`2026-11-21 12:03 UTC`."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def stretch(start: datetime | None, end: datetime | None) -> str:
    """`2026-11-21 12:03 to 12:45 UTC`; one end alone where the other is not known."""
    if start is None or end is None:
        only = start or end
        return clock(only) if only is not None else ""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if f"{start:%Y-%m-%d %H:%M}" == f"{end:%Y-%m-%d %H:%M}":
        return clock(start)
    last = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {last} UTC"


def counted(number: int, one: str, many: str | None = None) -> str:
    return f"{thousands(number)} {one if number == 1 else many or one + 's'}"


def joined(*parts: str, by: str = " · ") -> str:
    return by.join(part for part in parts if part)
