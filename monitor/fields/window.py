"""Recurring windows of local time (`22:00` to `08:00`, on weekdays, in a time zone) as a config value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from monitor.fields.spoken import spoken_days, spoken_times
from monitor.fields.strict import Strict

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_EXAMPLE = '["22:00", "08:00"]'
_MIDNIGHT = time(0)
_USUAL = dict.fromkeys(
    ("beijing", "peking", "cst", "china", "shenzhen", "hangzhou", "+08:00", "utc+8", "gmt+8"), "Asia/Shanghai"
)
_USUAL |= {"z": "UTC", "pst": "America/Los_Angeles", "ist": "Asia/Kolkata", "jst": "Asia/Tokyo", "bst": "Europe/London"}
"""What people write who mean a place that has another name in the time zone database."""


def parse_time(text: Any) -> time:
    """`08:30`; `24:00` is the midnight that ends a day. Raises ValueError that says what would be right."""
    if not isinstance(text, str) or _TIME.fullmatch(text) is None:
        meant = spoken_times(text)
        right = f"write {meant[0]}" if len(meant) == 1 else 'write hours and minutes in quotes, like "08:30"'
        raise ValueError(f"{text!r} is no time of day; {right}")
    return _MIDNIGHT if text == "24:00" else time(int(text[:2]), int(text[3:]))


def _two_times(value: Any) -> Any:
    """Answers what is no list of two with the list that was probably meant."""
    if isinstance(value, list | tuple) and len(value) == 2:
        return value
    meant = spoken_times(value)
    right = f"write [{', '.join(meant)}]" if len(meant) == 2 else f"write two, like {_EXAMPLE}"
    raise ValueError(f"expected when it opens and when it closes; {right}")


def _some_days(value: Any) -> Any:
    if isinstance(value, str):
        meant = ", ".join(spoken_days(value, DAYS))
        raise ValueError(f"expected a list of days; write {f'[{meant}]' if meant else 'it like [sat, sun]'}")
    return value


def known_zone(name: str) -> str:
    """The name itself. Raises ValueError with the nearest name where no such zone exists."""
    if name in _zones():
        return name
    from difflib import get_close_matches

    usual = [_USUAL[word] for word in (name.lower().rpartition("/")[2], name.lower()) if word in _USUAL]
    near = usual or get_close_matches(name, sorted(_zones()), n=1, cutoff=0.6)
    right = f"did you mean {near[0]}?" if near else "write it like Asia/Shanghai, or UTC"
    raise ValueError(f"there is no time zone {name!r}; {right}")


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


TimeOfDay = Annotated[
    time,
    BeforeValidator(parse_time),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", "examples": ["08:30"]}),
]
Days = Annotated[list[Day], BeforeValidator(_some_days), Field(min_length=1)]
Zone = Annotated[str, AfterValidator(known_zone)]


class WindowOptions(Strict):
    """When a window is open: between two times of the day, on some days, or both."""

    between: Annotated[tuple[TimeOfDay, TimeOfDay], BeforeValidator(_two_times)] | None = None
    """`["22:00", "08:00"]`: from the first time until the second, across midnight where that is earlier. Left out: the
    whole day."""
    days: Days | None = None
    """`mon` to `sun`: the days on which the window begins. Left out: every day."""
    timezone: Zone = "UTC"
    """The time zone of the times and days, like Asia/Shanghai."""

    @model_validator(mode="before")
    @classmethod
    def _has_keys(cls, value: Any) -> Any:
        """Answers what is no mapping with the window that was probably meant."""
        if isinstance(value, Mapping | WindowOptions):
            return value
        text = " ".join(str(each) for each in value) if isinstance(value, list) else str(value)
        times, days = spoken_times(text), spoken_days(text, DAYS)
        parts = [f"between: [{', '.join(times)}]"] if len(times) == 2 else []
        parts += [f"days: [{', '.join(days)}]"] if days else []
        right = f"write {{{', '.join(parts)}}}" if parts else f"write it like {{between: {_EXAMPLE}}}"
        raise ValueError(f"a window needs its keys; {right}")

    @model_validator(mode="after")
    def _opens_and_closes(self) -> Self:
        if self.between is None and self.days is None:
            raise ValueError('a window needs `between` or `days`, like between: ["22:00", "08:00"]')
        if self.between is None and self.days is not None and set(self.days) == set(DAYS):
            raise ValueError("this window never closes; leave out a day, or give `between`")
        if self.between is not None and self.between[0] == self.between[1]:
            whole = self.between[0] == _MIDNIGHT
            raise ValueError(
                "this window never closes: it is the whole of every day; use `days`"
                if whole
                else "this window never opens: it ends when it begins; give two different times"
            )
        return self

    def open_until(self, moment: datetime) -> datetime | None:
        """When the window that is open at `moment` closes, in UTC; None where it is closed. Windows that touch are one.

        Promise: a local time that the clock skips is the moment of the skip, one that comes twice begins with its first
        and ends with its second, so that no window is lost on the days when clocks change, but one that lies in the
        skip as a whole.
        """
        end, found = moment, None
        for _ in range(len(DAYS) + 1):
            closing = self._closing(end)
            if closing is None:
                break
            end = found = closing
        return found

    def _closing(self, moment: datetime) -> datetime | None:
        zone = ZoneInfo(self.timezone)
        today = moment.astimezone(zone).date()
        for day in (today, today - timedelta(days=1)):
            if self.days is not None and DAYS[day.weekday()] not in self.days:
                continue
            start, end = self._of_day(day, zone)
            if start <= moment < end:
                return end
        return None

    def _of_day(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        begin, finish = self.between or (_MIDNIGHT, _MIDNIGHT)
        last = day if finish > begin else day + timedelta(days=1)
        return local(day, begin, zone, fold=0), local(last, finish, zone, fold=1)


def local(day: date, at: time, zone: ZoneInfo, *, fold: int) -> datetime:
    """That local time in UTC. `fold` 0 is the first of a time that comes twice, 1 the second; a time that is skipped is
    the moment of the skip."""
    shown = datetime.combine(day, at, zone).replace(fold=fold)
    moment = shown.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
        return moment
    before, after = (shown.replace(fold=each).astimezone(UTC) for each in (1, 0))
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def closing(windows: Sequence[WindowOptions], moment: datetime) -> datetime | None:
    """When the last of those that are open at `moment` closes."""
    ends = [end for window in windows if (end := window.open_until(moment)) is not None]
    return max(ends, default=None)


def next_time(at: time, days: Sequence[Day] | None, zone: ZoneInfo, after: datetime) -> datetime:
    """The first moment after `after` at which that zone's clock shows `at`, on one of these days (None: any), in UTC;
    on a day on which it skips that time the moment of the skip. Of a time that comes twice the first counts.
    `24:00` counts to the day that it ends only in a window; here it is the midnight that begins a day."""
    day = after.astimezone(zone).date()
    while True:
        moment = local(day, at, zone, fold=0)
        if moment > after and (days is None or DAYS[day.weekday()] in days):
            return moment
        day += timedelta(days=1)


def covered(inner: WindowOptions, outer: Sequence[WindowOptions]) -> bool:
    """Whether at every moment of a year at which `inner` is open one of `outer` is open too."""
    zone = ZoneInfo(inner.timezone)
    begin, end = (each.date() for each in _YEAR)
    for count in range((end - begin).days):
        day = begin + timedelta(days=count)
        if inner.days is not None and DAYS[day.weekday()] not in inner.days:
            continue
        if not _covered(outer, *inner._of_day(day, zone)):
            return False
    return True


_YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 8, tzinfo=UTC)
"""Every clock change and every weekday lies between these."""


def always_open(windows: Sequence[WindowOptions]) -> bool:
    """Whether at every moment of a year at least one of them is open."""
    return _covered(windows, *_YEAR)


def _covered(windows: Sequence[WindowOptions], moment: datetime, end: datetime) -> bool:
    """Whether from then until `end` always one of them is open."""
    while moment < end:
        later = closing(windows, moment)
        if later is None:
            return False
        moment = later
    return True
