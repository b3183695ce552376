"""A clock that is set back: what budgets count is counted anew, and what was told of a period stays told."""

from __future__ import annotations

from decimal import Decimal

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
