"""`since` and `until`: a time, or a duration back from now or ahead; and times as answers tell them."""

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
Ahead = Annotated[
    str,
    msgspec.Meta(
        description="A time (RFC 3339) or a duration from now on.",
        examples=["2h", "2026-01-31T08:00:00Z"],
        min_length=1,
        extra_json_schema={"pattern": _WRITTEN},
    ),
]
Length = Annotated[
    str,
    msgspec.Meta(
        description="How long, in s, m, h and d.",
        examples=["30m", "2h", "1d12h"],
        min_length=1,
        extra_json_schema={"pattern": r"^([0-9]+(\.[0-9]+)?[smhd])+$"},
    ),
]
Time = Annotated[str, msgspec.Meta(description="RFC 3339, in UTC.", extra_json_schema={"format": "date-time"})]
_BACK = re.compile(r"([0-9]+(\.[0-9]+)?[smhd])+")
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def moment(name: str, text: str | None, now: datetime) -> datetime | None:
    """The time that the parameter `name` means; without a zone it is UTC. Raises Problem."""
    return _meant(name, text, now, ahead=False)


def between(since: str | None, until: str | None, now: datetime) -> tuple[datetime | None, datetime | None]:
    """What both parameters mean, where time lies between them. Raises Problem."""
    begin, end = moment("since", since, now), moment("until", until, now)
    if begin is not None and end is not None and end <= begin:
        detail = "`until` is not after `since`: no time lies between them."
        hint = "Give the earlier one as `since`; a duration counts back from now, so 2d is before 1d."
        raise Problem(400, "Bad request", detail, hint)
    return begin, end


def ahead(name: str, text: str | None, now: datetime) -> datetime | None:
    """The same, where a duration is one from now on."""
    return _meant(name, text, now, ahead=True)


def length(name: str, text: str) -> timedelta:
    """How long the parameter `name` means. Raises Problem."""
    try:
        return timedelta(seconds=parse_duration(text))
    except ValueError as error:
        hint = "Write a duration like 30m, 2h or 1d12h."
        raise Problem(400, "Bad request", f"The parameter `{name}`: {str(error)[:100]}.", hint) from None


def _meant(name: str, text: str | None, now: datetime, *, ahead: bool) -> datetime | None:
    if text is None:
        return None
    try:
        if _BACK.fullmatch(text):
            far = timedelta(seconds=parse_duration(text))
            return now + far if ahead else max(_FIRST, now - far)
        found = _parsed(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        way = "from now on" if ahead else "back from now"
        hint = f"Write a duration {way} like 2h or 7d, or a time like 2026-01-31T08:00:00Z."
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
