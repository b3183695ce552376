"""An event as the variables of rules: typed values under the names of the schema. Never raises, whatever the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.model import Event
from monitor.rules.schema import ERROR_FIELDS, VARIABLES, Kind

View = Mapping[str, Any]

_INT64 = 2**63
_BESIDE = ("outcome", "attempt", "duration", "error")
"""Fields of a job that stand beside it in the event's data where it has none itself."""
_SPAN_LIMIT = 10_000 * 365.25 * 86400
"""Protobuf durations end at some 10,000 years."""


def view(event: Event, now: datetime | None = None, only: Mapping[str, Mapping[str, Kind]] = VARIABLES) -> View:
    """Every variable by name; an absent one, and an absent field, is None. Times are aware datetimes, spans seconds.
    `now`: the moment that the rules look at it; left out: that of its detection. `only`: the variables and fields that
    are wanted."""
    data = event.data
    result: dict[str, Any] = {name: _message(kinds, data.get(name)) for name, kinds in only.items() if name != "event"}
    result["event"] = _event(event)
    job = result.get("job")
    if job is not None:
        for name in _BESIDE:
            if name in job and job[name] is None:
                job[name] = _CONVERT[VARIABLES["job"][name]](data.get(name))
    result["now"] = now or event.detected_at
    result["severity"] = event.severity.value
    return result


def _event(event: Event) -> dict[str, Any]:
    return {
        "type": event.type.value,
        "subject": event.subject,
        "id": event.id,
        "time": event.time,
        "late": event.late,
        "seq": event.seq,
    }


def value_of(event: Event, path: tuple[str, ...]) -> Any:
    """One of the view's values, `severity`, a field or a map's key; None where it is absent."""
    if len(path) == 1:
        return event.severity.value if path[0] == "severity" else None
    name, field = path[:2]
    if name == "event":
        return _event(event)[field]
    holder = event.data.get(name)
    if type(holder) is not dict and not isinstance(holder, Mapping):
        return None
    convert = _READ[name][field]
    value = convert(holder.get(field))
    if value is None and name == "job" and field in _BESIDE:
        value = convert(event.data.get(field))
    return value.get(path[2]) if len(path) > 2 and isinstance(value, Mapping) else value


def _message(kinds: Mapping[str, Kind], value: object) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    return {field: _CONVERT[kind](value.get(field)) for field, kind in kinds.items()}


def _text(value: object) -> str | None:
    """Lone surrogates become a question mark: they are text in JSON and in no encoding."""
    if not isinstance(value, str):
        return None
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and -_INT64 <= value < _INT64 else None


def _number(value: object) -> float | None:
    """Decimals travel as text where they must stay exact."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """An aware time of an ISO text or a datetime; None for anything else, a naive one among it."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime) or value.utcoffset() is None:
        return None
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def _span(value: object) -> float | None:
    seconds = _number(value)
    return seconds if seconds is not None and abs(seconds) < _SPAN_LIMIT else None


def _map(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {_text(str(key)) or "": _word(item) for key, item in value.items() if item is not None}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(str(value)) or ""


def _error(value: object) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    found = {field: _text(value.get(field)) for field in ERROR_FIELDS}
    return found if any(found.values()) else None


_CONVERT: Mapping[Kind, Callable[[object], Any]] = {
    Kind.TEXT: _text,
    Kind.WHOLE: _whole,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.TIME: moment,
    Kind.SPAN: _span,
    Kind.MAP: _map,
    Kind.ERROR: _error,
}
_READ: Mapping[str, Mapping[str, Callable[[object], Any]]] = {
    name: {field: _CONVERT[kind] for field, kind in kinds.items()} for name, kinds in VARIABLES.items()
}
