"""How a job of ModelArts ended, and when: its runs, its restarts, why it failed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from monitor.model import JobError
from tests.providers.modelarts.one_job import STARTED, at, changed, parse


def ended(*changes: tuple[str, Any]) -> datetime | None:
    return parse(changed(("status.phase", "Completed"), *changes)).item.ended_at


SECOND = STARTED // 1000


def test_the_end_is_the_end_of_the_last_run() -> None:
    runs = [{"start_at": SECOND, "end_at": SECOND + 10}, {"start_at": SECOND + 20, "end_at": SECOND + 90}]
    assert ended(("status.running_records", runs)) == at((SECOND + 90) * 1000)


def test_without_run_records_the_end_is_start_and_duration() -> None:
    assert ended() == at(STARTED + 61000)
    assert ended(("status.running_records", [{"start_at": SECOND, "end_at": 0}])) == at(STARTED + 61000)


def test_an_end_before_its_start_is_not_believed() -> None:
    assert ended(("status.running_records", [{"start_at": SECOND + 5, "end_at": SECOND - 9}])) == at(STARTED + 61000)


def test_an_end_in_whole_seconds_may_lie_within_the_second_of_its_start() -> None:
    runs = [{"start_at": SECOND, "end_at": SECOND}]
    assert ended(("status.running_records", runs), ("status.start_time", STARTED + 700)) == at(STARTED + 700)


def test_an_end_that_is_not_proven_is_none() -> None:
    runs = [{"start_at": SECOND, "end_at": SECOND + 10}, {"start_at": SECOND + 20}]
    assert ended(("status.running_records", runs)) is None, "duration may leave the pause between the runs out"
    assert ended(("status.start_time", 0)) is None
    assert ended(("status.duration", 0)) is None


@pytest.mark.parametrize(
    ("runs", "ran"),
    [
        ([], 61.0),
        ([(0, 10)], 61.0),
        ([(0, 10), (20, 90)], 80.0),
        ([(20, 90), (0, 10)], 80.0),
        ([(0, 30), (20, 90)], 90.0),
        ([(0, 90), (20, 30)], 90.0),
        ([(0, 10), (20, -5)], 61.0),
        ([(0, 10), (20, None)], 61.0),
    ],
)
def test_its_nodes_ran_for_the_duration_or_with_several_runs_for_their_spans(
    runs: list[tuple[int, int | None]], ran: float
) -> None:
    records = [{"start_at": SECOND + start, "end_at": SECOND + end if end else 0} for start, end in runs]
    assert parse(changed(("status.running_records", records))).item.ran == ran


def test_without_a_duration_the_spans_that_make_sense_are_added() -> None:
    records = [{"start_at": SECOND, "end_at": SECOND + 10}, {"start_at": SECOND + 20}]
    none = ("status.duration", 0)
    assert parse(changed(none, ("status.running_records", records))).item.ran == 10.0
    assert parse(changed(none, ("status.running_records", records[1:] * 2))).item.ran is None
    assert parse(changed(none)).item.ran is None, "0 means not yet"


def test_a_job_that_is_not_over_has_no_end() -> None:
    runs = [{"start_at": SECOND, "end_at": SECOND + 10}]
    assert parse(changed(("status.running_records", runs))).item.ended_at is None


def test_a_restart_inside_running_is_counted_and_explained() -> None:
    runs = [
        {
            "start_at": SECOND,
            "end_at": SECOND + 10,
            "start_type": "init_or_rescheduled",
            "end_reason": "chip fault, token=abc123",
            "end_related_task": "worker-2",
            "end_recover": "npu_proc_restart",
        },
        {"start_at": SECOND + 12, "start_type": "restarted"},
    ]
    job = parse(changed(("status.running_records", runs))).item
    assert job.runs == 2
    assert job.extra["last_restart"] == "npu_proc_restart"
    assert job.extra["last_restart_reason"] == "chip fault, token=***"
    assert job.extra["last_restart_task"] == "worker-2"


FAILURES = [
    ([("status.task_statuses", [{"task": "worker-0", "exit_code": 137, "message": "OOM"}])], ("137", "worker-0: OOM")),
    ([("status.task_statuses", [{"task": "worker-0", "exit_code": "1"}])], ("1", None)),
    (
        [("status.task_statuses", [{"task": "a", "exit_code": 0}, {"task": "b", "exit_code": 2, "message": "no"}])],
        ("2", "b: no"),
    ),
    ([("status.running_records", [{"end_reason": "node fault"}])], (None, "node fault")),
    (
        [
            ("status.task_statuses", [{"task": "w", "exit_code": 1}]),
            ("status.running_records", [{"end_reason": "sk = abcdef"}]),
        ],
        ("1", "sk = ***"),
    ),
    ([("status.task_statuses", None)], None),
]


@pytest.mark.parametrize(("changes", "expected"), FAILURES)
def test_a_failure_says_why(changes: list[tuple[str, Any]], expected: tuple[str | None, str | None] | None) -> None:
    error = parse(changed(("status.phase", "Failed"), *changes)).item.error
    assert error == (None if expected is None else JobError(code=expected[0], message=expected[1]))
    assert parse(changed(("status.phase", "Completed"), *changes)).item.error is None


def test_an_abnormal_job_tells_the_inner_word() -> None:
    error = parse(changed(("status.phase", "Abnormal"), ("status.secondary_phase", "Lost"))).item.error
    assert error == JobError(code="Lost")


def test_a_long_failure_message_is_bounded() -> None:
    statuses = [{"task": "w", "exit_code": 1, "message": "line\n" * 9999}]
    error = parse(changed(("status.phase", "Failed"), ("status.task_statuses", statuses))).item.error
    assert error is not None
    assert error.message is not None
    assert len(error.message) <= 500
    assert "\n" not in error.message
