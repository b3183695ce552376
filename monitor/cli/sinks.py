"""`sinks list` and `sinks test`: where messages go, and whether one arrives there."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import Config, Format, Limit, Output

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.sinks.options import SinkOptions
    from monitor.store import Connection, DeliveryRow

app = typer.Typer(help="Where messages go.", no_args_is_help=True)


@app.command("list")
def list_(config: Config = None, output: Format = Output.TABLE, limit: Limit = 50) -> None:
    """The sinks of the config file, each with its last delivery."""
    from monitor.cli import out, when
    from monitor.cli.opening import load_settings
    from monitor.cli.table import Column

    settings = load_settings(config, resolve=False)
    last, counts = _deliveries(settings)
    items = [_data(sink, last.get(sink.name)) | counts.get(sink.name, _NONE) for sink in settings.sinks[:limit]]
    if output is not Output.TABLE:
        out.documents(output, items)
        return
    columns = [
        Column(title="NAME", least=8),
        Column(title="TYPE", least=7),
        Column(title="LAST", least=9, colour=out.state_colour),
        Column(title="WHEN", least=14),
        Column(title="WAITING", least=7),
        Column(title="DEAD", least=4),
        Column(title="DETAIL", least=10),
    ]
    cells = []
    for sink in settings.sinks[:limit]:
        row = last.get(sink.name)
        told = [row.state.value, when.short(row.settled_at or row.created_at)] if row else ["-", "-"]
        count = counts.get(sink.name, _NONE)
        shown = [str(count["waiting"]), str(count["dead"]), row.detail if row else ""]
        cells.append([sink.name, _type(sink), *told, *shown])
    out.rows(columns, cells, "")


@app.command("test")
def send_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The sink's name in the config file.")],
    config: Config = None,
    output: Format = Output.TABLE,
    timeout: Annotated[str, typer.Option("--timeout", metavar="TIME", help="How long to wait, like 30s.")] = "30s",
) -> None:
    """Sends a test message to a sink through the outbox, as the daemon would, and says what came of it."""
    from monitor.cli import out
    from monitor.cli.opening import load_settings
    from monitor.cli.trial import try_sink
    from monitor.settings import Only
    from monitor.telemetry.setup import set_up

    seconds = _seconds(timeout)
    settings = load_settings(config, resolve=Only("sinks", name))
    options = next((sink for sink in settings.sinks if sink.name == name), None)
    if options is None:
        there = ", ".join(sink.name for sink in settings.sinks)
        raise Failure(f"No sink is named {name!r}.", f"There are: {there}.", code=USAGE)
    set_up(sys.stderr, level="warning")
    result = asyncio.run(try_sink(settings, options, seconds))
    if output is not Output.TABLE:
        out.document(output, result.data())
    else:
        for line in result.lines():
            out.line(line)
    if not result.delivered:
        raise Failure(result.sentence(), "`training-monitor sinks list` shows the last outcome of each sink.")


def _seconds(text: str) -> float:
    from monitor.fields import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise Failure(f"--timeout: {error}.", "Like: --timeout 30s", code=USAGE) from error


_NONE = {"waiting": 0, "dead": 0}


def _deliveries(settings: Settings) -> tuple[dict[str, DeliveryRow], dict[str, dict[str, int]]]:
    """The last one by sink, and how many wait or are dead; none where there is no database yet."""
    from monitor import store
    from monitor.cli.opening import reading

    def read(conn: Connection) -> tuple[dict[str, DeliveryRow], dict[str, dict[str, int]]]:
        found = {sink.name: store.list_deliveries(conn, sink=sink.name, limit=1) for sink in settings.sinks}
        return {name: rows[0] for name, rows in found.items() if rows}, store.count_deliveries(conn)

    try:
        return reading(settings, read)
    except store.StoreMissing:
        return {}, {}


def _type(sink: SinkOptions) -> str:
    return str(getattr(sink, "type", ""))


def _data(sink: SinkOptions, row: DeliveryRow | None) -> dict[str, Any]:
    from monitor.model import rfc3339

    last = None
    if row is not None:
        at = row.settled_at or row.created_at
        last = {"state": row.state.value, "at": rfc3339(at), "attempts": row.attempt, "detail": row.detail}
    return {"name": sink.name, "type": _type(sink), "last_delivery": last}
