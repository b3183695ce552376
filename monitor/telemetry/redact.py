"""Takes out of log lines what must never leave: secrets by their type, by their field's name, by their looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from monitor.fields import Secret

HIDDEN = "***"
_FIELD = re.compile(r"(?i)(secret|token|passw|pwd|api_?key|access_?key|authorization|signature|credential|cookie)")
_NOT_A_FIELD = frozenset({"tokens", "max_tokens"})
"""Counts of training tokens."""
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)(?:[^\s/@\"'<>]+@)?([^\s?#\"'<>]*)(?:[?#][^\s\"'<>]*)?")
_BEARER = re.compile(r"(?i)\b(bearer|basic|sdk-hmac-sha256)\s+[^\s,;\"']+[^\n\"']*")
_NAMED = re.compile(
    r"(?i)((?:secret|token|passw(?:or)?d|pwd|api[_-]?key|access[_-]?key|signature|credential)[\w-]{0,12}[\"']?\s*[=:]\s*)"
    r"(?!\d{1,12}\b)(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"'}]+)"
)
_KEY = re.compile(
    r"\b(?:sk-[\w-]{8,}|LTAI\w{8,}|STS\.\w{8,}|AKIA\w{8,}|whsec_[\w+/=-]{8,}|xox[abp]-[\w-]{8,}|gh[po]_\w{16,}"
    r"|eyJ[\w-]{8,}\.[\w.-]+)"
)


def redact_text(text: str) -> str:
    """URLs lose user and query; keys, tokens and named secrets become `***`."""
    text = _URL.sub(r"\1\2", text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _KEY.sub(HIDDEN, text)


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
