"""The state machine by itself: what each answer makes of a deletion, and what may never be deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.actions import guard, steps
from monitor.model import ActionState, JobState
from monitor.wire import Fault, FaultKind
from tests.kit.made import NOON, deletion, known_job

SENT = deletion(state=ActionState.SENT, tries=1, sent_at=NOON, due_at=NOON)
BUSY = Fault(FaultKind.THROTTLED, "too many", retry_after=90.0)


@pytest.mark.parametrize(
    ("changes", "newer", "forbidden", "why"),
    [
        ({"state": JobState.SUCCEEDED}, True, "", ""),
        ({"state": JobState.FAILED}, True, "", ""),
        ({"state": JobState.CANCELED}, True, "it is read_only", "it is read_only"),
        ({"state": JobState.SUCCEEDED}, False, "", guard.NEWEST),
        ({"state": JobState.SUCCEEDED, "created_at": None}, True, "", guard.UNDATED),
        ({"state": JobState.SUCCEEDED, "gone": True}, True, "", guard.GONE),
        ({"state": JobState.CANCELED, "usage_due": NOON}, True, "", guard.UNBOOKED),
        ({"state": JobState.STOPPING}, True, "", guard.RUNNING.format("stopping")),
        ({"state": JobState.UNKNOWN}, True, "", guard.RUNNING.format("unknown")),
    ],
)
def test_only_a_finished_job_that_is_not_the_newest_may_go(
    changes: dict[str, Any], newer: bool, forbidden: str, why: str
) -> None:
    assert guard.unfit(known_job(**changes), newer=newer, forbidden=forbidden) == why


def test_another_attempt_is_another_job() -> None:
    assert guard.changed(deletion(attempt=1), known_job(attempt=1)) == ""
    assert guard.changed(deletion(attempt=1), known_job(attempt=2)) == guard.RESTARTED
    assert guard.unfit(None, newer=True, forbidden="") == guard.UNKNOWN


def test_a_request_is_counted_before_it_goes_out_and_not_where_it_was_turned_away() -> None:
    sent = steps.sending(deletion(state=ActionState.ARCHIVED), NOON)
    assert (sent.state, sent.tries, sent.sent_at) == (ActionState.SENT, 1, NOON)
    away = steps.throttled(sent, BUSY, NOON)
    assert (away.state, away.tries, away.due_at) == (ActionState.SENT, 0, NOON + timedelta(seconds=90))


def test_what_never_left_is_where_it_was_before() -> None:
    never = Fault(FaultKind.TRANSIENT, "no connection", sent=False)
    archived = deletion(state=ActionState.ARCHIVED)
    assert steps.unsent(archived, never, NOON).state is ActionState.REQUESTED
    assert steps.unsent(SENT, never, NOON).state is ActionState.SENT


def test_silence_is_waited_for_longer_each_time() -> None:
    waits = []
    for tries in (1, 2, 3):
        due = steps.unclear(deletion(state=ActionState.SENT, tries=tries, sent_at=NOON), NOON).due_at
        assert due is not None
        waits.append((due - NOON).total_seconds())
    assert waits == [10.0, 30.0, 90.0]


def test_a_clear_no_refuses_unless_an_earlier_request_went_unanswered() -> None:
    assert steps.declined(SENT, "no", NOON).state is ActionState.REFUSED
    again = steps.declined(deletion(state=ActionState.SENT, tries=2, sent_at=NOON), "no", NOON)
    assert (again.state, again.tries) == (ActionState.SENT, steps.MOST_TRIES)


@pytest.mark.parametrize("kind", sorted(steps.REFUSALS))
def test_a_read_that_no_waiting_mends_ends_what_was_not_sent_and_not_what_was(kind: FaultKind) -> None:
    fault = Fault(kind, "not with this key")
    assert steps.unread(deletion(), fault, NOON).state is ActionState.REFUSED
    assert steps.unread(SENT, fault, NOON).state is ActionState.SENT
    assert steps.unread(SENT, fault, NOON + timedelta(hours=7)).state is ActionState.FAILED


def test_a_platform_that_says_when_to_come_back_is_obeyed() -> None:
    assert steps.unread(deletion(), BUSY, NOON).due_at == NOON + timedelta(seconds=90)


def test_what_is_still_there_is_looked_at_soon_and_then_every_20_seconds_for_half_an_hour() -> None:
    accepted = steps.accepted(SENT, NOON)
    looked = [accepted.due_at]
    for _ in range(11):
        assert looked[-1] is not None
        looked.append(steps.still_there(accepted, looked[-1]).due_at)
    assert [(each - NOON).total_seconds() for each in looked if each] == [1, 3, 8, 13, 18, 23, 28, 33, 43, 53, 63, 83]
    late = NOON + timedelta(minutes=30)
    assert steps.still_there(accepted, late).due_at == late + timedelta(seconds=20)
    failed = steps.still_there(accepted, late + timedelta(seconds=1))
    assert failed.state is ActionState.FAILED
    assert failed.settled_at is not None
    assert failed.due_at is None


def test_what_a_policy_said_of_it_outlives_a_time_in_which_nobody_sees_the_place() -> None:
    said = deletion(state=ActionState.SENT, tries=1, sent_at=NOON, reason="nightly: it failed")
    blind = steps.blind(steps.blind(said, NOON), NOON)
    assert blind.reason == f"nightly: it failed; {steps.BLIND}"
    assert steps.in_sight(blind).reason == "nightly: it failed"
    assert steps.in_sight(steps.blind(SENT, NOON)).reason == ""
