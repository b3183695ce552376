"""The table of `usage`: a row for each group and currency, a bar beside it, and totals that mix nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from monitor.cli import out
from monitor.cli.table import Column

Item = dict[str, Any]
AMOUNTS = {"tokens": "TOKENS", "node_hours": "NODE HOURS", "card_hours": "CARD HOURS"}
TITLES = {"week": "WEEK OF"}


@dataclass(slots=True)
class Total:
    """What the rows of one currency come to; None: those without a price."""

    currency: str | None
    tokens: int = 0
    node_hours: Decimal = Decimal(0)
    card_hours: Decimal = Decimal(0)
    cost: Decimal | None = None

    def add(self, row: Item) -> None:
        self.tokens += row["tokens"]
        self.node_hours += Decimal(row["node_hours"])
        self.card_hours += Decimal(row["card_hours"])
        if row["cost"] is not None:
            self.cost = (self.cost or Decimal(0)) + Decimal(row["cost"])


def totals(rows: Sequence[Item]) -> list[Total]:
    """One for each currency; what had no price comes last."""
    sums: dict[str | None, Total] = {}
    for row in rows:
        sums.setdefault(row["currency"], Total(row["currency"])).add(row)
    return sorted(sums.values(), key=lambda total: (total.currency is None, total.currency or ""))


def show(rows: Sequence[Item], keys: Sequence[str], limit: int) -> None:
    """At most `limit` rows, the last ones, and the totals of all."""
    amounts = [name for name in AMOUNTS if any(Decimal(row[name]) for row in rows)] or ["tokens"]
    unit, shown = drawn(rows, amounts), rows[-limit:]
    columns = [
        *(Column(title=TITLES.get(key, key.upper()), least=10) for key in keys),
        Column(title="JOBS", least=4, right=True),
        *(Column(title=AMOUNTS[name], least=10, right=True) for name in amounts),
        Column(title="COST", least=18, right=True),
        *(
            [
                Column(
                    title=f"BY {AMOUNTS.get(unit, unit.upper())}" if len(amounts) > 1 else "",
                    least=9,
                    bar=True,
                    optional=True,
                )
            ]
            if out.chart()
            else []
        ),
    ]
    most = max((_measure(row, unit) for row in shown), default=Decimal(0))
    cells = [
        [
            *(_key(row, key) for key in keys),
            f"{row['jobs']:,}",
            *(amount(name, row[name]) for name in amounts),
            price(row["cost"], row["currency"]),
            str(_measure(row, unit) / most) if most > 0 else "",
        ]
        for row in shown
    ]
    for total in totals(rows):
        sums = [amount(name, getattr(total, name)) for name in amounts]
        cells.append(["TOTAL", *[""] * len(keys), *sums, price(total.cost, total.currency), ""])
    out.rows(columns, cells if rows else [], "No usage is booked that fits.")
    if hidden := len(rows) - len(shown):
        out.line(f"{hidden} earlier rows are not shown but are in the totals; see --limit.")


def amount(name: str, value: int | str | Decimal) -> str:
    """Tokens, or hours to two places; empty for none."""
    if name == "tokens":
        return f"{value:,}" if value else ""
    told = Decimal(value)
    if not told:
        return ""
    return "<0.01" if 0 < told < Decimal("0.005") else f"{told:,.2f}"


def price(cost: str | Decimal | None, currency: str | None) -> str:
    """To four places or two digits, whichever is finer; at least two places. Programs are told it exactly."""
    if cost is None:
        return "no price"
    exact = Decimal(cost)
    finest = min(-4, exact.adjusted() - 1) if exact else -4
    plain = round(exact, -finest).normalize()
    exponent = plain.as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{plain:,.{places}f} {currency}"


def drawn(rows: Sequence[Item], amounts: Sequence[str]) -> str:
    """What the bars show: tokens, else hours; where there are both, money if all of it is of one currency."""
    mixed = "tokens" in amounts and len(amounts) > 1
    return "cost" if mixed and all(row["currency"] == rows[0]["currency"] is not None for row in rows) else amounts[0]


def _measure(row: Item, unit: str) -> Decimal:
    return max(Decimal(row[unit] or 0), Decimal(0))


def _key(row: Item, key: str) -> str:
    from monitor.cli.job_page import person

    name = row.get("owner_name") if key == "owner" else None
    return person(name, row[key]) or "(none)"
