"""`flavors list` and `flavors history`: what can be rented, where it is in stock, and how that changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import completion
from monitor.cli.failure import Failure
from monitor.cli.options import AccountName, Config, Format, Limit, Output, Since, moment

if TYPE_CHECKING:
    from monitor.cli.lists import Item

app = typer.Typer(help="Flavors and their stock, as they were last seen.", no_args_is_help=True)
Zone = Annotated[str | None, typer.Option("--zone", metavar="ZONE", help="Only this availability zone.")]
ALL = 1_000_000_000


@app.command("list")
def list_(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    account: AccountName = None,
    zone: Zone = None,
    stock: Annotated[
        str | None,
        typer.Option("--stock", metavar="WORD", help="Only this stock, like normal or soldout; or delisted."),
    ] = None,
    search: Annotated[str | None, typer.Option("--search", metavar="TEXT", help="Part of an id, name or type.")] = None,
) -> None:
    """Flavors by zone, with their stock and since when."""
    from monitor.cli.lists import listed

    listed(
        config,
        output,
        "/api/v1/flavors",
        limit,
        _table,
        by_daemon=True,
        account=account,
        zone=zone,
        stock=stock,
        search=search,
    )


def _table(rows: list[Item]) -> None:
    from monitor.cli import out, when
    from monitor.cli.table import Column

    columns = [
        Column(title="FLAVOR", least=max((len(row["id"]) for row in rows), default=0), wrap=True),  # it is copied
        Column(title="ZONE", least=11),
        Column(title="STOCK", least=7, colour=out.state_colour),
        Column(title="FOR", least=7),
        Column(title="ACCOUNT", least=8),
        Column(title="TYPE", least=6, optional=True),
        Column(title="CATALOGUE", least=8, optional=True),
    ]
    cells = []
    for row in rows:
        offer = [row["id"], row["zone"] or "-", row["stock"] or "-", when.since(row["since"]), row["account"]]
        cells.append([*offer, row["type"] or "-", row["catalogue"].removesuffix("_flavors")])
    out.rows(columns, cells, "No flavor is known that fits.")


@app.command("history")
def history(
    flavor: Annotated[
        str, typer.Argument(metavar="FLAVOR", help="The flavor's id.", autocompletion=completion.flavor_ids)
    ],
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    account: AccountName = None,
    zone: Zone = None,
    since: Since = None,
) -> None:
    """What happened to one flavor, oldest first."""
    from monitor.cli import out
    from monitor.cli.history import history_table

    events = _events(config, flavor, account, {"zone": zone, "since": moment(since)})[-limit:]
    if output is Output.TABLE:
        history_table(events, "Nothing has happened to it since it is watched.")
    else:
        out.documents(output, events)


def _events(config: Path | None, flavor: str, account: str | None, query: dict[str, Any]) -> list[Item]:
    """Oldest first, of every account that knows the flavor."""
    from monitor.cli.asking import asking, segment
    from monitor.cli.lists import require_account
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Reading …"):
        accounts = {
            row["account"]
            for stock in (None, "delisted")
            for row in ask.items("/api/v1/flavors", ALL, search=flavor, account=account, stock=stock)
            if row["id"] == flavor
        }
        if not accounts:
            require_account(ask, account)
            hint = "`training-monitor flavors list` shows those that are known."
            raise Failure(f"No flavor has the id {flavor!r}.", hint)
        found = [
            event
            for name in sorted(accounts)
            for event in ask.items(f"/api/v1/flavors/{segment(name)}/{segment(flavor)}/history", ALL, **query)
        ]
    return sorted(found, key=lambda event: int(event["seq"]))
