"""When a server says to come back: `retry-after-ms`, then `Retry-After` in seconds or as an HTTP date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def http_date(text: str | None) -> datetime | None:
    """An HTTP date as aware UTC, or None where there is none that can be read."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError, IndexError):  # all of them come out of the standard library's parser
        return None


def retry_after(headers: Mapping[str, str], date: datetime | None) -> float | None:
    """Seconds to wait, never negative, or None where the server did not say or it cannot be read.

    `headers` must be case-insensitive; a date is held against the server's own clock (`date`), not against ours.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        if not text:
            continue
        try:
            seconds = float(text) * scale
        except ValueError:
            moment = http_date(text)
            if moment is None:
                continue
            seconds = (moment - (date or datetime.now(UTC))).total_seconds()
        if seconds == seconds and seconds != float("inf"):
            return max(0.0, seconds)
    return None
