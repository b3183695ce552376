"""A job seen for the first time: news, or history that is only to be known (promises 6 and 7)."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.diff import diff_job

OLD, NEW = -30, 3  # minutes: before and after the baseline began

# (state, created, ended, what is told while the baseline is taken, what is told after it; `!` marks late)
ROWS: list[tuple[str, float | None, float | None, str, str]] = [
    ("running", OLD, None, "", "submitted! started!"),
    ("queued", OLD, None, "", "submitted! queued!"),
    ("pending", None, None, "", "submitted"),
    ("unknown", OLD, None, "", "submitted!"),
    ("running", 0, None, "", "submitted! started"),  # of the very second: times are whole seconds
    ("running", NEW, None, "submitted started", "submitted started"),
    ("unknown", NEW, None, "submitted", "submitted"),
    ("succeeded", OLD, OLD + 5, "", ""),
    ("failed", None, OLD, "", ""),
    ("failed", OLD, 0, "", ""),
    ("failed", OLD, NEW, "finished", "submitted! finished!"),
    ("failed", None, NEW, "finished", "submitted finished"),
    ("canceled", OLD, None, "", "submitted! finished!"),
    ("canceled", None, None, "", "submitted finished"),
    ("canceled", NEW, None, "submitted finished", "submitted finished"),
    ("succeeded", NEW, NEW + 1, "submitted finished", "submitted finished"),
]


def _told(change: Any) -> str:
    return " ".join(draft.type.removeprefix("job.") + "!" * draft.late for draft in change.drafts)


@pytest.mark.parametrize("row", ROWS, ids=[f"{r[0]}, created {r[1]}, ended {r[2]}" for r in ROWS])
@pytest.mark.parametrize("first_run", ["silent", "summary"])
@pytest.mark.parametrize("baselining", [True, False])
def test_what_is_told_of_a_job_at_first_sight(
    job: Any, poll: Any, at: Any, row: Any, first_run: str, baselining: bool
) -> None:
    state, created, ended, during, after = row
    seen = job(state, created_at=_at(at, created), ended_at=_at(at, ended))
    previous = None if baselining else at(3)
    change = diff_job(None, seen, poll(4, baselining=baselining, first_run=first_run, previous_good=previous))
    assert _told(change) == (during if baselining else after)
    assert change.known.revision == 1
    assert change.known.finished_attempt == (1 if seen.state.terminal else 0)


@pytest.mark.parametrize("row", ROWS, ids=[f"{r[0]}, created {r[1]}, ended {r[2]}" for r in ROWS])
def test_first_run_full_tells_everything_that_the_baseline_finds(job: Any, poll: Any, at: Any, row: Any) -> None:
    state, created, ended, _, _ = row
    seen = job(state, created_at=_at(at, created), ended_at=_at(at, ended))
    change = diff_job(None, seen, poll(4, baselining=True, first_run="full", previous_good=None))
    assert change.drafts[0].type == "job.submitted"
    assert (change.drafts[-1].type == "job.finished") is seen.state.terminal


def test_after_the_baseline_history_stays_silent_under_full_too(job: Any, poll: Any, at: Any) -> None:
    change = diff_job(None, job("failed", created_at=at(OLD), ended_at=at(-1)), poll(4, first_run="full"))
    assert change.drafts == ()


def test_without_any_clock_of_the_platform_the_baseline_adopts_and_later_polls_tell(job: Any, poll: Any) -> None:
    seen = job("running", created_at=None)
    assert diff_job(None, seen, poll(baselining=True, baseline_from=None)).drafts == ()
    assert _told(diff_job(None, seen, poll(baseline_from=None))) == "submitted started"


def test_an_adopted_job_goes_on_as_if_it_had_always_been_known(story: Any, at: Any) -> None:
    assert story.types("queued", created_at=at(OLD), baselining=True) == []
    assert story.types("queued", created_at=at(OLD)) == []
    assert story.types("running", created_at=at(OLD)) == ["started"]
    assert story.types("failed", created_at=at(OLD)) == ["finished"]


def test_an_adopted_job_that_ran_is_requeued_and_restarted(story: Any, at: Any) -> None:
    story.see("running", created_at=at(OLD), baselining=True)
    assert story.types("queued", created_at=at(OLD)) == ["requeued"]
    assert story.types("running", created_at=at(OLD)) == ["restarted"]


def test_an_adopted_job_whose_start_has_a_time_is_not_started_again(story: Any, at: Any) -> None:
    story.see("queued", created_at=at(OLD), started_at=at(-20), baselining=True)
    assert story.types("running", created_at=at(OLD), started_at=at(-20)) == ["restarted"]


def test_an_adopted_end_that_reopens_is_a_second_attempt(story: Any, at: Any) -> None:
    story.see("failed", created_at=at(OLD), ended_at=at(-1), baselining=True)
    assert story.types("running", created_at=at(OLD)) == ["reopened", "started"]
    (ended,) = story.see("succeeded", created_at=at(OLD))
    assert ended.data["attempt"] == 2


@pytest.mark.parametrize(
    ("facts", "since"),
    [
        ({"created_at": OLD, "baselining": True, "state": "queued"}, 0),
        ({"created_at": 0, "baselining": True, "state": "queued"}, 0),
        ({"created_at": 1, "baselining": True, "state": "queued"}, 4),
        ({"created_at": OLD, "baselining": True, "state": "running", "started_at": -9}, -9),
        ({"created_at": OLD, "baselining": True, "state": "pending"}, OLD),
        ({"created_at": OLD, "baselining": True, "state": "failed", "ended_at": -2}, -2),
        ({"created_at": 3, "state": "pending"}, 3),
        ({"created_at": 3, "state": "queued"}, 4),
        ({"created_at": 3, "state": "pending", "started_at": 3.5}, 4),
    ],
)
def test_the_state_began_when_a_time_proves_it_else_at_detection_or_at_the_baseline(
    job: Any, poll: Any, at: Any, facts: dict[str, Any], since: float
) -> None:
    told = {key: at(value) if key.endswith("_at") else value for key, value in facts.items()}
    baselining, state = told.pop("baselining", False), told.pop("state")
    change = diff_job(None, job(state, **told), poll(4, baselining=baselining))
    assert change.known.state_since == at(since)


def _at(at: Any, minutes: float | None) -> Any:
    return None if minutes is None else at(minutes)
