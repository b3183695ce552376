"""Events: stable ids, honest times, CloudEvents as the official SDK reads them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cloudevents.http import from_json
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import DEFAULT_SEVERITY, Event, EventType, JobState, Severity, event_id, rfc3339

WHEN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def event(**changes: object) -> Event:
    facts: dict[str, object] = {
        "seq": 7,
        "id": event_id("epoch", "llm", "job/ft-1", "job.finished", 3),
        "type": EventType.JOB_FINISHED,
        "account": "llm",
        "subject": "job/ft-1",
        "revision": 3,
        "time": WHEN,
        "detected_at": WHEN,
        "severity": Severity.INFO,
        "data": {"account": {"name": "llm"}},
    }
    return Event(**(facts | changes))  # type: ignore[arg-type]


def test_the_same_fact_has_the_same_id_in_every_process() -> None:
    """Python's own `hash` is salted by process: an id made of it would repeat every event after a restart."""
    code = "from monitor.model import event_id; print(event_id('e', 'a', 'job/1', 'job.queued', 2))"
    ids = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert ids == {event_id("e", "a", "job/1", "job.queued", 2) + "\n"}


WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@given(st.tuples(WORD, WORD, WORD, WORD, st.integers(0)), st.tuples(WORD, WORD, WORD, WORD, st.integers(0)))
def test_two_facts_never_share_an_id(
    one: tuple[str, str, str, str, int], other: tuple[str, str, str, str, int]
) -> None:
    assert (event_id(*one) == event_id(*other)) is (one == other)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (WHEN, "2026-11-20T10:00:00Z"),
        (WHEN.replace(microsecond=250_000), "2026-11-20T10:00:00.250Z"),
        (datetime(2026, 11, 20, 18, 0, tzinfo=timezone(timedelta(hours=8))), "2026-11-20T10:00:00Z"),
    ],
)
def test_times_are_written_in_utc(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        rfc3339(WHEN.replace(tzinfo=None))


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)))  # noqa: DTZ001
def test_a_written_time_is_the_moment_to_the_millisecond(moment: datetime) -> None:
    assert abs(datetime.fromisoformat(rfc3339(moment)) - moment) < timedelta(milliseconds=1)


def test_the_official_sdk_reads_what_is_written() -> None:
    read = from_json(json.dumps(event().cloudevent()))
    assert read["type"] == "job.finished"
    assert read["source"] == "training-monitor/llm"
    assert read["subject"] == "job/ft-1"
    assert read["time"] == "2026-11-20T10:00:00Z"
    assert read.data == {"account": {"name": "llm"}}


def test_an_event_of_the_monitor_itself_names_no_account() -> None:
    assert event(account=None, type=EventType.MONITOR_STARTED).cloudevent()["source"] == "training-monitor"


def test_every_type_is_a_subject_and_a_fact() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", kind.value) for kind in EventType)
    assert set(DEFAULT_SEVERITY) <= set(EventType)


def test_severities_have_an_order() -> None:
    assert Severity.INFO.rank < Severity.WARNING.rank < Severity.CRITICAL.rank
    assert sorted(Severity, key=lambda severity: severity.rank) == list(Severity)


def test_terminal_states_are_those_of_the_design() -> None:
    assert {state.value for state in JobState if state.terminal} == {"succeeded", "failed", "canceled"}
