"""`events list`, `follow` and `show`: the event log, read beside a running daemon or without one."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from monitor.cli import completion
from monitor.cli.options import AccountName, Config, Format, Limit, Output, Search, Since, Until, moment

app = typer.Typer(help="What happened, as it was found out.", no_args_is_help=True)
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="Only this type; * as a glob, like 'job.*'. May be repeated.",
        autocompletion=completion.event_types,
    ),
]
Subject = Annotated[
    str | None,
    typer.Option("--subject", metavar="SUBJECT", help="Only this, like job/ft-1 or flavor/ascend-8/cn-north-4a."),
]

TOLD = ("detected_at", "late", "severity")
"""What the head of the page says of every event."""
LENGTHS = ("duration", "elapsed", "down_for")
"""Seconds: docs/events has no other."""
COUNTS = ("tokens", "delta")
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


@app.command("list")
def list_(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    types: Types = None,
    account: AccountName = None,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
    search: Search = None,
) -> None:
    """The latest events, oldest first. `--output jsonl` prints CloudEvents."""
    from monitor.cli.history import history_table
    from monitor.cli.lists import listed

    listed(
        config,
        output,
        "/api/v1/events",
        limit,
        lambda events: history_table(events, "No event is stored that fits."),
        oldest_first=True,
        **_asked(types, account, subject),
        since=moment(since),
        until=moment(until, "--until"),
        search=search,
    )


@app.command("show")
def show(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")],
    config: Config = None,
    output: Format = Output.TABLE,
) -> None:
    """One event with all its data."""
    from monitor.cli import out
    from monitor.cli.asking import segment
    from monitor.cli.lists import document

    found = document(config, f"/api/v1/events/{segment(event)}")
    if output is Output.TABLE:
        _page(found)
    else:
        out.document(output, found)


@app.command("follow")
def follow(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="How many earlier events to begin with.")
    ] = 10,
    types: Types = None,
    account: AccountName = None,
    subject: Subject = None,
    since: Since = None,
) -> None:
    """Prints events as they are stored, until Ctrl-C."""
    from monitor.cli import out
    from monitor.cli.following import following
    from monitor.cli.history import print_line

    asked = _asked(types, account, subject)
    show = print_line if output is Output.TABLE else lambda event: out.line(out.compact(event))
    try:
        following(config, asked, moment(since), limit, show)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _asked(types: list[str] | None, account: str | None, subject: str | None) -> dict[str, Any]:
    return {"type": types or None, "account": account, "subject": subject}


def _page(event: dict[str, Any]) -> None:
    from monitor.cli import out, when

    out.page(
        [
            ("what", event["title"]),
            ("type", event["type"]),
            ("severity", event["severity"]),
            ("number", event["seq"]),
            ("id", event["id"]),
            ("account", event["account"]),
            ("subject", event["subject"]),
            ("time", when.full(event["time"])),
            ("detected", when.full(event["detected"])),
            ("late", "yes: it happened before the previous good poll" if event["late"] else "no"),
            ("told", _silent(event["type"]) if event["quiet"] else None),
        ]
    )
    out.line()
    out.page(_flat(event["data"]))


def _flat(data: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Nested data as `job.error.code  …` lines; empty and absent things, and what the head says, are left out."""
    found: list[tuple[str, Any]] = []
    for key, value in data.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        elif value not in (None, [], "") and (prefix or key not in TOLD):
            found.append((f"{prefix}{key}", _shown(key, value)))
    return found


def _shown(key: str, value: Any) -> Any:
    """A value as people read it: lengths of time with their units, moments in local time."""
    from monitor.cli import when

    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(_shown(key, each)) for each in value)
    if isinstance(value, int | float):
        return when.length(value) if key in LENGTHS else f"{value:,}" if key in COUNTS else value
    return when.full(value) if re.fullmatch(MOMENT, str(value)) else value


def _silent(type: str) -> str:
    from monitor.model import EventType, silent

    return f"no: it belongs to {silent(EventType(type))}"
