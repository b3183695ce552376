"""A clock that is set back: what budgets count is counted anew, and what was told of a period stays told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from monitor.budgets.judging import KEPT
from monitor.store.budgets import load_marks
from tests.kit.spending import Ledger, budget


async def test_what_fell_out_of_sight_while_the_clock_was_wrong_counts_again(ledger: Ledger) -> None:
    for period in ("7d", "month"):
        stage = ledger.watch(budget(period=period))
        await ledger.booked(300)
        await stage.turn()
        ledger.move(days=90)
        await stage.turn()
        ledger.move(days=-90)
        await stage.turn()
        (counting,) = stage.countings() or ()
        assert counting.standing(ledger.clock.now()).used == Decimal(300 * ledger.jobs)


async def test_what_was_told_of_a_period_that_is_to_come_again_is_not_told_again(ledger: Ledger) -> None:
    stage = ledger.watch(budget(period="day"))
    await ledger.booked(900)
    await stage.turn()
    ledger.move(days=-3)
    await stage.turn()
    ledger.move(days=3)
    await stage.turn()
    assert await ledger.said() == [80.0]


@pytest.mark.parametrize("period", ["day", "week", "month"])
async def test_a_clock_that_leaps_over_whole_periods_and_back_has_nothing_told_twice(
    ledger: Ledger, period: str
) -> None:
    stage = ledger.watch(budget(period=period))
    await ledger.booked(900)
    await stage.turn()
    for days in (1, 8, 70):
        for leap in (days, -days):
            ledger.move(days=leap)
            await stage.turn()
    assert await ledger.said() == [80.0, "ended"]
    await ledger.booked(200)
    await stage.turn()
    ledger.move(days=70)
    await stage.turn()
    assert await ledger.said() == [80.0, "ended", 100.0, "ended"], "what is told after that has its end too"


async def test_marks_of_long_ago_are_not_kept(ledger: Ledger) -> None:
    stage = ledger.watch(budget(period="day"))
    for _ in range(KEPT + 5):
        await ledger.booked(900)
        await stage.turn()
        ledger.move(days=1)
    marks = await ledger.store.read(load_marks)
    assert len({mark.period for mark in marks}) == KEPT
