"""`rules`: what to do with rules beside running them; one command per module of this folder."""

from __future__ import annotations

import typer

from monitor.cli.rules import backtest, diff, explain, lint, schema, test

app = typer.Typer(help="Rules: test them, ask them, hold them against history.", no_args_is_help=True)


@app.callback()
def rules() -> None:
    """Rules: test them, ask them, hold them against history."""


app.command("test")(test.play_cases)
app.command("backtest")(backtest.backtest)
app.command("diff")(diff.diff)
app.command("lint")(lint.lint)
app.command("explain")(explain.explain)
app.command("schema")(schema.schema)
