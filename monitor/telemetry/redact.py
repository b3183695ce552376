"""Takes out of log lines what must never leave: secrets by their type, by their field's name, by their looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from monitor.fields import Secret
from monitor.fields.scrub import HIDDEN, hide

_FIELD = re.compile(r"(?i)(secret|token|passw|pwd|api_?key|access_?key|authorization|signature|credential|cookie)")
_NOT_A_FIELD = frozenset({"tokens", "max_tokens"})
"""Counts of training tokens."""


def redact_text(text: str) -> str:
    """URLs lose user and query; keys, tokens and named secrets become `***`."""
    return hide(text)


def redact(value: Any, name: str = "", depth: int = 0) -> Any:
    """A copy of `value` that may be written; `name` is the field that it stands in."""
    if isinstance(value, Secret) or depth > 8:
        return HIDDEN
    if value is not None and name not in _NOT_A_FIELD and _FIELD.search(name) and not isinstance(value, bool | int):
        return HIDDEN
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {redact_text(str(key)): redact(item, str(key), depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, name, depth + 1) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)  # JSON has no word for it
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(str(value))


def redact_line(logger: Any, method: str, line: Mapping[str, Any]) -> dict[str, Any]:
    """A structlog processor: the last one before the line is written."""
    return {key: redact(value, key) for key, value in line.items()}
