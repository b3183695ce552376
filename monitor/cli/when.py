"""Moments of the API's documents and lengths of time, as tables show them: local time, short.

No library is needed for it: a list should be there at once.
"""

from __future__ import annotations

from datetime import UTC, datetime


def read(moment: str) -> datetime:
    """A moment as the API writes it (RFC 3339)."""
    return datetime.fromisoformat(moment)


def short(moment: str | None) -> str:
    """`11-21 14:03:07` in local time; with the year where it is another."""
    if moment is None:
        return "-"
    local = read(moment).astimezone()
    pattern = "%m-%d %H:%M:%S" if local.year == datetime.now(UTC).astimezone().year else "%Y-%m-%d %H:%M"
    return local.strftime(pattern)


def full(moment: str | None) -> str | None:
    """`2026-11-21 14:03:07 +0800`"""
    return None if moment is None else read(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def since(moment: str | None) -> str:
    """How long ago; `-` where it is not known."""
    return "-" if moment is None else length((datetime.now(UTC) - read(moment)).total_seconds())


def length(seconds: float | None) -> str:
    """At most two units, written as the config file writes them: `45s`, `12m5s`, `3h20m`, `2d4h`."""
    if seconds is None:
        return "-"
    left = int(max(0.0, seconds))
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return "".join(parts) or "0s"
