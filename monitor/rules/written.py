"""Options of rules as they would stand in the config file: what is set and no default, durations with their units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from enum import Enum
from typing import Any

from pydantic import BaseModel

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def written(options: BaseModel) -> dict[str, Any]:
    """JSON-ready. The model reads the same from it again. Rules, people and the net hold no secrets."""
    found = {}
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        if field.is_required() or value != field.get_default(call_default_factory=True, validated_data={}):
            found[field.alias or name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return written(value)
    if isinstance(value, float):  # all of them are durations
        return span(value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def span(seconds: float) -> str:
    """`1h30m`; what is no whole number of seconds is written in seconds."""
    if seconds != int(seconds):
        return f"{seconds:g}s"
    left, text = int(seconds), ""
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
