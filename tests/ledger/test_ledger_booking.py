"""What is booked of a job's tokens, and what it costs, exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ledger import Booking, PriceOptions, book
from monitor.model import Job, JobState, KnownJob

DAY = date(2026, 6, 1)


def price(amount: Any = "0.03", **facts: Any) -> PriceOptions:
    told = {"provider": "model-studio", "model": "qwen3-14b", "currency": "CNY", "since": "2026-01-01"}
    return PriceOptions.model_validate(told | {"per_1k_tokens": amount} | facts)


def booked(tokens: int | None, before: int | None = None, *prices: PriceOptions) -> Booking | None:
    job = Job(id="1", name="1", state=JobState.SUCCEEDED, provider_state="S", base_model="qwen3-14b", tokens=tokens)
    return book(known(job, before), prices, provider="model-studio", region=None, day=DAY)


def known(job: Job, before: int | None) -> KnownJob:
    return KnownJob(job=job, revision=1, state_since=datetime(2026, 6, 1, tzinfo=UTC), booked_tokens=before)


def test_absent_tokens_are_not_booked() -> None:
    assert booked(None, None, price()) is None
    assert booked(None, 5, price()) is None


def test_a_figure_is_booked_once() -> None:
    assert booked(120_000, 120_000, price()) is None


def test_a_first_figure_is_booked_with_its_cost() -> None:
    booking = booked(120_000, None, price())
    assert booking is not None
    assert (booking.total.tokens, booking.delta.tokens, booking.correction) == (120_000, 120_000, False)
    assert (booking.cost, booking.total_cost, booking.currency) == (Decimal("3.6"), Decimal("3.6"), "CNY")


def test_no_digit_of_a_cost_is_lost_however_long_it_is() -> None:
    booking = booked(9_123_456_789_012_345_678, None, price("123456.123456789"))
    assert booking is not None
    assert booking.cost is not None
    assert Fraction(booking.cost) == Fraction(9_123_456_789_012_345_678 * 123_456_123_456_789, 10**12)


def test_no_tokens_are_a_figure_too() -> None:
    booking = booked(0, None, price())
    assert booking is not None
    assert (booking.delta.tokens, booking.cost, booking.correction) == (0, Decimal(0), False)


@pytest.mark.parametrize(("before", "delta", "cost"), [(100_000, 20_000, "0.6"), (150_000, -30_000, "-0.9")])
def test_another_figure_is_a_correction_with_the_difference(before: int, delta: int, cost: str) -> None:
    booking = booked(120_000, before, price())
    assert booking is not None
    assert (booking.delta.tokens, booking.cost, booking.correction) == (delta, Decimal(cost), True)
    assert booking.total_cost == Decimal("3.6")


def test_a_figure_after_none_used_is_a_correction() -> None:
    booking = booked(5, 0)
    assert booking is not None
    assert booking.correction is True


def test_without_a_price_the_tokens_are_booked_and_the_cost_is_unknown() -> None:
    booking = booked(5)
    assert booking is not None
    assert (booking.total.tokens, booking.cost, booking.total_cost, booking.currency) == (5, None, None, None)


def test_a_model_without_a_price_of_its_own_takes_its_name() -> None:
    job = Job(id="1", name="1", state=JobState.SUCCEEDED, provider_state="S", model="m", base_model="b", tokens=1000)
    booking = book(known(job, None), [price(model="m")], provider="model-studio", region=None, day=DAY)
    assert booking is not None
    assert booking.price is not None
    assert booking.price.of == "m"


@given(
    figures=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=8),
    amount=st.decimals(min_value=0, max_value=10**6, places=9, allow_nan=False),
)
def test_bookings_always_add_up_to_the_last_figure_exactly(figures: list[int], amount: Decimal) -> None:
    before, tokens, cost = None, 0, Fraction(0)
    for figure in figures:
        booking = booked(figure, before, price(str(amount)))
        if booking is None:
            assert figure == before
            continue
        assert booking.cost is not None
        tokens, cost, before = tokens + (booking.delta.tokens or 0), cost + Fraction(booking.cost), figure
    assert tokens == figures[-1]
    assert cost == figures[-1] * Fraction(amount) / 1000
