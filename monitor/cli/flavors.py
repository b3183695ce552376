"""`flavors list` and `flavors history`: what can be rented, where it is in stock, and how that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.failure import Failure
from monitor.cli.options import AccountName, Config, Format, Limit, Output, Since, moment

if TYPE_CHECKING:
    from monitor.model import Event
    from monitor.store import Connection, FlavorRecord

app = typer.Typer(help="Flavors and their stock, as they were last seen.", no_args_is_help=True)
Zone = Annotated[str | None, typer.Option("--zone", help="Only this availability zone.")]
_CATALOGUES = {"training_flavors": "training", "resource_flavors": "resource"}
ALL = 1_000_000


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
    from monitor import store
    from monitor.cli import out, when
    from monitor.cli.opening import load_settings, reading
    from monitor.cli.table import Column

    def read(conn: Connection) -> list[FlavorRecord]:
        return store.list_flavors(conn, account=account, zone=zone, state=stock, search=search, limit=limit)

    entries = [row for record in reading(load_settings(config, resolve=False), read) for row in _rows(record)]
    entries = [row for row in entries if _wanted(row, zone, stock)][:limit]
    if output is not Output.TABLE:
        out.documents(output, [{**row, "since": _text(row["since"])} for row in entries])
        return
    columns = [
        Column(title="FLAVOR", least=16),
        Column(title="ZONE", least=8),
        Column(title="STOCK", least=7, colour=out.state_colour),
        Column(title="FOR", least=7),
        Column(title="ACCOUNT", least=8),
        Column(title="TYPE", optional=True),
        Column(title="CATALOGUE", optional=True),
    ]
    cells = []
    for row in entries:
        offer = [row["id"], row["zone"] or "-", row["stock"] or "-", when.since(row["since"]), row["account"]]
        cells.append([*offer, row["type"] or "-", _CATALOGUES[row["catalogue"]]])
    out.rows(columns, cells, "No flavor is known that fits. A daemon finds them: training-monitor run")


@app.command("history")
def history(
    flavor: Annotated[str, typer.Argument(metavar="FLAVOR", help="The flavor's id.")],
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    account: AccountName = None,
    zone: Zone = None,
    since: Since = None,
) -> None:
    """What happened to one flavor, oldest first."""
    from monitor import store
    from monitor.cli import out
    from monitor.cli.events import history_table
    from monitor.cli.opening import load_settings, reading

    begin = moment(since)

    def read(conn: Connection) -> tuple[bool, list[Event]]:
        records = store.list_flavors(conn, account=account, search=flavor, limit=ALL)
        records += store.list_flavors(conn, account=account, search=flavor, state="delisted", limit=ALL)
        records = [record for record in records if record.known.flavor.id == flavor]
        found: dict[int, Event] = {}
        for record in records:
            for subject in _subjects(record, zone):
                events = store.read_events(
                    conn, account=record.account, subject=subject, since=begin, newest_first=True, limit=limit
                )
                found |= {event.seq: event for event in events}
        return bool(records), [found[seq] for seq in sorted(found)[-limit:]]

    known, events = reading(load_settings(config, resolve=False), read)
    if not known:
        raise Failure(
            f"No flavor has the id {flavor!r}.", "`training-monitor flavors list` shows those that are known."
        )
    if output is Output.TABLE:
        history_table(events, "Nothing has happened to it since it is watched.")
    else:
        out.documents(output, [event.cloudevent() for event in events])


def _rows(record: FlavorRecord) -> list[dict[str, Any]]:
    """One row per zone; a catalogue that knows no stock gives one row without."""
    known, flavor = record.known, record.known.flavor
    same = {
        "id": flavor.id,
        "name": flavor.name,
        "type": flavor.type,
        "account": record.account,
        "catalogue": flavor.catalogue.value,
        "listed": known.listed,
        "max_nodes": flavor.max_nodes,
    }
    if not known.stock:
        return [{**same, "zone": None, "stock": None if known.listed else "delisted", "since": None}]
    return [
        {**same, "zone": zone, "stock": stock.raw if known.listed else "delisted", "since": stock.since}
        for zone, stock in sorted(known.stock.items())
    ]


def _wanted(row: dict[str, Any], zone: str | None, stock: str | None) -> bool:
    return (zone is None or row["zone"] == zone) and (stock is None or row["stock"] == stock)


def _subjects(record: FlavorRecord, zone: str | None) -> list[str]:
    flavor = record.known.flavor
    if zone is not None:
        return [f"flavor/{flavor.id}/{zone}"]
    catalogue = _CATALOGUES[flavor.catalogue.value]
    return [f"{catalogue}-flavor/{flavor.id}", *(f"flavor/{flavor.id}/{name}" for name in record.known.stock)]


def _text(moment: Any) -> str | None:
    from monitor.model import rfc3339

    return None if moment is None else rfc3339(moment)
