"""What is saved and told of a known job besides its transitions: times, lengths, lateness, checkpoints, gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.diff import diff_job, job_gone, job_missing, significant
from monitor.diff.job_data import running_time
from monitor.model import JobError, Severity


@pytest.mark.parametrize(
    "facts",
    [
        {"duration": 99.0},
        {"queue_position": 3},
        {"extra": {"secondary_phase": "Lost"}},
        {"url": "https://console.example/1"},
    ],
)
def test_what_moves_by_itself_is_no_change(story: Any, job: Any, poll: Any, facts: dict[str, Any]) -> None:
    story.see("running")
    assert significant(job("running", **facts)) == significant(job("running"))
    assert diff_job(story.known, job("running", **facts), poll()) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "other"},
        {"model": "qwen3-14b"},
        {"output_model": "m-1"},
        {"error": JobError(code="1", message="no memory")},
        {"tokens": 0},
        {"flavor": "ascend.8"},
        {"nodes": 2},
        {"max_checkpoints": 5},
        {"creator": "ann"},
        {"provider_state": "RUNNING_2"},
    ],
)
def test_a_changed_fact_is_saved_without_an_event(story: Any, job: Any, poll: Any, facts: dict[str, Any]) -> None:
    story.see("running")
    change = diff_job(story.known, job("running", **facts), poll())
    assert change is not None
    assert change.drafts == ()
    assert change.known.revision == story.known.revision + 1
    assert change.known.job == job("running", **facts)
    assert change.known.state_since == story.known.state_since


def test_significant_values_are_the_same_whatever_zone_a_time_is_given_in(job: Any, at: Any) -> None:
    from datetime import timedelta, timezone

    moved = at(3).astimezone(timezone(timedelta(hours=8)))
    assert repr(significant(job(ended_at=moved))) == repr(significant(job(ended_at=at(3))))
    assert all(isinstance(value, str | int | float | None) for value in significant(job(ended_at=moved)))


def test_checkpoints_that_grew_are_told_once_with_both_counts(story: Any) -> None:
    story.see("running")
    (first,) = story.see("running", checkpoints=1)
    (third,) = story.see("running", checkpoints=3)
    assert [first.type, first.data["checkpoints"]] == ["job.checkpoint", {"old": None, "new": 1}]
    assert [third.type, third.data["checkpoints"]] == ["job.checkpoint", {"old": 1, "new": 3}]
    assert story.types("running", checkpoints=3) == []


def test_checkpoints_that_fall_or_are_left_out_tell_nothing(story: Any) -> None:
    story.see("running", checkpoints=3)
    assert story.types("running") == []
    assert story.known.job.checkpoints == 3
    assert story.types("running", checkpoints=2) == []
    assert story.types("running", checkpoints=0) == []


def test_a_last_checkpoint_is_told_before_the_end_that_it_belongs_to(story: Any) -> None:
    story.see("running", checkpoints=1)
    assert story.types("succeeded", checkpoints=2) == ["checkpoint", "finished"]
    assert story.types("running", checkpoints=3) == ["reopened", "restarted", "checkpoint"]


def test_no_checkpoints_yet_is_no_checkpoint(story: Any) -> None:
    story.see("pending")
    assert story.types("running", checkpoints=0) == ["started"]


def test_an_event_has_the_platforms_time_where_there_is_one_and_detection_otherwise(story: Any, at: Any) -> None:
    submitted, queued = story.see("queued", created_at=at(9))
    assert (submitted.time, submitted.detected_at) == (at(9), at(10))
    assert (queued.time, queued.detected_at) == (at(10), at(10))
    (started,) = story.see("running", created_at=at(9), started_at=at(10.75))
    assert (started.time, started.detected_at) == (at(10.75), at(11))
    assert story.known.state_since == at(10.75)
    (requeued,) = story.see("queued", created_at=at(9), started_at=at(10.75))
    assert requeued.time == at(12)
    (restarted,) = story.see("running", created_at=at(9), started_at=at(12.5))
    assert restarted.time == at(12.5)
    (again,) = story.see("running", created_at=at(9), started_at=at(12.5), runs=1, checkpoints=1)
    assert (again.type, again.time) == ("job.checkpoint", at(14))


def test_previous_says_the_state_the_word_and_how_long(story: Any) -> None:
    story.see("queued", provider_state="QUEUING")
    (started,) = story.see("running")
    assert started.data["previous"] == {
        "state": "queued",
        "provider_state": "QUEUING",
        "since": "2026-03-01T12:10:00Z",
        "duration": 60.0,
    }


def test_a_job_seen_for_the_first_time_has_no_previous_state(story: Any) -> None:
    assert [draft.data["previous"] for draft in story.see("running")] == [None, None]


def test_two_clocks_never_make_a_length_below_zero(story: Any, at: Any) -> None:
    story.see("running")
    (ended,) = story.see("succeeded", ended_at=at(9.9))
    assert ended.data["previous"]["duration"] == 0.0
    assert ended.data["duration"] == 0.0


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"duration": 42.0, "started_at": 4, "ended_at": 6}, 42.0),
        ({"started_at": 4, "ended_at": 6}, 120.0),
        ({"ended_at": 10.5}, 30.0),
        ({}, 60.0),
    ],
    ids=["the platform's figure", "start to end", "from when it was seen to run", "seen to run, seen to end"],
)
def test_the_running_time_comes_from_the_best_source(
    story: Any, at: Any, facts: dict[str, Any], expected: float
) -> None:
    story.see("running")
    told = {key: at(value) if key.endswith("_at") else value for key, value in facts.items()}
    ended = story.see("succeeded", **told)[-1]
    assert ended.data["duration"] == ended.data["job"]["duration"] == expected


def test_the_running_time_grows_with_the_clock_while_it_runs_whatever_the_platform_said_last(job: Any, at: Any) -> None:
    running = job("running", started_at=at(1), duration=15.0)
    assert [running_time(running, clock=at(minute)) for minute in (2, 61)] == [60.0, 3600.0]
    assert running_time(job("running", duration=15.0), clock=at(61)) == 15.0
    assert running_time(job("succeeded", started_at=at(1), ended_at=at(3), duration=15.0), clock=at(61)) == 15.0


def test_the_running_time_of_a_job_never_seen_to_run_is_unknown_not_zero(story: Any) -> None:
    story.see("queued")
    (ended,) = story.see("succeeded")
    assert ended.data["duration"] is None


def test_a_job_that_ran_before_the_baseline_does_not_get_too_short_a_running_time(story: Any, at: Any) -> None:
    story.at = 0.1
    assert story.types("running", created_at=at(-60), baselining=True) == []
    (ended,) = story.see("succeeded", created_at=at(-60), ended_at=at(1))
    assert ended.data["duration"] is None
    assert ended.data["job"]["elapsed"] == 61 * 60


def test_an_end_carries_what_a_reader_wants_to_know(story: Any, at: Any) -> None:
    story.see("running")
    error = JobError(code="OOM", message="内存不足 <b>")
    (failed,) = story.see("failed", error=error, ended_at=at(10.5))
    assert failed.data["outcome"] == "failed"
    assert failed.data["error"] == {"code": "OOM", "message": "内存不足 <b>"}
    assert failed.severity is Severity.WARNING
    assert failed.data["severity"] == "warning"
    story.see("running")
    (done,) = story.see("succeeded", output_model="qwen-ft-1")
    assert (done.severity, done.data["output_model"], done.data["error"]) == (Severity.INFO, "qwen-ft-1", None)


def test_a_cancellation_is_no_warning(story: Any) -> None:
    story.see("running")
    assert story.see("canceled")[0].severity is Severity.INFO


def test_late_is_what_happened_a_minute_before_the_previous_good_poll(story: Any, at: Any) -> None:
    story.see("running")
    (ended,) = story.see("failed", ended_at=at(9), previous_good=at(10))
    assert ended.late is False
    story.see("running")
    (ended,) = story.see("failed", ended_at=at(8.99), previous_good=at(10))
    assert ended.late is ended.data["late"] is True


def test_after_a_gap_all_is_late_whether_it_has_a_time_or_not(story: Any) -> None:
    story.see("running")
    drafts = story.see("queued", gap=True, checkpoints=4)
    assert [draft.late for draft in drafts] == [draft.data["late"] for draft in drafts] == [True, True]


def test_only_the_steps_that_are_old_are_late(story: Any, at: Any) -> None:
    story.see("queued")
    drafts = story.see("succeeded", started_at=at(2), ended_at=at(10.9), previous_good=at(10))
    assert [draft.late for draft in drafts] == [True, False]


def test_missing_is_remembered_without_an_event_and_forgotten_when_it_is_seen(story: Any, poll: Any, at: Any) -> None:
    story.see("running")
    change = job_missing(story.known, poll(11))
    assert (change.drafts, change.known.missing_since, change.known.revision) == ((), at(11), 2)
    later = job_missing(change.known, poll(12))
    assert later.known.missing_since == at(11)
    story.known = later.known
    assert story.types("running") == []
    assert (story.known.missing_since, story.known.revision) == (None, 4)


def test_gone_is_told_once_with_the_last_state(story: Any, poll: Any) -> None:
    story.see("running")
    change = job_gone(story.known, poll(12))
    (draft,) = change.drafts
    assert (draft.type, draft.subject, draft.severity) == ("job.gone", "job/ft-1", Severity.WARNING)
    assert draft.data["job"]["state"] == "running"
    assert draft.data["previous"]["duration"] == 120.0
    assert change.known.gone is True
    assert job_gone(change.known, poll(13)).drafts == ()


def test_a_gone_job_that_comes_back_is_the_same_job(story: Any, poll: Any) -> None:
    story.see("running")
    story.known = job_gone(story.known, poll(12)).known
    assert story.types("running") == []
    assert (story.known.gone, story.known.missing_since) == (False, None)
    story.known = job_gone(story.known, poll(13)).known
    assert story.types("failed") == ["finished"]


def test_the_subject_and_the_account_stand_in_every_event(story: Any) -> None:
    draft = story.see("running")[0]
    assert (draft.account, draft.subject) == ("llm", "job/ft-1")
    assert draft.data["account"] == {
        "name": "llm",
        "provider": "model-studio",
        "region": "cn-beijing",
        "labels": {"team": "nlp"},
    }


def test_the_revision_is_one_more_with_every_change_silent_or_not(story: Any) -> None:
    revisions = []
    for state, facts in (("queued", {}), ("queued", {"name": "n"}), ("unknown", {}), ("failed", {}), ("running", {})):
        story.see(state, **facts)
        revisions.append(story.known.revision)
    assert revisions == [1, 2, 3, 4, 5]


def test_a_known_job_is_never_changed_in_place(story: Any, poll: Any, job: Any) -> None:
    story.see("running")
    before = replace(story.known)
    diff_job(story.known, job("failed"), poll(12))
    assert story.known == before
