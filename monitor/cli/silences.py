"""`silences add`, `list`, `show` and `end`: hide what an expression is true of, for a time, and see what that hid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import completion
from monitor.cli.options import Config, Format, Output, Yes, ahead

if TYPE_CHECKING:
    from monitor.cli.lists import Item

PATH = "/api/v1/silences"
MOST = 10_000
app = typer.Typer(help="What is hidden for a time, by whom and why.", no_args_is_help=True)
Id = Annotated[
    str, typer.Argument(metavar="ID", help="The silence's id, or its beginning.", autocompletion=completion.silence_ids)
]


@app.command("add")
def add(
    match: Annotated[
        str, typer.Option("--match", metavar="CEL", help="What is hidden: an expression like `when` of a rule.")
    ],
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="Why; people read it.")],
    for_: Annotated[
        str | None, typer.Option("--for", metavar="LENGTH", help="For how long: 30m, 2h, 1d; or give --until.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="Until when: a time like 2026-01-31T08:00.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="WHEN", help="From when on: a time, or 2h for in two hours.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="NAME", help="Who answers for it. Default: the login name.")
    ] = None,
    config: Config = None,
    output: Format = Output.TABLE,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would have hidden.")] = False,
) -> None:
    """Hides what the expression is true of, from everybody, until an end. Shows first what it would have hidden of the
    last day, and asks."""
    from monitor.cli import silencing

    asked = {
        "match": match,
        "comment": comment,
        "owner": owner,
        "for": for_,
        "until": ahead(until, "--until"),
        "from": ahead(from_, "--from"),
    }
    silencing.add(config, output, asked, yes=yes, dry_run=dry_run)


@app.command("list")
def list_(
    config: Config = None,
    output: Format = Output.TABLE,
    all_: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
) -> None:
    """Silences that are active or scheduled, newest first, and how many messages each hid."""
    from monitor.cli.asking import asking

    states = (None,) if all_ else ("scheduled", "active")
    with asking(config) as ask:
        items = [item for state in states for item in ask.items(PATH, MOST, state=state)]
    if output is Output.TABLE:
        _table(items, all_=all_)
    else:
        from monitor.cli import out

        out.documents(output, items)


@app.command("show")
def show(silence: Id, config: Config = None, output: Format = Output.TABLE) -> None:
    """One silence, and what it hid from whom."""
    from monitor.cli import out
    from monitor.cli.lists import one

    found = one(config, PATH, silence)
    if output is Output.TABLE:
        _page(found)
    else:
        out.document(output, found)


@app.command("end")
def end(silence: Id, config: Config = None, output: Format = Output.TABLE) -> None:
    """Ends a silence now; what it hid and still holds is told."""
    from monitor.cli import out
    from monitor.cli.asking import asking, segment
    from monitor.cli.ids import whole
    from monitor.cli.silencing import many

    with asking(config) as ask:
        done = ask.post(f"{PATH}/{segment(whole(ask, PATH, silence))}/end")
    if output is not Output.TABLE:
        out.document(output, done)
        return
    hid = "It hid nothing."
    if done["hidden"]:
        hid = f"It hid {many(done['hidden'], 'message')}; what still holds of it is told."
    out.line(f"The silence {done['id']} of {done['owner']} has ended. {hid}")


def _table(silences: list[Item], *, all_: bool) -> None:
    from monitor.cli import out, when
    from monitor.cli.ids import unique
    from monitor.cli.table import Column

    columns = [
        Column(title="ID", least=unique([item["id"] for item in silences])),
        Column(title="STATE", least=9, colour=out.state_colour),
        Column(title="FROM", least=14),
        Column(title="UNTIL", least=14),
        Column(title="HID", least=3, right=True),
        Column(title="OWNER", least=7),
        Column(title="WHAT", least=36, wrap=True),
    ]
    cells = [
        [
            item["id"],
            item["state"],
            when.short(item["starts_at"]),
            when.short(item["ended_at"] or item["ends_at"]),
            f"{item['hidden']:,}",
            item["owner"],
            f"{item['match']}  [{item['comment']}]",
        ]
        for item in silences
    ]
    out.rows(columns, cells, "There is no silence." if all_ else "No silence is active or scheduled.")


def _page(item: dict[str, Any]) -> None:
    from monitor.cli import out, silencing, when

    out.page(
        [
            ("match", item["match"]),
            ("id", item["id"]),
            ("state", item["state"]),
            ("owner", item["owner"]),
            ("comment", item["comment"]),
            ("from", when.full(item["starts_at"])),
            ("until", when.full(item["ends_at"])),
            ("ended", when.full(item["ended_at"])),
            ("ended by", item["ended_by"]),
            ("hid", _hid(item)),
        ]
    )
    if item["events"]:
        out.line()
        silencing.hidden(item["events"], item["things"])


def _hid(item: Item) -> str:
    from monitor.cli.silencing import many

    if not item["hidden"]:
        return "nothing"
    return f"{many(item['hidden'], 'message')} about {many(item['things'], 'thing')}"
