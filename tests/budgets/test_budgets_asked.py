"""What the API, the command line and the metrics show of budgets, with a daemon that counts and without one."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.budgets import Counting, count
from monitor.budgets.telling import figures
from monitor.cli.budgets import _table, amount, rate
from monitor.ledger.budgets import Entry, standing
from monitor.ledger.periods import period_of
from monitor.telemetry.metrics import Metrics
from monitor.web.health import Health
from monitor.web.metrics import Exposer
from tests.kit.api import CONFIG, asking
from tests.kit.installed import CONFIG as INSTALLED
from tests.kit.installed import Installed, fill
from tests.kit.spending import Ledger, budget

BUDGETS = """
budgets:
  - {name: team, tokens: 1000, thresholds: ["80%", "50%"], timezone: Asia/Shanghai}
  - {name: money, cost: "99.9", currency: CNY, period: 30d, scope: 'account.name == "nobody"'}
"""
TEAM = {
    "name": "team",
    "unit": "tokens",
    "amount": "1000",
    "currency": None,
    "used": "860",
    "left": "140",
    "share": 86.0,
    "thresholds": [50.0, 80.0],
    "reached": 80.0,
    "period": "month",
    "timezone": "Asia/Shanghai",
    "scope": None,
    "starts_at": "2026-10-31T16:00:00Z",
    "ends_at": "2026-11-30T16:00:00Z",
    "forecast": True,
    "expected": "1642",
    "passes_at": "2026-11-18T22:22:19Z",
    "idle": False,
}


@pytest.mark.parametrize("counted", [False, True])
async def test_the_api_tells_how_budgets_stand_the_same_with_a_daemon_and_without(
    ledger: Ledger, tmp_path: Path, counted: bool
) -> None:
    await ledger.booked(860)
    await ledger.booked(5000, at=ledger.clock.now() - timedelta(days=40))
    ask = asking(ledger.store, tmp_path, CONFIG + BUDGETS)
    ask.inside.clock = ledger.clock
    if counted:
        stage = ledger.watch(*ask.inside.settings.budgets)
        ask.inside.budgets = stage.countings
        await stage.turn()
        assert stage.countings() is not None
    team, money = await ask.items("/budgets")
    assert team == TEAM
    assert (money["used"], money["share"], money["period"], money["idle"]) == ("0", 0.0, "rolling", True)
    assert (money["reached"], money["passes_at"], money["expected"]) == (None, None, "0")
    first = await ask.get("/budgets", limit=1)
    assert [each["name"] for each in first["items"]] == ["team"]
    assert [each["name"] for each in (await ask.get("/budgets", cursor=first["next"]))["items"]] == ["money"]


async def test_a_long_ledger_is_counted_whole_in_pages(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.budgets.counting.PAGE", 3)
    monkeypatch.setattr("monitor.budgets.stage.PAGE", 3)
    stage, options = ledger.watch(budget(tokens=100)), [budget(tokens=100)]
    for number in range(7):
        await ledger.booked(1, at=ledger.clock.now() - timedelta(hours=number % 3))
    await stage.turn()
    for _ in range(6):
        await ledger.booked(1)
    await stage.turn()
    counted = await ledger.store.read(lambda conn: count(conn, options, ledger.clock.now()))
    for (each,) in (stage.countings() or (), counted):
        assert each.standing(ledger.clock.now()).used == 13


async def test_a_share_just_below_the_amount_is_not_shown_as_all_of_it(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.booked(999_999)
    ask = asking(ledger.store, tmp_path, CONFIG + "budgets: [{name: b, tokens: 1000000}]\n")
    ask.inside.clock = ledger.clock
    (found,) = await ask.items("/budgets")
    assert (found["share"], found["reached"], found["left"]) == (99.9, 80.0, "1")


async def test_the_metrics_show_what_is_used_of_each_budget(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.booked(1100)
    stage = ledger.watch(budget(), budget("other", tokens=10_000))
    await stage.turn()
    ask = asking(ledger.store, tmp_path)
    health = Health(dead_loops=tuple, untried=tuple, probe_store=_well)
    exposer = Exposer(Metrics(), ask.inside, health=lambda: health, watches=lambda: _Watches())
    assert b"budget_used_ratio{" not in (await exposer.exposition()).body
    ask.inside.budgets = stage.countings
    body = (await exposer.exposition()).body.decode()
    assert 'training_monitor_budget_used_ratio{budget="team"} 1.1\n' in body
    assert 'training_monitor_budget_used_ratio{budget="other"} 0.11\n' in body


async def _well() -> None:
    return None


class _Watches:
    def last_good(self) -> dict[Any, Any]:
        return {}

    states = late_after = last_good


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({}, "used up on Thu 2026-11-19"),
        ({"passes_at": "2026-11-17T11:59:59Z"}, "used up on Tue 2026-11-17 19:59"),
        ({"passes_at": None, "expected": None, "forecast": False}, "-"),
        ({"passes_at": None}, "1,642 tokens by the end"),
        ({"passes_at": None, "period": "rolling"}, "1,642 tokens at most"),
        ({"passes_at": None, "expected": None}, "too early to say"),
        ({"passes_at": None, "left": "-3"}, "used up"),
        ({"passes_at": None, "unit": "cost", "currency": "CNY", "expected": "1.5"}, "1.50 CNY by the end"),
        ({"passes_at": None, "unit": "card_hours", "expected": "12.3456"}, "12.35 card h by the end"),
    ],
)
def test_a_table_says_what_it_comes_to_at_this_rate(facts: Any, shown: str) -> None:
    assert rate({**TEAM, **facts}, datetime(2026, 11, 16, 12, tzinfo=UTC)) == shown


@pytest.mark.parametrize(("forecast", "shown"), [(True, ["1500", "2026-11-21T00:00:00Z"]), (False, [None, None])])
def test_who_wants_no_forecast_is_shown_none(forecast: bool, shown: list[str | None]) -> None:
    now = datetime(2026, 11, 16, tzinfo=UTC)
    options = budget(period="month", tokens=1000, forecast=forecast)
    found = figures(standing(options, period_of(options, now), [Entry(now, Decimal(750))], now))
    assert [found["expected"], found["passes_at"]] == shown


def test_an_amount_of_nothing_is_0() -> None:
    assert amount({**TEAM, "used": "0"}, "used") == "0"


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    made = Installed(tmp_path)
    made.state.mkdir()
    made.write(fill)
    return made


def budgeted(made: Installed, text: str) -> Installed:
    made.config.write_text(INSTALLED.format(state=made.state) + text)
    return made


def lines(made: Installed, *arguments: str) -> Sequence[str]:
    done = made.run("budgets", "list", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    found: Sequence[str] = done.stdout.splitlines()
    return found


def test_budgets_list_shows_them_as_a_table_and_names_one_that_counts_nothing(installed: Installed) -> None:
    text = BUDGETS.replace("tokens: 1000,", "tokens: 5000, period: 2d,")
    head, *rows, remark = lines(budgeted(installed, text))
    assert head.split() == ["NAME", "USED", "AMOUNT", "SHARE", "LEFT", "UNTIL", "AT", "THIS", "RATE"]
    team, money = (next(row for row in rows if row.startswith(name)) for name in ("team", "money"))
    assert team.split()[:3] == ["team", "4,000", "5,000"]
    assert "80.0%" in team
    assert money.split()[:5] == ["money", "0.00", "99.90", "CNY", "0.0%"]
    assert remark == "money: nothing that was used in the last 90 days counts; see its `scope` and `currency`."


def test_budgets_list_as_csv_is_for_spreadsheets(installed: Installed) -> None:
    head, team, money = csv.reader(lines(budgeted(installed, BUDGETS), "--output", "csv"))
    assert set(head) == set(TEAM)
    found = dict(zip(head, money, strict=True))
    assert (found["name"], found["used"], found["currency"], found["idle"]) == ("money", "0", "CNY", "True")
    assert dict(zip(head, team, strict=True))["thresholds"] == "50 80"


def test_a_budget_in_a_currency_in_which_nothing_was_priced_is_named(installed: Installed) -> None:
    *_, remark = lines(budgeted(installed, "budgets: [{name: euros, cost: 1, currency: EUR, period: 30d}]\n"))
    assert remark == "euros: nothing that was used in the last 90 days counts; see its `currency`."
    *_, remark = lines(budgeted(installed, "budgets: [{name: cards, card_hours: 1, period: 30d}]\n"))
    assert remark == "cards: nothing that was used in the last 90 days counts; see its `card_hours`."


def test_on_a_narrow_terminal_a_budget_has_two_lines_and_nothing_of_its_figures_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    much = {"name": "team-of-the-long-name", "used": "18500000", "amount": "20000000", "left": "1500000"}
    much["passes_at"] = "2099-11-18T22:22:19Z"
    _table([{**TEAM, **much}])
    head, below, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["NAME", "USED", "AMOUNT", "SHARE", "LEFT"]
    assert below == "  UNTIL       AT THIS RATE"
    assert first.startswith("team-of-the-long-name  ")
    figures = [each for each in first.split() if each[0].isdigit()]
    assert figures == ["18,500,000", "20,000,000", "86.0%", "1,500,000"]
    assert second == "  2026-12-01  used up on Thu 2099-11-19"


def test_budgets_list_without_budgets_says_so(installed: Installed) -> None:
    assert lines(budgeted(installed, "")) == ["The config file has no budgets."]


def test_a_counting_that_was_given_nothing_is_not_idle() -> None:
    assert not Counting(budget(scope="false")).idle
