"""When a job is read again for tokens that are not there yet, and the event of a booking."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from monitor.diff import usage_event, usage_still_absent
from monitor.model import Severity, Usage

MUCH = Usage(tokens=120_000)


@dataclass(frozen=True)
class Figures:
    total: Usage = MUCH
    delta: Usage = MUCH
    cost: Decimal | None = Decimal("3.60000")
    total_cost: Decimal | None = Decimal("3.60000")
    currency: str | None = "CNY"
    correction: bool = False


@pytest.mark.parametrize("state", ["succeeded", "canceled"])
def test_an_end_without_tokens_is_looked_at_after_1_5_and_30_minutes(
    story: Any, poll: Any, at: Any, state: str
) -> None:
    story.see("running")
    story.at = 20
    story.see(state)
    known, looks = story.known, []
    while known.usage_due is not None:
        looks.append(known.usage_due)
        known = usage_still_absent(known, poll((known.usage_due - at(0)).total_seconds() / 60)).known
    assert looks == [at(21), at(25), at(50)]
    assert (known.usage_reads, known.revision) == (3, story.known.revision + 3)


def test_a_look_before_its_time_is_nothing(story: Any, poll: Any) -> None:
    story.see("succeeded")
    assert usage_still_absent(story.known, poll(10.9)) is None
    story.see("succeeded", tokens=1)
    assert usage_still_absent(story.known, poll(99)) is None


def test_late_looks_are_not_crowded_together(story: Any, poll: Any, at: Any) -> None:
    story.see("succeeded")
    known = usage_still_absent(story.known, poll(600)).known
    assert known.usage_due == at(601)


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        ("failed", {}),
        ("running", {}),
        ("succeeded", {"tokens": 5}),
        ("canceled", {"tokens": 0}),
        ("succeeded", {"reports_usage": False}),
    ],
)
def test_what_has_its_tokens_or_will_never_have_any_is_not_read_again(
    story: Any, state: str, facts: dict[str, Any]
) -> None:
    story.see(state, **facts)
    assert story.known.usage_due is None


def test_tokens_that_arrive_end_the_looking(story: Any) -> None:
    story.see("succeeded")
    assert story.known.usage_due is not None
    assert story.types("succeeded", tokens=7) == []
    assert story.known.usage_due is None


def test_a_reopening_ends_the_looking_and_the_next_end_begins_it_anew(story: Any, poll: Any, at: Any) -> None:
    story.see("succeeded")
    story.known = usage_still_absent(story.known, poll(11)).known
    story.see("running")
    assert story.known.usage_due is None
    story.see("succeeded")
    assert (story.known.usage_due, story.known.usage_reads) == (at(13), 0)


def test_a_look_that_finds_another_change_counts_as_a_look(story: Any, at: Any) -> None:
    story.see("succeeded")
    story.at = 11
    story.see("succeeded", output_model="m")
    assert (story.known.usage_reads, story.known.usage_due) == (1, at(15))


def test_a_change_before_the_look_moves_nothing(story: Any, at: Any) -> None:
    story.see("succeeded")
    story.at = 10.5
    story.see("succeeded", output_model="m")
    assert (story.known.usage_reads, story.known.usage_due) == (0, at(11))


def test_history_is_not_read_again(story: Any, at: Any) -> None:
    story.see("succeeded", created_at=at(-90), ended_at=at(-60), baselining=True)
    assert story.known.usage_due is None


def test_an_end_of_more_than_a_day_ago_is_left_to_the_sweeps(story: Any, at: Any) -> None:
    story.at = 2000
    story.see("succeeded", created_at=at(1), ended_at=at(2))
    assert story.known.usage_due is None


def test_a_gone_job_is_not_read_again(story: Any, poll: Any) -> None:
    from monitor.diff import job_gone

    story.see("succeeded")
    assert job_gone(story.known, poll(11)).known.usage_due is None


def test_a_booking_is_told_with_exact_amounts(story: Any, poll: Any, at: Any) -> None:
    story.see("succeeded", tokens=120_000, base_model="qwen3-14b", model="qwen3-14b-ft")
    draft = usage_event(story.known, Figures(), poll(11))
    assert (draft.type, draft.subject, draft.time) == ("usage.recorded", "job/ft-1", at(11))
    assert (draft.severity, draft.late) == (Severity.INFO, False)
    assert draft.data["usage"] == {
        "tokens": 120_000,
        "delta": 120_000,
        "node_hours": None,
        "delta_node_hours": None,
        "card_hours": None,
        "delta_card_hours": None,
        "cost": "3.60000",
        "total_cost": "3.60000",
        "currency": "CNY",
        "model": "qwen3-14b",
        "flavor": None,
    }
    assert draft.data["job"]["tokens"] == 120_000


def test_a_correction_has_the_difference(story: Any, poll: Any) -> None:
    story.see("succeeded", tokens=100_000)
    figures = Figures(total=Usage(tokens=100_000), delta=Usage(tokens=-20_000), cost=Decimal("-0.6"), correction=True)
    draft = usage_event(story.known, figures, poll(11))
    assert draft.type == "usage.corrected"
    assert (draft.data["usage"]["delta"], draft.data["usage"]["cost"]) == (-20_000, "-0.6")


def test_usage_without_a_price_has_no_cost_which_is_not_0(story: Any, poll: Any) -> None:
    story.see("succeeded", tokens=1)
    draft = usage_event(story.known, Figures(cost=None, total_cost=None, currency=None), poll(11))
    assert (draft.data["usage"]["cost"], draft.data["usage"]["currency"]) == (None, None)


def test_a_tiny_cost_is_never_written_with_an_exponent(story: Any, poll: Any) -> None:
    story.see("succeeded", tokens=1)
    draft = usage_event(story.known, Figures(cost=Decimal("1E-9"), total_cost=Decimal("0E-7")), poll(11))
    assert (draft.data["usage"]["cost"], draft.data["usage"]["total_cost"]) == ("0.000000001", "0.0000000")


def test_usage_is_late_after_a_gap_or_when_the_caller_knows_better(story: Any, poll: Any) -> None:
    story.see("succeeded", tokens=1)
    assert usage_event(story.known, Figures(), poll(11, gap=True)).late is True
    assert usage_event(story.known, Figures(), poll(11), late=True).data["late"] is True
