"""When a delivery is tried again, as a table and as properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.delivery import Policy
from monitor.model import Delivery, DeliveryState, Notification, Outcome, Reason, Receipt, Severity, Text
from tests.kit.outbox import START

DELIVERY = Delivery(
    id="d",
    sink="s",
    attempt=1,
    notification=Notification(
        id="n",
        rule="r",
        severity=Severity.INFO,
        reason=Reason.NEW,
        text=Text(title="t", plain="p", markdown="m"),
        created_at=START,
        events=(),
    ),
)
POLICY = Policy(retry_for=3600)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.DELIVERED, DeliveryState.DELIVERED),
        (Outcome.REFUSED, DeliveryState.REFUSED),
        (Outcome.RETRY, DeliveryState.PENDING),
        (Outcome.UNKNOWN, DeliveryState.PENDING),
    ],
)
def test_only_what_may_still_arrive_is_tried_again(outcome: Outcome, state: DeliveryState) -> None:
    settlement = POLICY.settle(DELIVERY, Receipt(outcome=outcome), START, 0.5)
    assert settlement.state is state
    assert (settlement.next_at is not None) is (state is DeliveryState.PENDING)


@pytest.mark.parametrize(("attempt", "longest"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (5000, 300)])
def test_the_wait_doubles_from_one_second_to_five_minutes(attempt: int, longest: float) -> None:
    settlement = POLICY.settle(replace(DELIVERY, attempt=attempt), Receipt(outcome=Outcome.RETRY), START, 1.0)
    assert settlement.next_at == START + timedelta(seconds=longest)


@given(
    attempt=st.integers(1, 10_000),
    age=st.floats(0, 3599),
    roll=st.floats(0, 1),
    asked=st.none() | st.floats(0, 1e12),
)
def test_the_next_attempt_is_never_before_what_was_asked_for_nor_after_the_end(
    attempt: int, age: float, roll: float, asked: float | None
) -> None:
    now = START + timedelta(seconds=age)
    receipt = Receipt(outcome=Outcome.RETRY, retry_after=asked)
    settlement = POLICY.settle(replace(DELIVERY, attempt=attempt), receipt, now, roll)
    end = START + timedelta(seconds=3600)
    assert settlement.next_at is not None
    assert now <= settlement.next_at <= end
    assert settlement.next_at == end or settlement.next_at >= now + timedelta(seconds=asked or 0)


def test_after_its_time_a_message_is_dead() -> None:
    failed = Receipt(outcome=Outcome.UNKNOWN)
    assert POLICY.settle(DELIVERY, failed, START + timedelta(seconds=3599), 0).state is DeliveryState.PENDING
    assert POLICY.settle(DELIVERY, failed, START + timedelta(seconds=3600), 0).state is DeliveryState.DEAD


def test_a_test_ends_much_sooner_and_is_no_message_that_was_given_up() -> None:
    failed, refused = Receipt(outcome=Outcome.UNKNOWN), Receipt(outcome=Outcome.REFUSED)
    test = replace(DELIVERY, notification=replace(DELIVERY.notification, reason=Reason.TEST))
    assert POLICY.settle(test, failed, START + timedelta(seconds=31), 0).state is DeliveryState.DROPPED
    assert POLICY.settle(test, refused, START, 0).state is DeliveryState.DROPPED
