"""Moments of a case, in every spelling that people use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.lab.moments import beginning, moment, shown

MONDAY = datetime.fromisoformat("2026-01-05T09:00:00+08:00")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0s", "2026-01-05T01:00Z"),
        (0, "2026-01-05T01:00Z"),
        ("+2h", "2026-01-05T03:00Z"),
        ("1d2h30m", "2026-01-06T03:30Z"),
        ("09:00", "2026-01-05T01:00Z"),
        ("08:59", "2026-01-06T00:59Z"),
        ("11:00:30", "2026-01-05T03:00:30Z"),
        ("sat 10:00", "2026-01-10T02:00Z"),
        ("mon 08:00", "2026-01-12T00:00Z"),
        ("2026-02-01", "2026-01-31T16:00Z"),
        ("2026-02-01T12:00Z", "2026-02-01T12:00Z"),
        ("2026-02-01 12:00", "2026-02-01T04:00Z"),
    ],
)
def test_a_moment_is_meant_from_the_start_on_and_in_its_offset(text: object, at: str) -> None:
    assert moment(text).of(MONDAY).astimezone(UTC) == datetime.fromisoformat(at)


@pytest.mark.parametrize(
    "text", ["noon", "25:00", "2", 2, True, None, "", "2026-13-01", "11y", [], "sat", "9999-01-01"]
)
def test_what_is_no_moment_says_what_would_be(text: object) -> None:
    with pytest.raises(ValueError, match=r"write|use a year"):
        moment(text)


def test_a_start_without_an_offset_is_utc() -> None:
    assert beginning("2026-01-05T09:00") == datetime(2026, 1, 5, 9, tzinfo=UTC)
    with pytest.raises(ValueError, match="like 2026-01-05"):
        beginning("monday")


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2026-01-05T09:00+08:00", "0s (09:00)"),
        ("2026-01-05T03:00:30Z", "2h30s (11:00:30)"),
        ("2026-01-06T00:00+08:00", "15h (tue 00:00)"),
        ("2026-01-05T08:00+08:00", "-1 h (08:00)"),
    ],
)
def test_a_moment_is_shown_since_the_start_and_by_the_clock(at: str, text: str) -> None:
    assert shown(datetime.fromisoformat(at), MONDAY) == text
