"""Moments and lengths of time as tables show them: local time, short."""

from __future__ import annotations

from datetime import UTC, datetime


def short(moment: datetime | None) -> str:
    """`11-21 14:03:07` in local time; with the year where it is another."""
    if moment is None:
        return "-"
    local = moment.astimezone()
    pattern = "%m-%d %H:%M:%S" if local.year == datetime.now(UTC).astimezone().year else "%Y-%m-%d %H:%M"
    return local.strftime(pattern)


def full(moment: datetime | None) -> str | None:
    """`2026-11-21 14:03:07 +0800`"""
    return None if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def since(moment: datetime | None) -> str:
    """How long ago, at most two units; `-` where it is not known."""
    if moment is None:
        return "-"
    from monitor.fields import format_duration

    return format_duration((datetime.now(UTC) - moment).total_seconds())
