"""When to come back: every form that a server was seen to use, held against the server's own clock."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from monitor.wire import retry_after
from monitor.wire.retry_after import http_date

SERVER = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "1e999"}, None),
        ({"Retry-After": "Fri, 20 Nov 2026 10:01:30 GMT"}, 90.0),
        ({"Retry-After": "Fri, 20 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"Retry-After": "Fri, 20 Nov 2026 18:01:30 +0800"}, 90.0),
        ({"Retry-After": "Fri, 99 Nov 2026 10:01:30 GMT"}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "Retry-After": "60"}, 1.5),
        ({"retry-after-ms": "soon", "Retry-After": "60"}, 60.0),
    ],
)
def test_every_form_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(CIMultiDict(headers), SERVER) == seconds


@given(st.text(), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_whatever_a_server_says_the_answer_is_a_finite_wait_or_none(text: str, date: datetime | None) -> None:
    seconds = retry_after(CIMultiDict({"Retry-After": text}), date)
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 01 Jan 0001 00:00:00 +2300",
        "Fri, 31 Dec 9999 23:59:59 -2300",
        "Mon, 01 Jan 99999 00:00:00 GMT",
        "Fri, 20 Nov 2026 10:00:00 +9999999999999",
        "Fri, 20 Nov 2026 10:00:00 +9999",
    ],
)
def test_a_date_beyond_the_calendar_is_no_date(text: str) -> None:
    moment = http_date(text)
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_http_date_is_read_back_to_the_second(moment: datetime) -> None:
    assert http_date(moment.strftime("%a, %d %b %Y %H:%M:%S GMT")) == moment.replace(microsecond=0)
