"""`sinks list` and `sinks test`: where messages go, and whether one arrives there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import completion
from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import Config, Format, Limit, Output

if TYPE_CHECKING:
    from monitor.cli.lists import Item

app = typer.Typer(help="Where messages go.", no_args_is_help=True)


@app.command("list")
def list_(config: Config = None, output: Format = Output.TABLE, limit: Limit = 50) -> None:
    """The sinks of the config file, each with its last delivery."""
    from monitor.cli import out
    from monitor.cli.lists import listed

    try:
        listed(config, output, "/api/v1/sinks", limit, _table)
    except Failure:
        raise
    except Exception as error:
        from monitor.store import StoreMissing  # not before: a daemon's answer needs no store

        if not isinstance(error, StoreMissing):
            raise
        items = _of_config(config)[:limit]
        _table(items) if output is Output.TABLE else out.documents(output, items)


@app.command("test")
def send_test(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The sink's name in the config file.", autocompletion=completion.sinks),
    ],
    config: Config = None,
    output: Format = Output.TABLE,
    timeout: Annotated[str, typer.Option("--timeout", metavar="TIME", help="How long to wait, like 30s.")] = "30s",
) -> None:
    """Sends a test message to a sink through the outbox, as the daemon would, and says what came of it."""
    from monitor.cli import out
    from monitor.cli.progress import progress
    from monitor.cli.trial import test_sink

    seconds = _seconds(timeout)
    with progress(f"Waiting for {name} …"):
        result = test_sink(config, name, seconds)
    if output is not Output.TABLE:
        out.document(output, result.data())
    else:
        for line in result.lines():
            out.line(line)
    if not result.delivered:
        raise Failure(result.sentence(), "`training-monitor sinks list` shows the last outcome of each sink.")


def _of_config(config: Path | None) -> list[Item]:
    """The sinks before there is a database: none has a delivery."""
    from monitor.cli.opening import load_settings

    unknown = dict.fromkeys(("reason", "since", "probe_at", "waiting_since", "delivered_at", "last_delivery"))
    fresh = {"state": "ok", **unknown, "waiting": 0, "given_up": 0}
    settings = load_settings(config, resolve=False)
    return [{"name": sink.name, "type": getattr(sink, "type", ""), **fresh} for sink in settings.sinks]


def _seconds(text: str) -> float:
    from monitor.fields import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise Failure(f"--timeout: {error}.", "Like: --timeout 30s", code=USAGE) from error
    if seconds <= 0:
        raise Failure(f"--timeout: {text} is no time to wait.", "Like: --timeout 30s", code=USAGE)
    return seconds


def _table(sinks: list[Item]) -> None:
    from monitor.cli import out, when
    from monitor.cli.table import Column

    columns = [
        Column(title="NAME", least=8),
        Column(title="TYPE", least=12),
        Column(title="STATE", least=7, colour=out.state_colour),
        Column(title="LAST", least=9, colour=out.state_colour),
        Column(title="WHEN", least=14),
        Column(title="WAITING", least=7, right=True),
        Column(title="GIVEN UP", least=8, right=True),
        Column(title="DETAIL", least=40, wrap=True),
    ]
    cells = []
    for sink in sinks:
        last, state = sink["last_delivery"], sink.get("state", "ok")  # a daemon of an older version does not say
        told = [last["state"], when.short(last["at"])] if last else ["-", "-"]
        detail = _failing(sink) if state != "ok" else (last["detail"] if last else "") or ""
        cells.append([sink["name"], sink["type"], state, *told, str(sink["waiting"]), str(sink["given_up"]), detail])
    out.rows(columns, cells, "")


def _failing(sink: Item) -> str:
    """Since when, what it answers, and for one that is held back when it is tried next."""
    from monitor.cli import when

    since = f"since {when.short(sink['since'])}: " if sink["since"] else ""
    probe = f"; next try {when.short(sink['probe_at'])}" if sink["probe_at"] else ""
    return f"{since}{sink['reason'] or 'no reason given'}{probe}"
