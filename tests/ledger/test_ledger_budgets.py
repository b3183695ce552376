"""Budgets without a store: their periods, what counts, what is told of it and what it comes to at this rate."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from monitor.ledger import budgets
from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.budgets import Entry, Step, decide, standing
from monitor.ledger.periods import Period, period_before, period_of

NOW = datetime(2026, 11, 16, tzinfo=UTC)  # a Monday; the month is half over


def budget(**facts: Any) -> BudgetOptions:
    amount = {} if {"card_hours", "node_hours", "cost"} & facts.keys() else {"tokens": 1000}
    return BudgetOptions.model_validate({"name": "b", **amount, **facts})


def at(*entries: tuple[datetime, int]) -> list[Entry]:
    return [Entry(moment, Decimal(amount)) for moment, amount in entries]


def step(used: int, told: Collection[str] = (), *, now: datetime = NOW, **facts: Any) -> Step:
    options = budget(**{"forecast": False} | facts)
    return decide(standing(options, period_of(options, now), at((now, used)), now), told)


@pytest.mark.parametrize(
    ("period", "zone", "moment", "start", "end"),
    [
        ("day", "UTC", "2026-11-16T23:59:59Z", "2026-11-16T00:00Z", "2026-11-17T00:00Z"),
        ("week", "UTC", "2026-11-15T12:00Z", "2026-11-09T00:00Z", "2026-11-16T00:00Z"),
        ("month", "UTC", "2026-12-31T23:00Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z"),
        ("month", "UTC", "2024-02-29T00:00Z", "2024-02-01T00:00Z", "2024-03-01T00:00Z"),
        ("month", "Asia/Shanghai", "2026-10-31T16:00Z", "2026-10-31T16:00Z", "2026-11-30T16:00Z"),
        ("day", "Europe/Berlin", "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),  # 25 hours
        ("day", "America/Sao_Paulo", "2018-11-04T12:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z"),  # no midnight
        ("day", "America/Havana", "2026-11-01T04:30Z", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),  # two of them
        ("day", "America/Havana", "2026-11-01T05:30Z", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
    ],
)
def test_a_period_of_the_calendar_begins_and_ends_at_midnight_of_its_zone(
    period: str, zone: str, moment: str, start: str, end: str
) -> None:
    found = period_of(budget(period=period, timezone=zone), datetime.fromisoformat(moment))
    assert (found.start, found.end) == (datetime.fromisoformat(start), datetime.fromisoformat(end))


@pytest.mark.parametrize("zone", ["UTC", "America/Havana", "America/Sao_Paulo", "Asia/Shanghai", "Africa/Cairo"])
def test_the_days_of_a_year_follow_each_other_without_a_gap(zone: str) -> None:
    options = budget(period="day", timezone=zone)
    found = period_of(options, datetime(2026, 1, 1, 12, tzinfo=UTC))
    for _ in range(366):
        after = period_of(options, found.end)
        assert after.start == found.end
        assert period_before(options, after) == found
        found = after


def test_a_period_that_looks_back_ends_now_and_has_none_before_it() -> None:
    options = budget(period="30d")
    found = period_of(options, NOW)
    assert found == Period(NOW - timedelta(days=30), NOW)
    assert period_before(options, found) is None


USED = {"tokens": 7, "node_ms": 3_600_000, "card_ms": 7_200_000, "cost": Decimal("1.50"), "currency": "CNY"}


@pytest.mark.parametrize(
    ("amount", "counts", "shown"),
    [
        ({"tokens": 5}, "7", "7"),
        ({"node_hours": 5}, "3600000", "1"),
        ({"card_hours": "5"}, "7200000", "2"),
        ({"cost": 5, "currency": "cny"}, "1.50", "1.50"),
        ({"cost": 5, "currency": "USD"}, "0", "0"),
    ],
)
def test_a_booking_counts_in_the_unit_of_the_budget(amount: Any, counts: str, shown: str) -> None:
    options = BudgetOptions.model_validate({"name": "b", **amount})
    found = budgets.counted(options, **USED)  # type: ignore[arg-type]
    assert (found, budgets.people(options, found)) == (Decimal(counts), Decimal(shown))


def test_what_has_no_price_adds_no_money() -> None:
    options = budget(cost=5, currency="CNY")
    assert budgets.counted(options, **USED | {"cost": None, "currency": None}) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("used", "told", "threshold", "marks"),
    [
        (499, (), None, ()),
        (500, (), 50.0, ("50",)),  # reached is reached
        (999, ("50",), 80.0, ("80",)),
        (1000, (), 100.0, ("50", "80", "100")),  # the highest alone
        (1000, ("50", "80", "100"), None, ()),
        (100, ("50", "80"), None, ()),  # a correction takes nothing back …
        (900, ("50", "80"), None, ()),  # … and what comes again is no news
    ],
)
def test_of_thresholds_that_are_reached_the_highest_is_told_once(
    used: int, told: Any, threshold: float | None, marks: Any
) -> None:
    assert step(used, told) == Step(threshold=threshold, mark=marks)


def test_a_threshold_below_one_that_was_told_is_marked_and_not_told() -> None:
    assert step(900, ("80",), thresholds=["60%", "80%"]) == Step(mark=("60",))


def test_a_threshold_may_be_a_fraction_and_above_all() -> None:
    assert step(2000, ("33.3",), thresholds=["33.3%", "150%"]) == Step(threshold=150.0, mark=("150",))


@pytest.mark.parametrize(("used", "left"), [(720, True), (719, False)])
def test_a_period_that_looks_back_forgets_what_it_told_when_it_eased_by_a_tenth(used: int, left: bool) -> None:
    found = step(used, ("50", "80"), period="30d")
    assert found.unmark == (() if left else ("80",))
    assert step(800, {"50", "80"} - {*found.unmark}, period="30d").threshold == (None if left else 80.0)


def test_a_period_that_looks_back_has_eased_when_nothing_of_what_it_told_is_left() -> None:
    assert step(449, ("50",), period="30d") == Step(unmark=("50",), eased=True)
    assert not step(449, (), period="30d").eased


def test_at_this_rate_the_amount_is_passed_on_a_day_before_the_end() -> None:
    found = standing(budget(), period_of(budget(), NOW), at((NOW, 750)), NOW)
    assert found.forecast is not None
    assert found.forecast.expected == 1500
    assert found.passes_at == datetime(2026, 11, 21, tzinfo=UTC)  # 15 days for 750, so 20 for 1000
    assert decide(found, ("50",)) == Step(forecast=True, mark=("forecast",))
    assert decide(found, ("50", "forecast")) == Step()


def test_a_threshold_that_is_told_says_the_forecast_along() -> None:
    found = standing(budget(), period_of(budget(), NOW), at((NOW, 750)), NOW)
    assert decide(found, ()) == Step(threshold=50.0, forecast=True, mark=("50", "forecast"))


@pytest.mark.parametrize(
    ("used", "day", "facts"),
    [
        (500, 16, {}),  # just enough
        (1000, 16, {}),  # passed already
        (750, 3, {}),  # too early to say
        (750, 16, {"forecast": False}),
        (0, 16, {}),
        (-5, 16, {}),
    ],
)
def test_no_forecast_is_told_that_nobody_needs(used: int, day: int, facts: Any) -> None:
    options, now = budget(**facts), NOW.replace(day=day)
    assert not decide(standing(options, period_of(options, now), at((now, used)), now), ()).forecast


def test_a_forecast_is_not_told_after_the_amount_was_passed_and_corrected() -> None:
    found = standing(budget(), period_of(budget(), NOW), at((NOW, 750)), NOW)
    assert decide(found, ("50", "80", "100")) == Step()


def rolling(*entries: tuple[datetime, int], **facts: Any) -> budgets.Standing:
    options = budget(period="4d", **facts)
    return standing(options, period_of(options, NOW), at(*entries), NOW)


def test_looking_back_the_rate_is_that_of_the_last_quarter() -> None:
    found = rolling((NOW - timedelta(hours=1), 400))  # 400 a day
    assert found.passes_at == NOW + timedelta(days=1.5)


def test_looking_back_what_falls_out_of_sight_makes_room() -> None:
    found = rolling((NOW - timedelta(days=3), 600), (NOW - timedelta(hours=1), 300))  # 600 leave in a day
    assert found.forecast is not None
    assert found.passes_at == NOW + timedelta(seconds=28800)  # 100 are left, 300 come a day
    slower = rolling((NOW - timedelta(days=3), 600), (NOW - timedelta(hours=1), 200))
    assert slower.forecast == budgets.Forecast(expected=Decimal(1000), passes_at=NOW + timedelta(days=1))
    calm = rolling((NOW - timedelta(days=3), 600), (NOW - timedelta(hours=1), 100))
    assert calm.forecast == budgets.Forecast(expected=Decimal(800), passes_at=None)


def test_looking_back_a_forecast_eases_too() -> None:
    quiet = rolling((NOW - timedelta(days=2), 100))
    assert decide(quiet, ("forecast",)) == Step(unmark=("forecast",), eased=True)
    assert decide(rolling((NOW - timedelta(hours=1), 240)), ("forecast",)) == Step()  # 960 are still near


@pytest.mark.parametrize(
    "facts",
    [{"tokens": 2000}, {"scope": "true"}, {"period": "week"}, {"timezone": "Asia/Tokyo"}, {"card_hours": 1000}],
)
def test_a_budget_that_counts_otherwise_is_another_one(facts: Any) -> None:
    assert budgets.fingerprint(budget(**facts)) != budgets.fingerprint(budget())


def test_a_budget_that_is_only_written_otherwise_is_the_same() -> None:
    one = budget(scope="job.name == 'a'  &&\n  true", card_hours="10")
    other = budget(scope="job.name == 'a' && true", card_hours="10.0", thresholds=["10%"], forecast=False, name="c")
    assert budgets.fingerprint(one) == budgets.fingerprint(other)
