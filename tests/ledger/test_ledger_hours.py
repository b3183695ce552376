"""The time of nodes and cards: what is booked of it, over several attempts, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ledger import Booking, Price, PriceOptions, book
from monitor.ledger.hours import advance
from monitor.model import BookedTime, Job, JobState, KnownJob, Usage, hours, hours_text

DAY = date(2026, 6, 1)
HOUR = 3_600_000


def known(ran: float | None = 3600.0, **facts: Any) -> KnownJob:
    plain: dict[str, Any] = {"state": JobState.SUCCEEDED, "flavor": "npu.8", "nodes": 2, "accelerators": 8.0}
    job = Job(id="1", name="1", provider_state="x", ran=ran, **(plain | facts))
    return KnownJob(job=job, revision=1, state_since=datetime(2026, 6, 1, tzinfo=UTC))


def price(**facts: Any) -> PriceOptions:
    told = {"provider": "modelarts", "flavor": "npu.8", "currency": "CNY", "since": "2026-01-01"}
    return PriceOptions.model_validate(told | (facts or {"per_node_hour": 10}))


def booked(job: KnownJob, *prices: PriceOptions) -> Booking | None:
    return book(job, prices, provider="modelarts", region=None, day=DAY)


def after(job: KnownJob, attempt: int = 1, **facts: Any) -> KnownJob:
    """Once it is booked, another figure."""
    first = booked(job)
    assert first is not None
    return replace(job, job=replace(job.job, **facts), attempt=attempt, booked_time=first.booked_time)


def test_a_job_that_is_over_is_booked_by_time_times_nodes_times_cards() -> None:
    booking = booked(known(), price())
    assert booking is not None
    assert booking.total == booking.delta == Usage(node_ms=2 * HOUR, card_ms=16 * HOUR)
    assert (booking.cost, booking.total_cost, booking.currency) == (Decimal(20), Decimal(20), "CNY")
    assert booking.correction is False


@pytest.mark.parametrize(
    "facts",
    [
        {"ran": None},
        {"state": JobState.RUNNING},
        {"nodes": None},
        {"nodes": 0},
        {"ran": 1e12, "nodes": 10**6},
        {"ran": 1e12, "accelerators": 1e6},
        {"ran": -1.0},
    ],
)
def test_what_is_not_told_not_over_or_past_belief_is_not_booked(facts: dict[str, Any]) -> None:
    assert booked(known(**facts), price()) is None


def test_tokens_stand_before_time() -> None:
    booking = booked(known(tokens=5))
    assert booking is not None
    assert booking.total == Usage(tokens=5)


@pytest.mark.parametrize(
    ("facts", "cost", "currency"),
    [
        ({"per_card_hour": "1.5"}, Decimal(24), "CNY"),
        ({"per_node_hour": "1", "flavor": "other"}, None, None),
        ({"per_node_hour": "1", "since": "2026-06-02"}, None, None),
    ],
)
def test_the_price_is_of_the_flavors_nodes_or_of_its_cards(
    facts: dict[str, Any], cost: Decimal | None, currency: str | None
) -> None:
    booking = booked(known(), price(**facts))
    assert booking is not None
    assert (booking.cost, booking.currency) == (cost, currency)


def test_without_the_number_of_cards_a_price_of_cards_says_nothing() -> None:
    booking = booked(known(accelerators=None), price(per_card_hour=1))
    assert booking is not None
    assert (booking.total.card_ms, booking.cost, booking.currency) == (None, None, None)


def test_what_hours_cost_is_rounded_half_to_even_at_the_twelfth_place() -> None:
    booking = booked(known(ran=0.001, nodes=1), price(per_node_hour="0.0000018"))
    assert booking is not None
    assert str(booking.cost) == "0", "half of the last place"
    booking = booked(known(ran=0.003, nodes=1), price(per_node_hour="0.0000018"))
    assert booking is not None
    assert booking.cost == Decimal("0.000000000002")


def test_the_same_figure_is_booked_once() -> None:
    assert booked(after(known())) is None


@pytest.mark.parametrize(("ran", "delta", "cost"), [(5400.0, HOUR, "10"), (1800.0, -HOUR, "-10")])
def test_a_later_figure_is_a_correction_with_the_difference(ran: float, delta: int, cost: str) -> None:
    booking = booked(after(known(), ran=ran), price())
    assert booking is not None
    assert (booking.delta, booking.correction) == (Usage(node_ms=delta, card_ms=8 * delta), True)
    assert booking.cost == Decimal(cost)


def test_cards_that_are_told_later_are_booked_then() -> None:
    booking = booked(after(known(accelerators=None), accelerators=8.0), price(per_card_hour=1))
    assert booking is not None
    assert (booking.delta, booking.cost) == (Usage(node_ms=0, card_ms=16 * HOUR), Decimal(16))


def test_cards_that_are_told_no_more_stay_booked() -> None:
    assert booked(after(known(), accelerators=None)) is None
    booking = booked(after(known(), accelerators=None, ran=7200.0))
    assert booking is not None
    assert booking.delta == Usage(node_ms=2 * HOUR, card_ms=0)


def test_a_second_attempt_that_is_counted_on_books_the_difference() -> None:
    booking = booked(after(known(), attempt=2, ran=5400.0))
    assert booking is not None
    assert booking.delta.node_ms == HOUR
    assert booking.total.node_ms == 3 * HOUR


def test_a_second_attempt_that_is_counted_anew_is_added_and_then_corrected_by_itself() -> None:
    again = after(known(), attempt=2, ran=1800.0)
    booking = booked(again)
    assert booking is not None
    assert (booking.delta.node_ms, booking.total.node_ms) == (HOUR, 3 * HOUR)
    moved = replace(again, job=replace(again.job, ran=900.0), booked_time=booking.booked_time)
    correction = booked(moved)
    assert correction is not None
    assert correction.delta == Usage(node_ms=-HOUR // 2, card_ms=-4 * HOUR)
    assert correction.total == Usage(node_ms=5 * HOUR // 2, card_ms=20 * HOUR)


@given(figures=st.lists(st.tuples(st.integers(1, 10**9), st.booleans()), min_size=1, max_size=12))
def test_what_bookings_add_always_comes_to_the_last_total(figures: list[tuple[int, bool]]) -> None:
    """Attempts that are counted anew add up; any other figure replaces the one of its attempt."""
    state: BookedTime | None = None
    added, attempt, kept, last, anew = 0, 1, 0, 0, False
    price = Price(of="npu.8", per="node_hour", amount=Decimal("3.7"), currency="CNY")
    money = Decimal(0)
    for figure, another in figures:
        attempt += another
        anew = state is not None and (anew or another)
        if anew and kept + figure < last:
            kept = last
        before = Usage(node_ms=state.node_ms) if state else Usage()
        step = advance(state, attempt, Usage(node_ms=figure, card_ms=None))
        last = kept + figure
        if step is not None:
            state = step.booked
            added, anew = added + (step.delta.node_ms or 0), False
            money += price.more(Usage(node_ms=state.node_ms), before) or 0
        assert state is not None
        assert added == state.node_ms == last
    assert money == price.cost(Usage(node_ms=last))


def test_hours_are_shown_so_that_milliseconds_can_be_had_back() -> None:
    assert [hours_text(ms) for ms in (0, 1, HOUR, 36 * HOUR * 10**6, -HOUR // 2, None)] == [
        "0",
        "0.000000278",
        "1",
        "36000000",
        "-0.5",
        None,
    ]
    assert all(round(hours(ms) * HOUR) == ms for ms in (1, 2, 3_599_999, 123_456_789_012_345))
