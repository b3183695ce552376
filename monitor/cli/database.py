"""`db upgrade` and `db check`: the store's tables, brought up to date or looked through."""

from __future__ import annotations

import typer

from monitor.cli.failure import Failure
from monitor.cli.options import Config, Format, Output

app = typer.Typer(help="The store's database.", no_args_is_help=True)


@app.command("upgrade")
def upgrade(config: Config = None) -> None:
    """Brings the database to what this version needs, after a backup copy of a SQLite file."""
    import asyncio

    from monitor import store
    from monitor.cli import out
    from monitor.cli.opening import load_settings
    from monitor.cli.progress import progress

    settings = load_settings(config, resolve=False)
    with progress("Upgrading the database …"):
        changed = asyncio.run(store.upgrade(settings.store, settings.state_dir))
    out.line("The database was upgraded." if changed else "The database is up to date; nothing was done.")


@app.command("check")
def check(config: Config = None, output: Format = Output.TABLE) -> None:
    """Reads the whole database and says what is wrong with it; changes nothing."""
    import asyncio

    from monitor import store
    from monitor.cli import out
    from monitor.cli.opening import load_settings
    from monitor.cli.progress import progress

    settings = load_settings(config, resolve=False)
    with progress("Reading the whole database …"):
        found = asyncio.run(store.check(settings.store, settings.state_dir))
    if output is not Output.TABLE:
        facts = {"place": found.place, "revision": found.revision, "head": found.head, "problems": list(found.problems)}
        out.document(output, facts)
    elif found.ok:
        out.line(f"The database {found.place} is whole (revision {found.revision}).")
    if not found.ok:
        raise Failure(
            f"The database {found.place} is not as it should be.",
            "`training-monitor db upgrade` brings an older one up to date; for all else restore a backup.",
            details=found.problems,
        )
