"""`usage --running`: what uses something now, and what it costs; each figure says what it is made from."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from monitor.cli import out
from monitor.cli.table import Column
from monitor.cli.usage_table import amount, price

Item = dict[str, Any]
BASES = {"time": "time", "log": "log", "usual": "usual", None: "-"}
NOTES = {
    "time": "time: so far, by how long it runs.",
    "log": "log: so far, by what its log says.",
    "usual": "usual: in the end, if it uses what the last jobs of its model did.",
}
BOOKED = "Estimates at today's prices; what a job really used is booked when it is over."
COLUMNS = ("account", "id", "name", "state", "model", "flavor", "nodes", "creator", "owner", "started_at")
FIGURES = ("basis", "tokens", "node_hours", "card_hours", "cost", "currency", "read_at")
FOREIGN = ("account", "id", "name", "model", "flavor", "creator", "owner")


def found(config: Path | None, account: str | None) -> list[Item]:
    """Raises Failure, also for an account that nobody knows."""
    from monitor.cli.asking import asking
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Reading …"):
        items: list[Item] = ask.get("/api/v1/usage/running", account=account)["items"]
    return items


def write(items: Sequence[Item]) -> None:
    """As CSV."""
    from monitor.cli import spreadsheet

    spreadsheet.write([*COLUMNS, *FIGURES], items, foreign=FOREIGN)


def show(items: Sequence[Item], limit: int) -> None:
    """A row for each job, what each currency comes to, and how to read it."""
    from monitor.cli import when

    columns = [
        Column(title="JOB", least=10, wanted=12),
        Column(title="ACCOUNT", least=8, wanted=10, optional=True),
        Column(title="OF", least=8, wanted=14, optional=True),
        Column(title="FOR", least=6, right=True),
        Column(title="USED", least=17, right=True),
        Column(title="COST", least=14, right=True),
        Column(title="BY", least=5),
    ]
    cells = [
        [
            item["name"] or item["id"],
            item["account"],
            item["flavor"] or item["model"] or "-",
            when.since(item["started_at"] or item["state_since"]),
            _used(item),
            _cost(item),
            BASES[item["basis"]],
        ]
        for item in items[:limit]
    ]
    for currency, cost in sorted(_sums(items).items()):
        cells.append(["TOTAL", *[""] * 4, f"~ {price(cost, currency)}", ""])
    out.rows(columns, cells, "Nothing runs.")
    if hidden := len(items) - len(items[:limit]):
        out.line(f"{hidden} more jobs are not shown but are in the totals; see --limit.")
    if items:
        out.line()
        for text in (*(NOTES[name] for name in NOTES if any(item["basis"] == name for item in items)), BOOKED):
            out.block(text)


def _used(item: Item) -> str:
    """Of nodes the hours of their cards, where it is known how many these are."""
    for name, unit in (("tokens", "tokens"), ("card_hours", "card hours"), ("node_hours", "node hours")):
        if item[name] is not None:
            return f"{amount(name, item[name]) or 0} {unit}"
    return "-"


def _cost(item: Item) -> str:
    if item["basis"] is None:
        return "-"
    return "no price" if item["cost"] is None else f"~ {price(_short(item['cost']), item['currency'])}"


def _short(cost: str) -> Decimal:
    """An estimate is not told to the hundredth of a cent."""
    exact = Decimal(cost)
    return round(exact, 2) if abs(exact) >= 1 else exact


def _sums(items: Sequence[Item]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for item in items:
        if item["cost"] is not None:
            sums[item["currency"]] = sums.get(item["currency"], Decimal(0)) + Decimal(item["cost"])
    return {currency: _short(str(cost)) for currency, cost in sums.items()}
