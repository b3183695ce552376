"""The transition table of section 3 of the design, row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.diff import diff_job

Seen = str | tuple[str, dict[str, Any]]

FIRST_SIGHT: list[tuple[Seen, str]] = [
    ("pending", "submitted"),
    ("queued", "submitted queued"),
    ("running", "submitted started"),
    ("stopping", "submitted stopping"),
    ("succeeded", "submitted finished"),
    ("failed", "submitted finished"),
    ("canceled", "submitted finished"),
    ("unknown", "submitted"),
]

ROWS: list[tuple[str, list[Seen], str]] = [
    ("first entry into queued", ["pending", "queued"], "queued"),
    ("a second entry into queued tells nothing", ["queued", "pending", "queued"], ""),
    ("first entry into running", ["queued", "running"], "started"),
    ("a missed queue tells nothing", ["pending", "running"], "started"),
    ("running to queued", ["queued", "running", "queued"], "requeued"),
    ("running to queued is one event even where it is the first queue", ["running", "queued"], "requeued"),
    ("running to pending", ["running", "pending"], "requeued"),
    ("pending after queued tells nothing", ["queued", "pending"], ""),
    ("a later entry into running", ["running", "queued", "running"], "restarted"),
    ("a stop that was refused", ["running", "stopping", "running"], "restarted"),
    ("a stop before the start that was refused", ["queued", "stopping", "running"], "started"),
    ("entry into stopping", ["running", "stopping"], "stopping"),
    ("entry into succeeded", ["running", "succeeded"], "finished"),
    ("entry into failed from the queue", ["queued", "failed"], "finished"),
    ("entry into canceled", ["stopping", "canceled"], "finished"),
    ("everything between missed", ["pending", "succeeded"], "finished"),
    ("reopened into running that ran before", ["running", "failed", "running"], "reopened restarted"),
    ("reopened into running that never ran", ["queued", "failed", "running"], "reopened started"),
    ("reopened into its first queue", ["failed", "queued"], "reopened queued"),
    ("reopened into a later queue", ["queued", "failed", "queued"], "reopened"),
    ("reopened into pending", ["failed", "pending"], "reopened"),
    ("reopened into stopping", ["failed", "stopping"], "reopened stopping"),
    ("a second end", ["failed", "running", "succeeded"], "finished"),
    ("another outcome proves another attempt", ["failed", "succeeded"], "finished"),
    ("into unknown", ["running", "unknown"], ""),
    ("out of unknown into the same", ["running", "unknown", "running"], ""),
    ("out of unknown into another: the last known counts", ["running", "unknown", "queued"], "requeued"),
    ("an end behind unknown", ["running", "unknown", "succeeded"], "finished"),
    ("unknown over an end", ["succeeded", "unknown", "succeeded"], ""),
    ("a reopening behind unknown", ["failed", "unknown", "running"], "reopened started"),
    ("first known state of a job that was unknown", ["unknown", "running"], "started"),
    ("first known state of a job that was unknown is an end", ["unknown", "failed"], "finished"),
    ("one unknown word after another", ["running", "unknown", ("unknown", {"provider_state": "ODD"})], ""),
    ("runs grew while running", [("running", {"runs": 1}), ("running", {"runs": 2})], "restarted"),
    ("runs grew by two: still one poll, one event", [("running", {"runs": 1}), ("running", {"runs": 3})], "restarted"),
    (
        "runs grew with a later entry: one event",
        [("running", {"runs": 1}), "queued", ("running", {"runs": 2})],
        "restarted",
    ),
    ("runs grew before the end", [("running", {"runs": 1}), ("succeeded", {"runs": 2})], "restarted finished"),
    ("runs grew before it waits again", [("running", {"runs": 1}), ("queued", {"runs": 2})], "restarted requeued"),
    ("runs that were never given do not grow", ["running", ("running", {"runs": 2})], ""),
    (
        "runs that are left out once do not start anew",
        [("running", {"runs": 2}), "running", ("running", {"runs": 2})],
        "",
    ),
    (
        "runs grew over an end: an attempt was missed",
        [("running", {"runs": 1}), ("failed", {"runs": 1}), ("failed", {"runs": 2})],
        "restarted finished",
    ),
    (
        "runs grew under an unknown word: told with the next known one",
        [("running", {"runs": 1}), ("unknown", {"runs": 2}), ("running", {"runs": 2})],
        "restarted",
    ),
    ("the first run of a job that had none", [("queued", {"runs": 0}), ("running", {"runs": 1})], "started"),
]


@pytest.mark.parametrize(("state", "expected"), FIRST_SIGHT)
def test_a_new_job_is_submitted_and_then_what_its_state_says(story: Any, state: str, expected: str) -> None:
    assert story.types(state) == expected.split()


@pytest.mark.parametrize(("states", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_last_step_of_a_story_tells_what_the_table_says(story: Any, states: list[Seen], expected: str) -> None:
    told: list[str] = []
    for seen in states:
        state, facts = (seen, {}) if isinstance(seen, str) else seen
        told = story.types(state, **facts)
    assert told == expected.split()


@pytest.mark.parametrize(("states", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_same_observation_a_second_time_is_nothing_to_write(
    story: Any, poll: Callable[..., Any], job: Callable[..., Any], states: list[Seen], expected: str
) -> None:
    for seen in states:
        state, facts = (seen, {}) if isinstance(seen, str) else seen
        story.see(state, **facts)
        assert diff_job(story.known, job(state, **facts), poll(story.at)) is None


def test_a_start_that_its_time_proves_is_told_before_the_end(story: Any, at: Any) -> None:
    story.see("queued")
    drafts = story.see("succeeded", started_at=at(10.2), ended_at=at(10.8))
    assert [(draft.type, draft.time) for draft in drafts] == [("job.started", at(10.2)), ("job.finished", at(10.8))]
    assert drafts[1].data["previous"] == {
        "state": "running",
        "provider_state": None,
        "since": "2026-03-01T12:10:12Z",
        "duration": 36.0,
    }


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["queued", "stopping"], "started stopping"),
        (["queued", "queued"], "started"),
        (["pending", "queued"], "started queued"),
        (["stopping", "canceled"], "started finished"),
        (["unknown", "failed"], "started finished"),
    ],
)
def test_a_proven_start_stands_before_whatever_is_seen_and_is_told_once(
    story: Any, at: Any, states: list[str], expected: str
) -> None:
    story.see(states[0])
    assert story.types(states[1], started_at=at(10.5)) == expected.split()
    assert "started" not in story.types("running", started_at=at(10.5))


def test_a_stop_that_was_seen_is_what_comes_before_the_end(story: Any, at: Any) -> None:
    story.see("stopping")
    ended = story.see("canceled", started_at=at(9.5))[-1]
    assert ended.data["previous"]["state"] == "stopping"


def test_a_start_time_that_did_not_move_is_not_the_time_of_a_restart(story: Any, at: Any) -> None:
    for state in ("running", "queued"):
        story.see(state, started_at=at(9.5))
    (restarted,) = story.see("running", started_at=at(9.5))
    assert (restarted.type, restarted.time, story.known.state_since) == ("job.restarted", at(12), at(12))


def test_a_waiting_state_begins_at_detection_whatever_time_a_restart_before_it_has(story: Any, at: Any) -> None:
    story.see("running", started_at=at(9.5), runs=1)
    story.see("queued", started_at=at(9.5), runs=1)
    (restarted,) = story.see("pending", started_at=at(11.5), runs=2)
    assert (restarted.time, story.known.state_since) == (at(11.5), at(12))


def test_a_new_job_that_is_over_tells_the_start_that_its_time_proves(story: Any, at: Any) -> None:
    assert story.types("failed", started_at=at(5), ended_at=at(6)) == ["submitted", "started", "finished"]


def test_a_start_time_that_comes_after_the_end_was_told_tells_nothing(story: Any, at: Any) -> None:
    story.see("queued")
    story.see("failed")
    assert story.types("failed", started_at=at(10.5)) == []
    assert story.types("running", started_at=at(10.5)) == ["reopened", "restarted"]


def test_a_start_time_under_an_unknown_word_waits_for_a_known_one(story: Any, at: Any) -> None:
    story.see("queued")
    assert story.types("unknown", started_at=at(10.5)) == []
    assert story.types("succeeded", started_at=at(10.5)) == ["started", "finished"]


def test_each_attempt_ends_once_and_says_its_number(story: Any) -> None:
    ends: list[tuple[str, int]] = []
    for state in ("running", "failed", "unknown", "failed", "running", "canceled", "running", "succeeded"):
        ends += [(d.data["outcome"], d.data["attempt"]) for d in story.see(state) if d.type == "job.finished"]
    assert ends == [("failed", 1), ("canceled", 2), ("succeeded", 3)]
    assert story.known.attempt == story.known.finished_attempt == 3


def test_an_outcome_that_changes_is_the_end_of_the_next_attempt(story: Any) -> None:
    story.see("failed")
    (ended,) = story.see("succeeded")
    assert (ended.data["attempt"], ended.data["job"]["attempt"], ended.data["previous"]["state"]) == (2, 2, "failed")


def test_under_an_unknown_word_the_last_known_state_stands_and_the_facts_move(story: Any) -> None:
    story.see("running", output_model=None)
    story.see("unknown", provider_state="MIGRATING", output_model="m-1")
    assert story.known.job.state == "running"
    assert (story.known.job.provider_state, story.known.job.output_model) == ("MIGRATING", "m-1")
    assert story.known.revision == 2
