"""Which events come late: they happened before the previous good poll, or nobody looked for a long time (promise 8)."""

from __future__ import annotations

from datetime import datetime, timedelta

_SLACK = timedelta(seconds=60)
"""Platforms show a change some seconds after the time that they give for it."""


def is_late(at: datetime | None, *, previous_good: datetime | None, gap: bool) -> bool:
    """`at` and `previous_good` are the platform's times."""
    return gap or (at is not None and previous_good is not None and at < previous_good - _SLACK)
