"""Windows of local time, held against a clock that is looked at minute by minute, in zones that set theirs."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.fields.window import DAYS, WindowOptions, always_open, closing, covered, known_zone, next_time, parse_time

ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
CHANGES = (
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # Berlin: 02:00 -> 03:00
    datetime(2026, 10, 25, 1, 0, tzinfo=UTC),  # Berlin: 03:00 -> 02:00
    datetime(2026, 3, 8, 7, 0, tzinfo=UTC),  # New York: 02:00 -> 03:00
    datetime(2026, 11, 1, 6, 0, tzinfo=UTC),  # New York: 02:00 -> 01:00
    datetime(2026, 4, 4, 15, 0, tzinfo=UTC),  # Lord Howe: 02:00 -> 01:30
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # Lord Howe: 02:00 -> 02:30
    datetime(2026, 7, 1, 12, 0, tzinfo=UTC),
)
MINUTE = timedelta(minutes=1)


def window(**options: Any) -> WindowOptions:
    return WindowOptions.model_validate(options)


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


quarters = st.integers(0, 95).map(lambda quarter: quarter * 15)
days = st.none() | st.sets(st.sampled_from(DAYS), min_size=1, max_size=6).map(sorted)
moments = st.builds(
    lambda change, minutes: change + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(-60 * 40, 60 * 40)
)


@st.composite
def windows(draw: st.DrawFn) -> WindowOptions:
    begin, length = draw(quarters), draw(st.integers(1, 95)) * 15
    end = (begin + length) % 1440
    between = draw(st.sampled_from([None, (clock(begin), clock(end)), (clock(begin), "24:00")]))
    on = draw(days)
    if between is None and on is None:
        on = ["sat"]
    if between is not None and (between[0] == between[1] or (between[1] == "24:00" and begin == 0)):
        between = ("00:00", "12:00")
    return window(between=between, days=on, timezone=draw(st.sampled_from(ZONES)))


class Oracle:
    """Says whether a window is open by what its zone's clock shows, minute by minute: a minute belongs to a window if
    the clock shows a time of it, on a day of it. It is asked where no clock is set just then."""

    def __init__(self, options: WindowOptions) -> None:
        self._zone = ZoneInfo(options.timezone)
        begin, end = options.between or (time(0), time(0))
        self._begin, self._end = begin, end
        self._days = options.days or list(DAYS)

    def open(self, moment: datetime) -> bool:
        local = moment.astimezone(self._zone)
        today, yesterday = DAYS[local.weekday()], DAYS[(local.weekday() - 1) % 7]
        shows = local.time()
        if self._begin < self._end:
            return today in self._days and self._begin <= shows < self._end
        late = today in self._days and shows >= self._begin
        early = yesterday in self._days and shows < self._end
        return late or early

    def plain(self, moment: datetime) -> bool:
        """Whether no clock is set within some hours of it."""
        offsets = {(moment + timedelta(hours=hours)).astimezone(self._zone).utcoffset() for hours in range(-5, 6)}
        return len(offsets) == 1


@settings(max_examples=120, deadline=None)
@given(windows(), moments)
@example(window(between=("22:00", "08:00"), timezone="Europe/Berlin"), CHANGES[0])
@example(window(days=["sun"], timezone="Australia/Lord_Howe"), CHANGES[4])
def test_a_window_is_open_when_its_zones_clock_says_so(options: WindowOptions, moment: datetime) -> None:
    oracle = Oracle(options)
    end = options.open_until(moment)
    if oracle.plain(moment):
        assert (end is not None) == oracle.open(moment)
    if end is None:
        return
    assert moment < end <= moment + timedelta(days=9)
    assert options.open_until(end) is None or end >= moment + timedelta(days=7)
    for step in range(0, int((end - moment) / MINUTE), 13):  # it stays open until then, whatever clocks do meanwhile
        assert options.open_until(moment + step * MINUTE) == end
    last = end - MINUTE
    if oracle.plain(end):
        assert oracle.open(last)
        assert not oracle.open(end) or end >= moment + timedelta(days=7)


@settings(max_examples=60, deadline=None)
@given(windows(), st.sampled_from(CHANGES[:6]))
def test_no_window_is_lost_or_comes_twice_on_the_days_when_clocks_change(
    options: WindowOptions, change: datetime
) -> None:
    """Over five days each day of the window opens it, unless it touches the one before."""
    zone = ZoneInfo(options.timezone)
    first = (change - timedelta(days=2)).astimezone(zone).date()
    begin = (options.between or (time(0), time(0)))[0]
    for offset in range(5):
        day = first + timedelta(days=offset)
        if options.days is not None and DAYS[day.weekday()] not in options.days:
            continue
        minute = datetime.combine(day, time(0), zone).astimezone(UTC) - MINUTE
        shows = [minute + step * MINUTE for step in range(1, 26 * 60)]
        opens = next(
            each for each in shows if each.astimezone(zone).replace(tzinfo=None) >= datetime.combine(day, begin)
        )
        ends = options.between is not None and options.open_until(opens) is None
        assert not ends or (opens - MINUTE).astimezone(zone).utcoffset() != opens.astimezone(zone).utcoffset()


@settings(max_examples=150, deadline=None)
@given(quarters, days, st.sampled_from(ZONES), moments)
def test_the_next_time_is_the_first_at_which_the_clock_shows_it(
    minutes: int, on: list[Any] | None, zone_name: str, after: datetime
) -> None:
    zone, at = ZoneInfo(zone_name), time(minutes // 60, minutes % 60)
    found = next_time(at, on, zone, after)
    assert after < found <= after + timedelta(days=8)
    shows = found.astimezone(zone)
    day_before = found - timedelta(hours=3)
    skipped = (found - MINUTE).astimezone(zone).utcoffset() != shows.utcoffset()
    assert shows.time() == at or skipped
    assert on is None or DAYS[shows.weekday()] in on or skipped
    earlier = after + MINUTE - timedelta(seconds=after.second, microseconds=after.microsecond)
    while earlier < day_before:
        local = earlier.astimezone(zone)
        again = local.fold == 1  # of a time that comes twice, the first counts
        assert again or local.time() != at or (on is not None and DAYS[local.weekday()] not in on)
        earlier += 15 * MINUTE if earlier.minute % 15 == 0 else MINUTE
    assert next_time(at, on, zone, found) > found


@pytest.mark.parametrize(
    ("zone", "between", "opens", "until"),
    [
        ("Europe/Berlin", "02:30 03:30", "2026-03-29T01:00Z", "2026-03-29T01:30Z"),  # 02:30 does not come: from 03:00
        ("Europe/Berlin", "01:30 02:30", "2026-03-29T00:30Z", "2026-03-29T01:00Z"),  # nor does its end
        ("Europe/Berlin", "02:30 03:30", "2026-10-25T00:30Z", "2026-10-25T02:30Z"),  # 02:30 comes twice: an hour longer
        ("America/New_York", "01:30 02:30", "2026-11-01T05:30Z", "2026-11-01T07:30Z"),
        ("Australia/Lord_Howe", "02:15 03:00", "2026-10-03T15:30Z", "2026-10-03T16:00Z"),  # half an hour is skipped
        ("Australia/Lord_Howe", "01:45 03:00", "2026-04-04T14:45Z", "2026-04-04T16:30Z"),
        ("Asia/Shanghai", "02:30 03:30", "2026-10-24T18:30Z", "2026-10-24T19:30Z"),
    ],
)
def test_a_window_in_the_hour_that_is_skipped_or_comes_twice(zone: str, between: str, opens: str, until: str) -> None:
    options = window(between=tuple(between.split()), timezone=zone)
    begin, end = datetime.fromisoformat(opens), datetime.fromisoformat(until)
    assert options.open_until(begin) == options.open_until(end - MINUTE) == end
    assert options.open_until(begin - MINUTE) is None


def test_a_report_in_the_hour_that_is_skipped_or_comes_twice_is_made_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for day, expected in ((28, "2026-03-28T01:30Z"), (29, "2026-03-29T01:00Z"), (30, "2026-03-30T00:30Z")):
        after = datetime(2026, 3, day - 1, 12, tzinfo=UTC)
        assert next_time(time(2, 30), None, berlin, after) == datetime.fromisoformat(expected)
    first = next_time(time(2, 30), None, berlin, datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_time(time(2, 30), None, berlin, first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_windows_that_touch_are_one_and_24_00_ends_a_day() -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a Saturday
    assert window(days=["sat", "sun"]).open_until(noon) == datetime(2026, 11, 23, tzinfo=UTC)
    assert window(between=("10:00", "24:00")).open_until(noon) == datetime(2026, 11, 22, tzinfo=UTC)
    assert window(between=("24:00", "13:00")).open_until(noon) == datetime(2026, 11, 21, 13, tzinfo=UTC)
    early, late = window(between=("10:00", "14:00")), window(between=("11:00", "16:00"), days=["sat"])
    assert closing([early, late], noon) == datetime(2026, 11, 21, 16, tzinfo=UTC)
    assert closing([late], noon + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("options", "always"),
    [
        ([{"between": ("08:00", "20:00")}, {"between": ("20:00", "08:00")}], True),
        ([{"between": ("08:00", "20:00")}, {"between": ("20:00", "07:59")}], False),
        ([{"days": ["mon", "tue", "wed", "thu"]}, {"days": ["fri", "sat", "sun"]}], True),
        ([{"days": ["mon", "tue", "wed", "thu"]}, {"days": ["fri", "sat"]}], False),
        ([{"days": ["mon", "tue", "wed"]}, {"days": ["thu", "fri", "sat", "sun"], "timezone": "Asia/Shanghai"}], False),
        # these overlap in summer only: in winter an hour is free
        ([{"between": ("08:00", "20:00")}, {"between": ("22:00", "10:00"), "timezone": "Europe/Berlin"}], False),
        ([{"between": ("08:00", "21:00")}, {"between": ("22:00", "10:00"), "timezone": "Europe/Berlin"}], True),
    ],
)
def test_windows_that_leave_no_gap_in_a_year_are_known(options: list[dict[str, Any]], always: bool) -> None:
    assert always_open([window(**each) for each in options]) is always


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        ({"between": ("23:00", "07:00")}, [{"between": ("22:00", "08:00")}], True),
        ({"between": ("22:00", "08:00")}, [{"between": ("22:00", "08:00")}], True),
        ({"between": ("22:00", "08:01")}, [{"between": ("22:00", "08:00")}], False),
        ({"between": ("22:00", "08:00")}, [{"between": ("22:00", "24:00")}, {"between": ("00:00", "08:00")}], True),
        ({"between": ("22:00", "08:00"), "days": ["sat"]}, [{"days": ["sat"]}], False),
        ({"between": ("10:00", "12:00"), "days": ["sat"]}, [{"days": ["sat", "sun"]}], True),
        # in summer only
        ({"between": ("08:00", "09:00"), "timezone": "Europe/Berlin"}, [{"between": ("06:00", "07:30")}], False),
        ({"between": ("08:00", "09:00"), "timezone": "Europe/Berlin"}, [{"between": ("06:00", "08:00")}], True),
    ],
)
def test_a_window_inside_others_is_known(inner: dict[str, Any], outer: list[dict[str, Any]], inside: bool) -> None:
    assert covered(window(**inner), [window(**each) for each in outer]) is inside


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "needs `between` or `days`"),
        ({"days": list(DAYS)}, "never closes; leave out a day"),
        ({"between": ("08:00", "08:00")}, "never opens"),
        ({"between": ("00:00", "24:00")}, "it is the whole of every day; use `days`"),
        ({"between": ("8:00", "10:00")}, "'8:00' is no time of day"),
        ({"between": (1320, "10:00")}, '1320 is no time of day; write hours and minutes in quotes, like "08:30"'),
        ({"between": ("24:01", "10:00")}, "no time of day"),
        ({"between": ("08:00", "23:60")}, "no time of day"),
        ({"days": []}, "at least 1"),
        ({"days": ["monday"]}, "'mon', 'tue'"),
        ({"days": ["sat"], "timezone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'; write it like Asia/Shanghai"),
    ],
)
def test_a_window_that_cannot_be_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        window(**options)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Asia/Beijing", "Asia/Shanghai"),
        ("CST", "Asia/Shanghai"),
        ("+08:00", "Asia/Shanghai"),
        ("asia/shanghai", "Asia/Shanghai"),
        ("Europe/Berln", "Europe/Berlin"),
        ("../etc/passwd", ""),
        ("", ""),
    ],
)
def test_a_time_zone_that_does_not_exist_is_answered_with_the_one_that_is_meant(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone") as caught:
        known_zone(name)
    assert not meant or f"did you mean {meant}?" in str(caught.value)


def test_times_of_day_are_read_as_they_are_written() -> None:
    assert (parse_time("08:30"), parse_time("00:00"), parse_time("24:00")) == (time(8, 30), time(0), time(0))
