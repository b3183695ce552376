"""Durations as people write and read them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from monitor.fields import Duration, format_duration, parse_duration

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86400), ("1h30m", 5400), ("1.5h", 5400), (" 90s ", 90), ("0s", 0)],
)
def test_what_people_write_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "s", "-5m", "1w", "5M", "5 parsecs", "3h 5", "١s", "5m!", "1e3s", "5 m" * 30, 30, None]
)
def test_what_is_no_duration_is_told_with_what_would_be_right(text: object) -> None:
    with pytest.raises(ValueError, match=r"is no duration; write a number and a unit, like 30s, 5m, 2h or 1d"):
        parse_duration(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h 30m", "2h30m"),
        ("5 m", "5m"),
        ("5min", "5m"),
        ("1.5 Hours", "1.5h"),
        ("2 days, 3 hrs and 10 seconds", "2d3h10s"),
    ],
)
def test_what_is_plainly_meant_is_told_as_it_would_be_written(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=rf"^'{re.escape(text)}' is no duration; write {re.escape(meant)}$"):
        parse_duration(text)
    assert parse_duration(meant) > 0


@pytest.mark.parametrize("text", ["4000d", "9" * 400 + "d"])
def test_a_duration_beyond_all_reason_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration(text)


@given(st.integers(0, 9), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_a_written_duration_is_the_sum_of_its_parts(d: int, h: int, m: int, s: int) -> None:
    assert parse_duration(f"{d}d{h}h{m}m{s}s") == d * 86400 + h * 3600 + m * 60 + s


@pytest.mark.parametrize("text", ["0s", "0.9s", "0.01m"])
def test_an_interval_under_a_second_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="shorter than 1s"):
        TypeAdapter(Duration).validate_python(text)


def test_the_schema_accepts_what_the_parser_accepts() -> None:
    pattern = re.compile(json.loads(json.dumps(TypeAdapter(Duration).json_schema()))["pattern"])
    for text in ("30s", "1h30m", "1.5h"):
        assert pattern.search(text)
        assert TypeAdapter(Duration).validate_python(text) >= 1
    for text in ("30", "5 m", "-1s"):
        assert not pattern.search(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.99, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (725, "12 min 5 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (12000, "3 h 20 min"),
        (86400, "1 d"),
        (86460, "1 d"),
        (187200 + 59, "2 d 4 h"),
    ],
)
def test_a_duration_is_told_in_two_units_at_most(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(0, 3e8))
def test_a_told_duration_reads_back_to_just_under_the_true_one(seconds: float) -> None:
    parts = format_duration(seconds).split(" ")
    read = sum(
        int(n) * {"d": 86400, "h": 3600, "min": 60, "s": 1}[u] for n, u in zip(parts[::2], parts[1::2], strict=True)
    )
    step = {"d": 86400, "h": 3600, "min": 60, "s": 1}[parts[1]]
    assert read <= seconds < read + step
