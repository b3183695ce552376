"""`config schema`: the JSON Schema of the config file; `config show`: what was understood of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import Config, Format, Output

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.cli.asking import Asker
    from monitor.settings.show import Shown

NARROW = 70
"""Cells below which a table would cut what it should show."""

app = typer.Typer(help="The config file.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """The config file."""


@app.command("schema")
def schema(config: Config = None) -> None:
    """Prints the JSON Schema of the config file; editors complete and check with it. It is the same for every file."""
    import json

    from monitor.cli import out
    from monitor.settings.schema import json_schema

    out.line(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@app.command("show")
def show(
    config: Config = None,
    output: Format = Output.TABLE,
    changed: Annotated[bool, typer.Option("--changed", help="Only what differs from the defaults.")] = False,
) -> None:
    """Prints the config as it was understood: every value, secrets masked, with the line that it came from.

    No secret is looked up.
    """
    from dataclasses import asdict

    from monitor.cli import out
    from monitor.cli.opening import load_settings
    from monitor.settings.show import shown

    values = [value for value in shown(load_settings(config, resolve=False)) if value.changed or not changed]
    if output is Output.TABLE:
        _print(values)
    else:
        out.documents(output, (asdict(value) for value in values))


@app.command("reload")
def reload(config: Config = None, output: Format = Output.TABLE) -> None:
    """Has the running daemon read its config file anew, and prints what changed, as `systemctl reload` does without a
    word. Where the file is wrong the one before goes on. What takes longer than 20 seconds goes on by itself: it says
    what it waits for, and ends with 3."""
    from monitor.cli import out
    from monitor.cli.failure import PARTLY, USAGE, Failure
    from monitor.cli.progress import progress

    with _daemon(config) as ask, progress("Reading the config anew …"):
        done = ask.post("/control/reload")
    if problems := done["problems"]:
        wrong = "The config was rejected; the one before goes on."
        hint = "Mend it (training-monitor check), then reload again."
        raise Failure(wrong, hint, code=USAGE, details=tuple(problems))
    if output is not Output.TABLE:
        out.document(output, done)
    elif done["changed"] is not None:
        out.line("The config was reloaded" + ("." if done["changed"] else "; nothing in it has changed."))
        for section, words in done["changed"].items():
            out.line(f"  {section}: {words}")
    if done["changed"] is None:
        why = done.get("waits") or "the daemon, which is of an older version, does not say why"
        hint = (
            "It goes on by itself; what came of it: training-monitor config reload, once more; training-monitor doctor"
        )
        raise Failure(f"The reload is not done yet: {why}.", hint, code=PARTLY)


def _daemon(config: Path | None) -> Asker:
    """The way to the running daemon. Raises Failure, with every mistake of the file where nobody can say for them where
    the daemon listens: it was not asked then, and knows nothing of them."""
    from monitor.cli.asking import beside
    from monitor.cli.failure import Failure
    from monitor.cli.opening import load_settings

    try:
        return beside(config)
    except Failure:
        try:
            load_settings(config, resolve=False)
        except Failure as wrong:
            said = str(wrong).replace("nothing was done", "a daemon that runs was not asked and goes on as before")
            raise Failure(said, wrong.hint, code=wrong.code, details=wrong.details) from wrong
        raise


def _print(values: Sequence[Shown]) -> None:
    """A table where there is room for one; else each value below its path."""
    from monitor.cli import out
    from monitor.cli.table import Column, wrapped

    if out.width() >= NARROW:
        cells = [[value.path, value.value, value.source.rpartition("/")[2]] for value in values]
        least = max((len(row[2]) for row in cells), default=0)
        columns = [Column(title="KEY", least=20), Column(title="VALUE", least=12), Column(title="FROM", least=least)]
        out.rows(columns, cells, "Nothing was changed.")
        return
    for value in values:
        for number, text in enumerate((value.path, value.value, f"({value.source})")):
            for line in wrapped(text, out.width() - 2):
                out.line(("  " if number else "") + line)
