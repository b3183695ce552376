"""`usage`: tokens and their cost, summed from the ledger; currencies are never added to one another."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import completion
from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import AccountName, Config, Output, Since, Until, moment

if TYPE_CHECKING:
    from monitor.cli.asking import Value
    from monitor.cli.lists import Item

GROUPS = ("day", "owner", "model", "account")


class UsageOutput(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def usage(
    config: Config = None,
    output: Annotated[
        UsageOutput, typer.Option("--output", help="A table for people; json, jsonl and csv for programs.")
    ] = UsageOutput.TABLE,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="At most so many rows, the last ones.")
    ] = 50,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="WHAT",
            help="day (UTC), owner, model, account, label:KEY; or several, like day,model.",
            autocompletion=completion.groupings,
        ),
    ] = "day",
    account: AccountName = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Training tokens that were used, and what they cost where a price is known."""
    from monitor.cli import out

    keys = groupings(by)
    asked = {"since": moment(since), "until": moment(until, "--until"), "account": account}
    found = _found(config, by=",".join(keys), **asked)
    if output is UsageOutput.TABLE:
        _table(found, keys, limit)
    elif output is UsageOutput.CSV:
        from monitor.cli import spreadsheet

        names = [name for key in keys for name in ([key, "owner_name"] if key == "owner" else [key])]
        spreadsheet.write([*names, "jobs", "tokens", "cost", "currency"], found[-limit:], foreign=names)
    else:
        out.documents(Output(output.value), found[-limit:])


def _found(config: Path | None, **asked: Value) -> list[Item]:
    """Raises Failure, also for an account that nobody knows."""
    from monitor.cli.asking import asking
    from monitor.cli.lists import require_account
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Reading …"):
        found: list[Item] = ask.get("/api/v1/usage", **asked)["items"]
        if not found:
            require_account(ask, asked["account"])
    return found


def groupings(text: str) -> list[str]:
    """The groupings that `--by` names. Raises Failure."""
    keys = [key.strip() for key in text.split(",")]
    for key in keys:
        if key not in GROUPS and not (key.startswith("label:") and len(key) > len("label:")):
            hint = f"There are: {', '.join(GROUPS)}, label:KEY; several with commas between them."
            raise Failure(f"--by {key!r} is no grouping.", hint, code=USAGE)
    if len(set(keys)) < len(keys):
        raise Failure(f"--by {text!r} names a grouping twice.", "Name each once.", code=USAGE)
    return keys


def totals(rows: Sequence[Item]) -> list[tuple[str | None, int, Decimal | None]]:
    """(currency, tokens, cost) for each currency by itself; what had no price comes last."""
    sums: dict[str | None, tuple[int, Decimal | None]] = {}
    for row in rows:
        tokens, cost = sums.get(row["currency"], (0, None))
        if row["cost"] is not None:
            cost = (cost or Decimal(0)) + Decimal(row["cost"])
        sums[row["currency"]] = (tokens + row["tokens"], cost)
    ordered = sorted(sums, key=lambda currency: (currency is None, currency or ""))
    return [(currency, *sums[currency]) for currency in ordered]


def _table(rows: Sequence[Item], keys: Sequence[str], limit: int) -> None:
    from monitor.cli import out
    from monitor.cli.table import Column

    shown = rows[-limit:]
    most = max((row["tokens"] for row in shown), default=0)
    columns = [
        *(Column(title=key.upper(), least=10) for key in keys),
        Column(title="JOBS", least=4, right=True),
        Column(title="TOKENS", least=12, right=True),
        Column(title="COST", least=12, right=True),
        *([Column(title="", least=12, bar=True)] if out.chart() else []),
    ]
    cells = [
        [*(_key(row, key) for key in keys), str(row["jobs"]), *_sums(row["currency"], row["tokens"], row["cost"])]
        + ([str(row["tokens"] / most)] if out.chart() and most else [""])
        for row in shown
    ]
    for currency, tokens, cost in totals(rows):
        cells.append(["TOTAL", *[""] * len(keys), *_sums(currency, tokens, cost), ""])
    out.rows(columns, cells if rows else [], "No usage is booked that fits.")
    if hidden := len(rows) - len(shown):
        out.line(f"{hidden} earlier rows are not shown but are in the totals; see --limit.")


def _key(row: Item, key: str) -> str:
    from monitor.cli.job_page import person

    name = row.get("owner_name") if key == "owner" else None
    return person(name, row[key]) or "(none)"


def _sums(currency: str | None, tokens: int, cost: str | Decimal | None) -> list[str]:
    return [f"{tokens:,}", "no price" if cost is None else f"{_amount(Decimal(cost))} {currency}"]


def _amount(cost: Decimal) -> str:
    """Exact, in plain digits, with at least two places."""
    plain = cost.normalize()
    exponent = plain.as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{plain:,.{places}f}"
