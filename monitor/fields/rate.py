"""Rates as people write them in the config file: `1/s`, `30/m`, `500/h`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"s": 1, "m": 60, "h": 3600}
_FORM = re.compile(r"([0-9]{1,9}) ?/ ?([smh])")
_SPOKEN = re.compile(r"([0-9]{1,9}) ?(?:/|per|a|an) ?(s|m|h)(?:ec|econd|in|inute|our|r)?", re.IGNORECASE)
_MOST = 1000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`count` in any `period` seconds."""

    count: int
    period: float


def parse_rate(value: Any) -> RateLimit:
    """Raises ValueError that says what would be right."""
    if isinstance(value, RateLimit):
        return value
    text = value.strip() if isinstance(value, str) else str(value)
    found = _FORM.fullmatch(text)
    if found is None:
        spoken = _SPOKEN.fullmatch(text)
        right = f"{spoken[1]}/{spoken[2].lower()}" if spoken else "how many in which time, like 1/s, 30/m or 500/h"
        raise ValueError(f"{text!r} is no rate; write {right}")
    rate = RateLimit(int(found[1]), float(_UNITS[found[2]]))
    if rate.count < 1:
        raise ValueError("a rate of 0 would send nothing; it is at least 1, as in 1/h")
    if rate.count > _MOST * rate.period:
        raise ValueError("more than 1000 a second is no limit; leave `rate` out")
    return rate


Rate = Annotated[
    RateLimit,
    BeforeValidator(parse_rate),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?/ ?[smh]$", "examples": ["1/s", "30/m", "500/h"]}),
]
"""A config field."""
