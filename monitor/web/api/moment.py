"""`since` and `until`: a time, or a duration back from now; and times as answers tell them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from monitor.fields import parse_duration
from monitor.model import rfc3339
from monitor.web.api.message import Problem

_WRITTEN = (
    r"^(([0-9]+(\.[0-9]+)?[smhd])+"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)$"
)
When = Annotated[
    str,
    msgspec.Meta(
        description="A time (RFC 3339) or a duration back from now.",
        examples=["7d", "2026-01-31T08:00:00Z"],
        min_length=1,
        extra_json_schema={"pattern": _WRITTEN},
    ),
]
Time = Annotated[str, msgspec.Meta(description="RFC 3339, in UTC.", extra_json_schema={"format": "date-time"})]
_BACK = re.compile(r"([0-9]+(\.[0-9]+)?[smhd])+")
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def moment(name: str, text: str | None, now: datetime) -> datetime | None:
    """The time that the parameter `name` means; without a zone it is UTC. Raises Problem."""
    if text is None:
        return None
    try:
        if _BACK.fullmatch(text):
            return max(_FIRST, now - timedelta(seconds=parse_duration(text)))
        found = _parsed(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        hint = "Write a duration back from now like 2h or 7d, or a time like 2026-01-31T08:00:00Z."
        raise Problem(400, "Bad request", f"The parameter `{name}` is no time: {text[:60]!r}.", hint) from None
    return min(max(found, _FIRST), _LAST)


def _parsed(text: str) -> datetime:
    """Raises ValueError."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # in a query an unquoted + is a space
        return datetime.fromisoformat("+".join(text.rsplit(" ", 1)))


def told(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
