"""`jobs deletions`: what was asked to be deleted from its platform, by whom, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import completion
from monitor.cli.options import AccountName, Config, Format, Limit, Output

if TYPE_CHECKING:
    from monitor.cli.lists import Item

PATH = "/api/v1/deletions"


def deletions(
    config: Config = None,
    output: Format = Output.TABLE,
    limit: Limit = 50,
    account: AccountName = None,
    open_: Annotated[
        bool | None, typer.Option("--open/--settled", help="Only what is under way, or only what is not any more.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy", metavar="NAME", help="Only what this policy asked for.", autocompletion=completion.policies
        ),
    ] = None,
) -> None:
    """Deletions that were asked for, newest first, and how far each is."""
    from monitor.cli.lists import listed

    listed(config, output, PATH, limit, _table, account=account, open=open_, policy=policy)


def who(asked_by: Item) -> str:
    """`ann`, `the policy nightly`, `the API token`."""
    from monitor.model import Asker, AskerKind

    return Asker(AskerKind(asked_by["kind"]), asked_by["name"]).words


def _table(items: list[Item]) -> None:
    from monitor.cli import out, when
    from monitor.cli.table import Column

    columns = [
        Column(title="NAME", least=12, wanted=24),
        Column(title="STATE", least=9, colour=out.state_colour),
        Column(title="ASKED", least=14),
        Column(title="BY", least=10, wanted=20),
        Column(title="ACCOUNT", least=8, wanted=16, optional=True),
        Column(title="JOB, AND WHY", least=24, wrap=True),
    ]
    cells = []
    for item in items:
        facts = [item["name"] or "-", item["state"], when.short(item["requested_at"]), who(item["asked_by"])]
        cells.append([*facts, item["account"], _said(item)])
    out.rows(columns, cells, "No deletion is known that fits.")


def _said(item: Item) -> str:
    return f"{item['job']}: {item['reason']}" if item["reason"] else str(item["job"])
