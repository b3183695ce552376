"""`budgets list`: how much of each budget is used, what is left, and what it comes to at this rate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from monitor.cli.options import Config, Limit, Output, Sheet, SheetFormat

if TYPE_CHECKING:
    from monitor.cli.lists import Item

app = typer.Typer(help="What may be used, and how much of it is.", no_args_is_help=True)
_UNITS = {"tokens": "tokens", "node_hours": "node h", "card_hours": "card h"}
COLUMNS = (
    *("name", "unit", "amount", "currency", "used", "left", "share", "thresholds", "reached", "period", "timezone"),
    *("scope", "starts_at", "ends_at", "forecast", "expected", "passes_at", "idle"),
)
_WHOLE = 40
"""Cells: an amount is never cut."""
_HUNDREDTH = Decimal("0.01")


@app.command("list")
def list_(config: Config = None, output: SheetFormat = Sheet.TABLE, limit: Limit = 50) -> None:
    """The budgets of the config file: what is used, what is left, and when the rest will be at this rate."""
    from monitor.cli.lists import listed

    if output is Sheet.CSV:
        listed(config, Output.TABLE, "/api/v1/budgets", limit, _sheet)
    else:
        listed(config, Output(output.value), "/api/v1/budgets", limit, _table)


def _sheet(budgets: list[Item]) -> None:
    """As CSV."""
    from monitor.cli import spreadsheet

    rows = [{**budget, "thresholds": " ".join(f"{each:g}" for each in budget["thresholds"])} for budget in budgets]
    spreadsheet.write(COLUMNS, rows, foreign=("name", "scope"))


def _table(budgets: list[Item]) -> None:
    from monitor.cli import out
    from monitor.cli.table import Column

    columns = [
        Column(title="NAME", least=12),
        Column(title="USED", least=_WHOLE, right=True),
        Column(title="AMOUNT", least=_WHOLE, right=True),
        Column(title="SHARE", least=6, right=True),
        *([Column(title="", least=8, bar=True, optional=True)] if out.chart() else []),
        Column(title="LEFT", least=_WHOLE, right=True),
        Column(title="UNTIL", least=10),
        Column(title="AT THIS RATE", least=24, wrap=True),
    ]
    cells, now = [], datetime.now(UTC)
    for budget in budgets:
        bar = [str(min(1.0, max(0.0, budget["share"] / 100)))] if out.chart() else []
        figures = [amount(budget, "used"), amount(budget, "amount", unit=True), f"{budget['share']:.1f}%"]
        cells.append([budget["name"], *figures, *bar, amount(budget, "left"), _until(budget), rate(budget, now)])
    out.rows(columns, cells, "The config file has no budgets.")
    for budget in budgets:
        if budget["idle"]:
            out.line(f"{budget['name']}: nothing that was used in the last 90 days counts; see its {_chosen(budget)}.")


def _chosen(budget: Item) -> str:
    """The keys that say what counts."""
    return " and ".join(f"`{key}`" for key in ("scope", "currency") if budget[key]) or f"`{budget['unit']}`"


def amount(budget: Item, key: str, *, unit: bool = False) -> str:
    """To two places at most; money always to two."""
    value = Decimal(budget[key])
    if budget["unit"] == "cost":
        return f"{value:,.2f}" + (f" {budget['currency']}" if unit else "")
    shown = value.quantize(_HUNDREDTH).normalize() if value else value
    return f"{shown:,f}" + (f" {_UNITS[budget['unit']]}" if unit else "")


def rate(budget: Item, now: datetime) -> str:
    """When all is used, else what it comes to; within a day with its hour."""
    from monitor.cli import when

    if Decimal(budget["left"]) <= 0:
        return "used up"
    if not budget["forecast"]:
        return "-"
    if budget["passes_at"] is not None:
        soon = abs(when.read(budget["passes_at"]) - now) < timedelta(days=1)
        return f"used up on {_local(budget, 'passes_at', '%a %Y-%m-%d %H:%M' if soon else '%a %Y-%m-%d')}"
    if budget["expected"] is None:
        return "too early to say"
    return f"{amount(budget, 'expected', unit=True)} " + ("at most" if budget["period"] == "rolling" else "by the end")


def _until(budget: Item) -> str:
    """The day on which it begins anew."""
    return "looks back" if budget["period"] == "rolling" else _local(budget, "ends_at", "%Y-%m-%d")


def _local(budget: Item, key: str, pattern: str) -> str:
    """In the time zone of the budget."""
    from zoneinfo import ZoneInfo

    from monitor.cli import when

    return when.read(budget[key]).astimezone(ZoneInfo(budget["timezone"])).strftime(pattern)
