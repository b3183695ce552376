"""What a soak is judged by: each thing that grows beyond its bound is told, and what does not grow is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.soak.measure import TABLES, Sample, too_much


def at(hours: float, **more: Any) -> Sample:
    turns, polls = int(hours * 100), int(hours * 300)
    rows = dict.fromkeys(TABLES, 3000) | more.pop("rows", {})
    made = Sample(
        at=hours * 3600, memory=120.0, files=40, threads=9, turns=turns, slow=0, waiting=3, unrouted=0, polls=polls,
        last_seq=int(hours * 100), bytes=10_000_000, rows=rows,
    )  # fmt: skip
    return replace(made, **more)


def test_what_stays_as_it_was_is_well() -> None:
    assert too_much([at(1, memory=80.0, rows={"events": 5}), at(30), at(60), at(90)], ["all is well"]) == []


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ({"memory": 151.0}, "memory grew from 120.0 to 151.0 MB"),
        ({"files": 49}, "open files grew from 40 to 49"),
        ({"threads": 14}, "threads grew from 9 to 14"),
        ({"slow": 100}, "100 of 6000 turns were late in the second half"),
        ({"waiting": 61}, "61 messages wait"),
        ({"unrouted": 61}, "61 events wait for routing"),
        ({"rows": {"jobs": 4401}}, "jobs grew from 3000 to 4401 rows"),
        ({"rows": {"attempts": 6001}}, "6001 attempts for 3000 deliveries"),
        ({"polls": 10_000}, "polling slowed down: 9000 polls in the first half, 1000 later"),
    ],
)
def test_what_grows_beyond_its_bound_is_told(end: dict[str, Any], told: str) -> None:
    assert too_much([at(1), at(30), at(90, **end)]) == [told]


def test_before_retention_has_come_round_rows_may_grow_as_much_as_the_events_do() -> None:
    assert too_much([at(1), at(10), at(20, rows={"events": 6000})]) == []
    assert too_much([at(1), at(10), at(20, rows={"events": 7200})]) == ["events grew from 3000 to 7200 rows"]


def test_a_bug_in_the_log_is_told() -> None:
    assert too_much([at(1), at(30), at(60)], ["a poll broke; this is a bug"]) == [
        "the log says: a poll broke; this is a bug"
    ]
