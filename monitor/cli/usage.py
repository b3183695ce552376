"""`usage`: what was used and what it cost, summed from the ledger; currencies are never added to one another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import completion
from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import AccountName, Config, Output, Sheet, SheetFormat, Since, Until, moment

if TYPE_CHECKING:
    from monitor.cli.asking import Value
    from monitor.cli.lists import Item

GROUPS = ("day", "week", "month", "owner", "model", "flavor", "account")


def usage(
    config: Config = None,
    output: SheetFormat = Sheet.TABLE,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="At most so many rows, the last ones.")
    ] = 50,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="WHAT",
            help="day, week, month, owner, model, flavor, account, label:KEY; or several, like day,model.",
            autocompletion=completion.groupings,
        ),
    ] = "day",
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="Where days, weeks and months begin, like Asia/Shanghai.")
    ] = "UTC",
    account: AccountName = None,
    since: Since = None,
    until: Until = None,
    running: Annotated[
        bool, typer.Option("--running", help="What runs now instead, and an estimate of what it uses and costs.")
    ] = False,
) -> None:
    """What training used: tokens, or hours of nodes and cards; and what it cost where a price is known."""
    if running:
        if (by, timezone, since, until) != ("day", "UTC", None, None):
            hint = "Leave out --by, --timezone, --since and --until."
            raise Failure("--running tells what runs now, job by job.", hint, code=USAGE)
        _running(config, output, limit, account)
    else:
        asked: dict[str, Value] = {"since": _began(since), "until": moment(until, "--until"), "account": account}
        _booked(config, output, limit, groupings(by), _zone(timezone), asked)


def _running(config: Path | None, output: Sheet, limit: int, account: str | None) -> None:
    from monitor.cli import out, usage_running

    found = usage_running.found(config, account)
    if output is Sheet.TABLE:
        usage_running.show(found, limit)
    elif output is Sheet.CSV:
        usage_running.write(found[:limit])
    else:
        out.documents(Output(output.value), found[:limit])


def _booked(
    config: Path | None, output: Sheet, limit: int, keys: list[str], zone: str, asked: dict[str, Value]
) -> None:
    from monitor.cli import out, usage_table

    whole = _found(config, by=",".join(keys), timezone=zone, **asked)
    found: list[Item] = whole["items"]
    if output is Sheet.TABLE:
        usage_table.show(found, whole["totals"], keys, limit)
    elif output is Sheet.CSV:
        from monitor.cli import spreadsheet

        names = [name for key in keys for name in ([key, "owner_name"] if key == "owner" else [key])]
        amounts = ("tokens", "node_hours", "card_hours")
        free = {f"unpriced_{name}": name for name in amounts}
        columns = [*names, "jobs", *amounts, "cost", "currency", *free]
        rows = [
            {**row, **{column: (row["unpriced"] or {}).get(name) for column, name in free.items()}}
            for row in found[-limit:]
        ]
        spreadsheet.write(columns, rows, foreign=names)
    else:
        out.documents(Output(output.value), found[-limit:])


def _found(config: Path | None, **asked: Value) -> Item:
    """The groups and what all of it comes to. Raises Failure, also for an account that nobody knows."""
    from monitor.cli.asking import asking
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Reading …"):
        found: Item = ask.get("/api/v1/usage", **asked)
    return found


def _began(since: str | None) -> str | None:
    """Raises Failure for a moment that is still to come, for nothing is booked before it is over."""
    from datetime import UTC, datetime

    from monitor.cli import when

    said = moment(since)
    if said is not None and "T" in said and when.read(said) > datetime.now(UTC):
        hint = "Give a moment that is past; `usage --running` estimates what is not booked yet."
        raise Failure(f"--since {since!r} is still to come.", hint, code=USAGE)
    return said


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


def _zone(name: str) -> str:
    """Raises Failure where there is no such time zone."""
    if name == "UTC":
        return name
    from monitor.fields.window import known_zone

    try:
        return known_zone(name)
    except ValueError as error:
        text = str(error).partition("; ")
        raise Failure(f"--timezone: {text[0]}.", f"{text[2][:1].upper()}{text[2][1:]}", code=USAGE) from None
