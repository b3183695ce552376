"""The watch over budgets on a real ledger: what is told, once, whatever is corrected, restarted, changed or late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.budgets import Budgets
from monitor.model import EventType, Severity
from tests.kit.spending import Ledger, budget


async def test_each_threshold_is_told_once_and_of_several_at_once_the_highest(ledger: Ledger) -> None:
    stage = ledger.watch(budget())
    for tokens in (499, 1, 0, 400, 50, 60):
        await ledger.booked(tokens)
        await stage.turn()
    assert await ledger.said() == [50.0, 80.0, 100.0]


async def test_what_is_told_says_how_the_budget_stands(ledger: Ledger) -> None:
    await ledger.booked(860)
    await ledger.watch(budget(timezone="Asia/Shanghai", scope="account.name == 'llm'", forecast=True)).turn()
    (event,) = await ledger.events()
    assert (event.type, event.subject, event.account) == (EventType.BUDGET_REACHED, "budget/team", None)
    assert (event.severity, event.time) == (Severity.WARNING, ledger.clock.now())
    assert event.data["budget"] == {
        "name": "team",
        "unit": "tokens",
        "amount": "1000",
        "currency": None,
        "used": "860",
        "left": "140",
        "share": 86.0,
        "threshold": 80.0,
        "reason": "threshold",
        "period": "month",
        "timezone": "Asia/Shanghai",
        "scope": "account.name == 'llm'",
        "starts_at": "2026-10-31T16:00:00Z",
        "ends_at": "2026-11-30T16:00:00Z",
        "expected": "1642",
        "passes_at": "2026-11-18T22:22:19Z",
    }


async def test_what_is_beyond_the_amount_is_critical(ledger: Ledger) -> None:
    await ledger.booked(1000)
    await ledger.watch(budget()).turn()
    assert [event.severity for event in await ledger.events()] == [Severity.CRITICAL]


async def test_a_restart_tells_nothing_twice_and_forgets_nothing(ledger: Ledger) -> None:
    for tokens, told in ((600, [50.0]), (10, [50.0]), (300, [50.0, 80.0])):
        await ledger.booked(tokens)
        await ledger.watch(budget()).turn()
        await ledger.watch(budget()).turn()
        assert await ledger.said() == told


async def test_a_correction_takes_nothing_back_and_makes_nothing_news_again(ledger: Ledger) -> None:
    stage = ledger.watch(budget())
    for tokens in (850, -700, 720, -400, 600):
        await ledger.booked(tokens, correction=tokens < 0)
        await stage.turn()
    assert await ledger.said() == [80.0, 100.0]


async def test_a_period_ends_and_the_next_one_tells_anew(ledger: Ledger) -> None:
    stage = ledger.watch(budget(period="day"))
    await ledger.booked(900)
    await stage.turn()
    ledger.move(hours=15)
    await stage.turn()
    assert await ledger.said() == [80.0, "ended"]
    end = (await ledger.events())[-1]
    assert (end.type, end.severity) == (EventType.BUDGET_RENEWED, Severity.INFO)
    assert (end.data["budget"]["used"], end.data["budget"]["ends_at"]) == ("900", "2026-11-17T00:00:00Z")
    await ledger.booked(500)
    await stage.turn()
    ledger.move(days=3)  # nobody looked for days
    await stage.turn()
    assert await ledger.said() == [80.0, "ended", 50.0, "ended"]


async def test_a_period_in_which_nothing_was_told_ends_in_silence(ledger: Ledger) -> None:
    stage = ledger.watch(budget(period="day"))
    await ledger.booked(100)
    await stage.turn()
    ledger.move(days=1)
    await stage.turn()
    assert await ledger.said() == []


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_is_booked_late_counts_in_the_period_in_which_it_was_used(ledger: Ledger, restarted: bool) -> None:
    stage = ledger.watch(budget(period="day"))
    await ledger.booked(600)
    await stage.turn()
    used = ledger.clock.now()
    ledger.move(days=1)
    await stage.turn()
    await ledger.booked(300, at=used)
    await ledger.booked(510)
    stage = ledger.watch(budget(period="day")) if restarted else stage
    await stage.turn()
    await stage.turn()
    assert await ledger.said() == [50.0, "ended", 80.0, "ended", 50.0]


async def test_of_a_new_budget_the_highest_that_is_passed_already_is_told_once(ledger: Ledger) -> None:
    await ledger.booked(5000, at=datetime(2026, 10, 20, tzinfo=UTC))  # a month that was over before it began
    await ledger.booked(900)
    await ledger.watch(budget()).turn()
    assert await ledger.said() == [80.0]


async def test_a_budget_that_was_raised_is_another_one(ledger: Ledger) -> None:
    await ledger.booked(1000)
    stage = ledger.watch(budget())
    await stage.turn()
    async with stage.resting():
        stage.take([budget(tokens=5000)])
    await stage.turn()
    await ledger.booked(1500)
    await stage.turn()
    assert await ledger.said() == [100.0, "changed", 50.0]


async def test_a_budget_that_left_the_config_is_told_to_be_over(ledger: Ledger) -> None:
    await ledger.booked(1000)
    await ledger.watch(budget(), budget("other", tokens=9000)).turn()
    for _ in range(2):
        await ledger.watch(budget("other", tokens=9000)).turn()
    assert await ledger.said() == [100.0, "removed"]
    assert (await ledger.events())[-1].subject == "budget/team"
    await ledger.watch(budget()).turn()  # and when it comes back, it begins anew
    assert await ledger.said() == [100.0, "removed", 100.0]


async def test_a_budget_that_looks_back_tells_again_after_it_eased(ledger: Ledger) -> None:
    stage = ledger.watch(budget(period="10h"))
    for hour, tokens in enumerate((450, 0, 0, 0, 400, 0, 0, 0, 0, 0, 0, 450, 0, 0, 200)):
        await ledger.booked(tokens)
        await stage.turn()
        if hour % 4 == 3:
            stage = ledger.watch(budget(period="10h"))
        ledger.move(hours=1)
    # 850 at 4 h; 400 from 10 h on; 850 at 11 h; 450 left at 14 h, with 200 more 650
    assert await ledger.said() == [80.0, "eased", 80.0]
    ledger.move(days=1)
    await stage.turn()
    assert await ledger.said() == [80.0, "eased", 80.0, "eased"]


async def test_at_this_rate_is_told_once_in_a_period(ledger: Ledger) -> None:
    stage = ledger.watch(budget(tokens=100_000, forecast=True, thresholds=["90%"]))
    for _ in range(4):
        await ledger.booked(60_000 if not ledger.jobs else 100)
        await stage.turn()
        ledger.move(hours=1)
    assert await ledger.said() == ["forecast"]
    (event,) = await ledger.events()
    assert event.severity is Severity.WARNING
    assert event.data["budget"]["passes_at"] == "2026-11-26T15:00:00Z"  # 369 h for 60,000, so 615 h for all


async def test_a_forecast_comes_when_a_tenth_of_the_period_is_over_though_nothing_is_booked(ledger: Ledger) -> None:
    ledger.clock.advance(-9 * 3600)
    stage = ledger.watch(budget(period="day", forecast=True))
    ledger.move(hours=1)
    await ledger.booked(200)
    await stage.turn()
    assert await ledger.said() == []
    ledger.move(hours=1.5)
    await stage.turn()
    assert await ledger.said() == ["forecast"]


async def test_money_of_another_currency_and_what_has_no_price_does_not_count(ledger: Ledger) -> None:
    stage = ledger.watch(budget(cost=100, currency="CNY"), budget("usd", cost=100, currency="USD"))
    await ledger.booked(1, cost="49.999999999999", currency="CNY")
    await ledger.booked(1, cost="90", currency="USD")
    await ledger.booked(10**9)
    await stage.turn()
    assert [(event.subject, event.data["budget"]["used"]) for event in await ledger.events()] == [("budget/usd", "90")]
    await ledger.booked(1, cost="0.000000000001", currency="CNY")
    await stage.turn()
    assert (await ledger.events())[-1].data["budget"]["used"] == "50"


async def test_hours_of_cards_are_summed_exactly(ledger: Ledger) -> None:
    stage = ledger.watch(budget(card_hours=100, thresholds=["50%"]))
    for _ in range(3):
        await ledger.booked(node_ms=7_500_000, card_ms=59_999_999)
    await stage.turn()
    await ledger.booked(card_ms=2, provider="modelarts")
    await stage.turn()
    assert await ledger.said() == []
    await ledger.booked(card_ms=1)
    await stage.turn()
    (event,) = await ledger.events()
    assert (event.data["budget"]["used"], event.data["budget"]["share"]) == ("50", 50.0)


@pytest.mark.parametrize(
    ("scope", "matches"),
    [
        ('account.labels["team"] == "nlp"', True),
        ('account.provider == "model-studio" && job.creator == "ann"', True),
        ('job.base_model.startsWith("qwen") && job.model == usage.model', True),
        ('job.flavor == "x"', False),
        ("job.flavor == null", True),
        ('account.region == "cn-north-4"', False),
        ("job.state == null", True),
    ],
)
async def test_a_scope_says_what_counts(ledger: Ledger, scope: str, matches: bool) -> None:
    await ledger.booked(600)
    stage = ledger.watch(budget(scope=scope))
    await stage.turn()
    assert await ledger.said() == ([50.0] if matches else [])
    (counting,) = stage.countings() or ()
    assert counting.idle is not matches


async def test_a_scope_that_matches_nothing_of_late_is_doubted_and_one_of_an_empty_ledger_is_not(
    ledger: Ledger, caplog: Any
) -> None:
    idle = ledger.watch(budget(scope='job.name == "x"'))
    await idle.turn()
    assert not any(each.idle for each in idle.countings() or ())
    await ledger.booked(1, at=ledger.clock.now() - timedelta(days=80))
    idle = ledger.watch(budget(scope='job.name == "x"'))
    await idle.turn()
    assert all(each.idle for each in idle.countings() or ())


async def test_the_stage_wakes_by_the_bell_and_at_the_end_of_a_period(ledger: Ledger) -> None:
    stage = Budgets(ledger.store, [budget(period="day")], ledger.clock, ledger.bell)
    await ledger.booked(900)
    await stage.turn()
    assert stage._pause() == 60.0
    ledger.move(hours=14, minutes=59, seconds=50)
    assert stage._pause() == 10.0
    stage.pulse.beat()
    assert stage.hung() == []
    ledger.move(minutes=10)
    assert stage.hung() == ["budgets"]
