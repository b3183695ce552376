"""`notifications list`, `show`, `ack` and `snooze`: what the rules said, where it went, and what people answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import completion
from monitor.cli.options import Config, Format, Limit, Output, RuleName, Search, Since, SinkName, ahead, moment

if TYPE_CHECKING:
    from monitor.cli.lists import Item

app = typer.Typer(help="Messages, as the rules wrote them.", no_args_is_help=True)
Ids = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="Their ids, or how they begin.", autocompletion=completion.notification_ids),
]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who answers. Default: the login name.")]


@app.command("list")
def list_(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    rule: RuleName = None,
    sink: SinkName = None,
    severity: Annotated[
        str | None,
        typer.Option(
            "--severity",
            metavar="WORD",
            help="Only this one: info, warning or critical.",
            autocompletion=completion.severities,
        ),
    ] = None,
    trial: Annotated[
        bool | None,
        typer.Option("--trial/--no-trial", help="Only what rules on trial (shadow) would have sent, or only the rest."),
    ] = None,
    since: Since = None,
    search: Search = None,
) -> None:
    """Notifications, newest first."""
    from monitor.cli.lists import listed

    asked: dict[str, Any] = {"rule": rule, "sink": sink, "severity": severity, "since": moment(since), "search": search}
    if trial is not None:
        asked["shadow"] = str(trial).lower()
    listed(config, output, "/api/v1/notifications", limit, _table, **asked)


@app.command("show")
def show(
    notification: Annotated[str, typer.Argument(metavar="ID", help="The notification's id, or its beginning.")],
    config: Config = None,
    output: Format = Output.TABLE,
) -> None:
    """One notification: its text, and its deliveries."""
    from monitor.cli import out
    from monitor.cli.lists import one

    found = one(config, "/api/v1/notifications", notification)
    if output is Output.TABLE:
        _page(found)
    else:
        out.document(output, found)


@app.command("ack")
def ack(ids: Ids, config: Config = None, output: Format = Output.TABLE, by: By = None) -> None:
    """Acknowledges messages of rules that remind or escalate: no more reminders, and nobody else is called."""
    from monitor.cli import answering

    answering.answer(config, output, "ack", ids, by=by)


@app.command("snooze")
def snooze(
    ids: Ids,
    config: Config = None,
    output: Format = Output.TABLE,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="LENGTH", help="For how long: 30m, 2h, 1d; or give --until.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="Until when: a time like 2026-01-31T08:00.")
    ] = None,
    by: By = None,
) -> None:
    """Puts messages off: they are told again then, if it still is so, and not before."""
    from monitor.cli import answering

    answering.answer(config, output, "snooze", ids, by=by, lasting=for_, until=ahead(until, "--until"))


def _table(notifications: list[Item]) -> None:
    from monitor.cli import out, when
    from monitor.cli.ids import unique
    from monitor.cli.table import Column

    columns = [
        Column(title="ID", least=unique([item["id"] for item in notifications])),
        Column(title="TIME", least=14),
        Column(title="RULE", least=7),
        Column(title="SEVERITY", least=8, colour=out.state_colour),
        Column(title="SINKS", least=9),
        Column(title="WHAT", least=36, wrap=True),
    ]
    cells = []
    for item in notifications:
        sinks = ", ".join(_went(each) for each in item["deliveries"]) or ("on trial" if item["shadow"] else "nobody")
        cells.append([item["id"], when.short(item["created_at"]), item["rule"], item["severity"], sinks, item["title"]])
    out.rows(columns, cells, "No notification is stored that fits.")


def _went(delivery: dict[str, Any]) -> str:
    """The sink, and what became of it where that is not the usual."""
    return delivery["sink"] if delivery["state"] == "delivered" else f"{delivery['sink']} ({delivery['state']})"


def _page(item: dict[str, Any]) -> None:
    from monitor.cli import out, when
    from monitor.cli.ids import unique
    from monitor.cli.table import Column

    out.page(
        [
            ("what", item["title"]),
            ("id", item["id"]),
            ("rule", item["rule"]),
            ("severity", item["severity"]),
            ("reason", item["reason"]),
            ("created", when.full(item["created_at"])),
            ("subjects", ", ".join(item["subjects"])),
            ("events", ", ".join(map(str, item["events"]))),
            ("answered", _answered(item["answer"])),
        ]
    )
    out.line()
    out.block(item["body"])
    out.line()
    columns = [
        Column(title="DELIVERY", least=unique([each["id"] for each in item["deliveries"]])),
        Column(title="SINK", least=7),
        Column(title="STATE", least=9, colour=out.state_colour),
        Column(title="TRIES", least=5, right=True),
        Column(title="DETAIL", least=14, wrap=True),
    ]
    cells = [
        [each["id"], each["sink"], each["state"], str(each["attempt"]), each["detail"] or "-"]
        for each in item["deliveries"]
    ]
    out.rows(columns, cells, "It went to nobody.")


def _answered(answer: dict[str, Any] | None) -> str | None:
    """How it stands; None of a message that nobody is asked to answer."""
    from monitor.cli import when

    if answer is None:
        return None
    said = {"open": "not yet", "over": "no; nothing more follows"}.get(answer["state"])
    if said is not None:
        return said
    until = f" until {when.full(answer['until'])}" if answer["until"] else ""
    at = f" at {when.full(answer['at'])}" if answer["at"] else ""
    return f"{answer['state']} by {answer['by']}{until or at}"
