"""`config schema`: the JSON Schema of the config file, for editors."""

from __future__ import annotations

import typer

app = typer.Typer(help="The config file.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """The config file."""


@app.command("schema")
def schema() -> None:
    """Prints the JSON Schema of the config file; editors complete and check with it."""
    import json

    from monitor.cli import out
    from monitor.settings.schema import json_schema

    out.line(json.dumps(json_schema(), ensure_ascii=False, indent=2))
