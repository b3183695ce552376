"""`deliveries list`, `show`, `retry` and `drop`: what became of each message at each sink, and what to do about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import completion
from monitor.cli.options import Config, Format, Limit, Output, RuleName, Search, Since, SinkName, Yes, moment

if TYPE_CHECKING:
    from monitor.cli.lists import Item

app = typer.Typer(help="Messages on their way to each sink.", no_args_is_help=True)
States = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        metavar="STATE",
        help="Only in this state, like pending or delivered; several: dead,refused (which is what was given up).",
        autocompletion=completion.delivery_states,
    ),
]
Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Their ids, or how they begin.", autocompletion=completion.delivery_ids),
]
All = Annotated[bool, typer.Option("--all", help="All that fit --sink, --state and --rule, instead of ids.")]


@app.command("list")
def list_(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    sink: SinkName = None,
    state: States = None,
    rule: RuleName = None,
    since: Since = None,
    search: Search = None,
) -> None:
    """Deliveries, newest first."""
    from monitor.cli.lists import listed

    asked: dict[str, Any] = {"sink": sink, "state": _words(state), "rule": rule, "search": search}
    listed(config, output, "/api/v1/deliveries", limit, _table, **asked, since=moment(since))


@app.command("show")
def show(
    delivery: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The delivery's id, or its beginning.", autocompletion=completion.delivery_ids
        ),
    ],
    config: Config = None,
    output: Format = Output.TABLE,
) -> None:
    """One delivery with its text and every attempt."""
    from monitor.cli import out
    from monitor.cli.lists import one

    found = one(config, "/api/v1/deliveries", delivery)
    if output is Output.TABLE:
        _page(found)
    else:
        out.document(output, found)


def _change(what: str, says: str) -> None:
    """Makes the command `what`: both choose alike and differ in what is done."""

    @app.command(what, help=says)
    def change(
        ids: Ids = None,
        config: Config = None,
        output: Format = Output.TABLE,
        all_: All = False,
        sink: SinkName = None,
        state: States = None,
        rule: RuleName = None,
        yes: Yes = False,
    ) -> None:
        from monitor.cli import bulk

        bulk.change(config, output, what, bulk.Wanted(ids or [], all_, sink, _words(state), rule), yes=yes)


_change(
    "retry",
    "Sends again what is dead, refused or waits, or was dropped if its id is given: at once, with a new time limit. "
    "--all means what was given up (dead and refused), unless --state says otherwise.",
)
_change(
    "drop",
    "Gives up what waits, so that it is never sent, and what waits behind it goes on; or forgets what is dead or "
    "refused. --all means what waits (pending), unless --state says otherwise.",
)


def _words(given: list[str] | None) -> list[str]:
    return [word.strip() for each in given or () for word in each.split(",")]


def _table(deliveries: list[Item]) -> None:
    from monitor.cli import out, when
    from monitor.cli.ids import unique
    from monitor.cli.table import Column

    columns = [
        Column(title="ID", least=unique([item["id"] for item in deliveries])),
        Column(title="SINK", least=7),
        Column(title="STATE", least=9, colour=out.state_colour),
        Column(title="TRIES", least=5, right=True),
        Column(title="SINCE", least=14),
        Column(title="WHAT", least=36, wrap=True),
    ]
    alike = _alike(deliveries)
    cells = []
    for item in deliveries:
        at, why = when.short(item["settled_at"] or item["created_at"]), item.get("waits") or ""
        detail = f": {item['detail']}" if item["detail"] and item["detail"] not in why else ""
        waits = f" (waits: {why})" if why and (item["sink"], why) not in alike else ""
        what = f"{item['title']}  [{item['rule']}]{detail}{waits}"
        cells.append([item["id"], item["sink"], item["state"], str(item["attempt"]), at, what])
    out.rows(columns, cells, "No delivery is stored that fits.")
    for (sink, why), count in alike.items():
        out.block(f"{count:,} of these wait for {sink}: {why}")


def _alike(deliveries: list[Item]) -> dict[tuple[str, str], int]:
    """Why several wait for one sink, and how many of them: told once, below, and not with each."""
    counts = Counter((item["sink"], item["waits"]) for item in deliveries if item.get("waits"))
    return {why: count for why, count in counts.items() if count > 1}


def _page(item: dict[str, Any]) -> None:
    from monitor.cli import out, when
    from monitor.cli.table import Column

    out.page(
        [
            ("what", item["title"]),
            ("id", item["id"]),
            ("sink", item["sink"]),
            ("state", item["state"]),
            ("detail", item["detail"]),
            ("waits", item.get("waits")),
            ("rule", item["rule"]),
            ("severity", item["severity"]),
            ("notification", item["notification"]),
            ("created", when.full(item["created_at"])),
            ("next try", when.full(item["next_at"]) if item["settled_at"] is None else None),
            ("settled", when.full(item["settled_at"])),
        ]
    )
    out.line()
    out.block(item["body"])
    out.line()
    columns = [
        Column(title="TRY", least=3, right=True),
        Column(title="BEGAN", least=14),
        Column(title="OUTCOME", least=9, colour=out.state_colour),
        Column(title="DETAIL", least=20, wrap=True),
    ]
    cells = []
    for each in item["attempts"]:
        said = " ".join(part for part in (each["detail"], each["reference"]) if part)
        cells.append([str(each["attempt"]), when.short(each["started_at"]), each["outcome"] or "no answer yet", said])
    out.rows(columns, cells, "It was not tried yet.")
