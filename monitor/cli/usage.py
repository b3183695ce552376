"""`usage`: tokens and their cost, summed from the ledger; currencies are never added to one another."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import AccountName, Config, Format, Limit, Output, Since, moment

if TYPE_CHECKING:
    from monitor.store import UsageRow

GROUPS = ("day", "owner", "model", "account")


def usage(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    by: Annotated[str, typer.Option("--by", help="day (UTC), owner, model, account, or label:KEY.")] = "day",
    account: AccountName = None,
    since: Since = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="As --since; what happened then is left out.")
    ] = None,
) -> None:
    """Training tokens that were used, and what they cost where a price is known."""
    from monitor import store
    from monitor.cli import out
    from monitor.cli.opening import load_settings, reading

    if by not in GROUPS and not (by.startswith("label:") and len(by) > len("label:")):
        raise Failure(f"--by {by!r} is no grouping.", f"There are: {', '.join(GROUPS)}, label:KEY.", code=USAGE)
    begin, end = moment(since), moment(until, "--until")
    found = reading(
        load_settings(config, resolve=False),
        lambda conn: store.usage(conn, by=by, since=begin, until=end, account=account),
    )
    if output is Output.TABLE:
        _table(found, by, limit)
    else:
        out.documents(output, [_data(row, by) for row in found[-limit:]])


def totals(rows: Sequence[UsageRow]) -> list[tuple[str | None, int, Decimal | None]]:
    """(currency, tokens, cost) for each currency by itself; what had no price comes last."""
    sums: dict[str | None, tuple[int, Decimal | None]] = {}
    for row in rows:
        tokens, cost = sums.get(row.currency, (0, None))
        if row.cost is not None:
            cost = (cost or Decimal(0)) + row.cost
        sums[row.currency] = (tokens + row.tokens, cost)
    ordered = sorted(sums, key=lambda currency: (currency is None, currency or ""))
    return [(currency, *sums[currency]) for currency in ordered]


def _table(rows: Sequence[UsageRow], by: str, limit: int) -> None:
    from monitor.cli import out
    from monitor.cli.table import Column

    columns = [
        Column(title=by.upper(), least=10),
        Column(title="JOBS", least=4, right=True),
        Column(title="TOKENS", least=6, right=True),
        Column(title="COST", least=6, right=True),
        Column(title="CURRENCY", least=3),
    ]
    cells = [
        [row.key or "(none)", str(row.jobs), f"{row.tokens:,}", _amount(row.cost), row.currency or "no price"]
        for row in rows[-limit:]
    ]
    hidden = len(rows) - len(cells)
    for currency, tokens, cost in totals(rows):
        cells.append(["TOTAL", "", f"{tokens:,}", _amount(cost), currency or "no price"])
    out.rows(columns, cells, "No usage is booked that fits.")
    if hidden:
        out.line(f"{hidden} earlier rows are not shown but are in the totals; see --limit.")


def _data(row: UsageRow, by: str) -> dict[str, object]:
    cost = None if row.cost is None else _amount(row.cost).replace(",", "")
    return {by: row.key or None, "jobs": row.jobs, "tokens": row.tokens, "cost": cost, "currency": row.currency}


def _amount(cost: Decimal | None) -> str:
    """Exact, in plain digits, with at least two places; `-` where no price was known."""
    if cost is None:
        return "-"
    plain = cost.normalize()
    exponent = plain.as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{plain:,.{places}f}"
