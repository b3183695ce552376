"""From when until when something shall hold that a person asks for: it always has an end."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.web.api.message import Problem
from monitor.web.api.moment import ahead, length

YEAR = timedelta(days=366)
"""The longest."""


def span(
    now: datetime, *, lasting: str | None, until: str | None, start: str | None = None
) -> tuple[datetime, datetime]:
    """The beginning and the end, the latter in whole seconds; a beginning that is past is now. Raises Problem."""
    begin = max(ahead("from", start, now) or now, now)
    if (lasting is None) == (until is None):
        detail = "It has no end." if lasting is None else "`for` and `until` are both given."
        raise Problem(400, "Bad request", detail, "Say `for` (like 2h) or `until` (a time), one of the two.")
    end = begin + length("for", lasting) if lasting is not None else ahead("until", until, now)
    assert end is not None
    end = end.replace(microsecond=0)
    if end <= begin:
        raise Problem(400, "Bad request", "It would end before it begins.", "Give an end that is still to come.")
    if end - now > YEAR:
        raise Problem(400, "Bad request", "It would end in more than a year.", "Give an end within a year from now.")
    return begin, end
