"""`events list`, `follow` and `show`: the event log, read beside a running daemon or without one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import AccountName, Config, Format, Limit, Output, Since, moment

if TYPE_CHECKING:
    from monitor.cli.following import Filter
    from monitor.model import Event
    from monitor.store import Connection

app = typer.Typer(help="What happened, as it was found out.", no_args_is_help=True)
Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only this type; * as a glob, like 'job.*'. May be repeated."),
]
Subject = Annotated[
    str | None, typer.Option("--subject", help="Only this subject, like job/ft-1 or flavor/ascend-8/cn-north-4a.")
]


@app.command("list")
def list_(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    types: Types = None,
    account: AccountName = None,
    subject: Subject = None,
    since: Since = None,
) -> None:
    """The latest events, oldest first. `--output jsonl` prints CloudEvents."""
    from monitor import store
    from monitor.cli import out
    from monitor.cli.opening import load_settings, reading

    wanted = _filter(types, account, subject, since)

    def read(conn: Connection) -> list[Event]:
        found = store.read_events(
            conn,
            types=wanted.types,
            account=wanted.account,
            subject=wanted.subject,
            since=wanted.since,
            newest_first=True,
            limit=limit,
        )
        return found[::-1]

    found = reading(load_settings(config, resolve=False), read)
    if output is Output.TABLE:
        history_table(found, "No event is stored that fits.")
    else:
        out.documents(output, [event.cloudevent() for event in found])


@app.command("show")
def show(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")],
    config: Config = None,
    output: Format = Output.TABLE,
) -> None:
    """One event with all its data."""
    from monitor import store
    from monitor.cli import out
    from monitor.cli.opening import load_settings, reading

    key: int | str = int(event) if event.isdecimal() and len(event) < 19 else event
    found = reading(load_settings(config, resolve=False), lambda conn: store.get_event(conn, key))
    if found is None:
        raise Failure(f"There is no event {event!r}.", "`training-monitor events list` shows their numbers.")
    if output is Output.TABLE:
        _page(found)
    else:
        out.document(output, found.cloudevent())


@app.command("follow")
def follow(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many earlier events to begin with.")] = 10,
    types: Types = None,
    account: AccountName = None,
    subject: Subject = None,
    since: Since = None,
) -> None:
    """Prints events as they are stored, until Ctrl-C."""
    from monitor.cli.following import following
    from monitor.cli.opening import load_settings

    wanted = _filter(types, account, subject, since)
    settings = load_settings(config, resolve=False)
    show = _print_json if output is not Output.TABLE else _print_line
    try:
        asyncio.run(following(settings, wanted, limit, show))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def history_table(events: list[Event], empty: str) -> None:
    """Events as a table, with what a message would say of each."""
    from monitor.cli import out
    from monitor.cli.table import Column

    columns = [
        Column(title="SEQ", least=3, right=True),
        Column(title="TIME", least=14),
        Column(title="TYPE", least=14),
        Column(title="WHAT", least=20, wrap=True),
    ]
    out.rows(columns, [_cells(event) for event in events], empty)


def _filter(types: list[str] | None, account: str | None, subject: str | None, since: str | None) -> Filter:
    if types:
        from monitor.rules.globs import known_pattern

        for pattern in types:
            try:
                known_pattern(pattern)
            except ValueError as error:
                raise Failure(
                    f"--type {pattern}: {error}", "Types are like job.finished or 'job.*'.", code=USAGE
                ) from error
    from monitor.cli.following import Filter

    return Filter(types or None, account, subject, moment(since))


def _print_json(event: Event) -> None:
    from monitor.cli import out

    out.line(out.compact(event.cloudevent()))


def _print_line(event: Event) -> None:
    """One event in columns that do not depend on what comes later."""
    from monitor.cli import out
    from monitor.cli.table import wrapped

    _, time, kind, what = _cells(event)
    margin = f"{time}  {kind:<18}  "
    for number, part in enumerate(wrapped(what, max(20, out.width() - len(margin)))):
        out.line((margin if number == 0 else " " * len(margin)) + part)


def _cells(event: Event) -> list[str]:
    from monitor.cli import when
    from monitor.rules.message import story_of

    where = f"  [{event.account}]" if event.account else ""
    return [str(event.seq), when.short(event.time), event.type.value, story_of(event).title + where]


def _page(event: Event) -> None:
    from monitor.cli import out, when
    from monitor.rules.message import story_of

    out.page(
        [
            ("what", story_of(event).title),
            ("type", event.type.value),
            ("severity", event.severity.value),
            ("number", event.seq),
            ("id", event.id),
            ("account", event.account),
            ("subject", event.subject),
            ("time", when.full(event.time)),
            ("detected", when.full(event.detected_at)),
            ("late", "yes: it happened before the previous good poll" if event.late else None),
            ("told", "no: it belongs to a silent first run" if event.quiet else None),
        ]
    )
    out.line()
    out.page(_flat(event.data))


def _flat(data: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Nested data as `job.error.code  …` lines; empty and absent things are left out."""
    found: list[tuple[str, Any]] = []
    for key, value in data.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        elif value not in (None, [], ""):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            found.append((f"{prefix}{key}", shown))
    return found
