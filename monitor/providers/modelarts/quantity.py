"""Sizes as the catalogues write them (`32`, `"32Gi"`, `{"size": 8, "unit": "GB"}`), as one number of GB each.

The vendor writes GB, GiB, Gi and nothing at all for the same thing; told apart, a change of spelling would be news.
"""

from __future__ import annotations

import re

from monitor.providers.modelarts.reading import Section, number, plain, whole

_GIGABYTES = {
    "": 1.0,
    "k": 1 / 1024**2,
    "m": 1 / 1024,
    "g": 1.0,
    "t": 1024.0,
}
_SIZE = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([kmgt]?)i?b?\s*", re.IGNORECASE | re.ASCII)


def gigabytes(found: object) -> str | int | float | None:
    """GB of `32`, `"32"`, `"32Gi"`, `"8GB"`; a text that is no size is kept as it is; absent is None."""
    if isinstance(found, str):
        size = _SIZE.fullmatch(found)
        if size is None:
            return plain(found, 80) or None
        return whole(round(float(size.group(1)) * _GIGABYTES[size.group(2).lower()], 6))
    value = number(found)
    return None if value is None else whole(value)


def sized(section: Section) -> str | int | float | None:
    """GB of `{"size": 8, "unit": "GB"}`, where `size` may be a text and `unit` may be missing."""
    value = number(section.get("size"))
    unit = section.get("unit")
    if value is None or not isinstance(unit, str):
        return gigabytes(section.get("size"))
    return gigabytes(f"{value:.6f} {unit.strip()}")


def amount(found: object) -> str | int | float | None:
    """A number or its text as one number; another text as it is; absent is None."""
    value = number(found)
    if value is not None:
        return whole(value)
    return (plain(found, 120) or None) if isinstance(found, str) else None
