"""The table of `usage`: a row for each group and currency, a bar beside it, and totals that mix nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from monitor.cli import out
from monitor.cli.table import Column

Item = dict[str, Any]
AMOUNTS = {"tokens": "TOKENS", "node_hours": "NODE HOURS", "card_hours": "CARD HOURS"}
TITLES = {"week": "WEEK OF"}
PARTLY = " *"
NAMED = 36
"""Cells of what is summed by: two people or models must not look alike, so the bar goes first, and then the line."""


def show(rows: Sequence[Item], totals: Sequence[Item], keys: Sequence[str], limit: int) -> None:
    """At most `limit` rows, the last ones, and `totals` of all."""
    amounts = [name for name in AMOUNTS if any(Decimal(row[name]) for row in rows)] or ["tokens"]
    unit, shown = drawn(rows, amounts), rows[-limit:]
    columns = [
        *(Column(title=TITLES.get(key, key.upper()), least=NAMED, wanted=NAMED) for key in keys),
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
            *_figures(row, amounts),
            str(_measure(row, unit) / most) if most > 0 else "",
        ]
        for row in shown
    ]
    cells += [["TOTAL", *[""] * (len(keys) - 1), *_figures(total, amounts), ""] for total in totals]
    out.rows(columns, cells if rows else [], "No usage is booked that fits.")
    if any(row[-2].endswith(PARTLY) for row in cells):
        out.block(f"{PARTLY.strip()} Some of it has no price; --output json and csv say how much.")
    if hidden := len(rows) - len(shown):
        out.line(f"{hidden} earlier rows are not shown but are in the totals; see --limit.")


def _figures(row: Item, amounts: Sequence[str]) -> list[str]:
    cost = price(row["cost"], row["currency"], partly=bool(row["unpriced"]))
    return [f"{row['jobs']:,}", *(amount(name, row[name]) for name in amounts), cost]


def amount(name: str, value: int | str | Decimal) -> str:
    """Tokens, or hours to two places; empty for none."""
    if name == "tokens":
        return f"{value:,}" if value else ""
    told = Decimal(value)
    if not told:
        return ""
    return "<0.01" if 0 < told < Decimal("0.005") else f"{told:,.2f}"


def price(cost: str | Decimal | None, currency: str | None, *, partly: bool = False) -> str:
    """To four places or two digits, whichever is finer; at least two places. Programs are told it exactly. `partly`:
    some of what it is for has no price."""
    if cost is None:
        return "no price"
    exact = Decimal(cost)
    finest = min(-4, exact.adjusted() - 1) if exact else -4
    plain = round(exact, -finest).normalize()
    exponent = plain.as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{plain:,.{places}f} {currency}" + (PARTLY if partly else "")


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
