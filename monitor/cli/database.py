"""`db upgrade`, `backup`, `restore`, `prune`, `end-links`, `check`: the store up to date, safe, small and whole."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import backups
from monitor.cli.failure import Failure
from monitor.cli.options import Config, Format, Output

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.store.prune import Pruned

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


app.command("backup")(backups.backup)
app.command("restore")(backups.restore)


@app.command("prune")
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    config: Config = None,
    output: Format = Output.TABLE,
) -> None:
    """Removes what is older than `retention` of the config says, also while the daemon runs, which does the same once
    an hour. What something still refers to stays: messages that wait, what rules remember, the last event of each thing
    that is known, and all that was booked."""
    import asyncio

    from monitor.cli import out
    from monitor.cli.opening import load_settings
    from monitor.cli.progress import progress
    from monitor.fields import format_duration

    settings = load_settings(config, resolve=False)
    kept = settings.retention
    with progress("Looking for what may go …" if dry_run else "Removing what may go …"):
        found = asyncio.run(_pruned(settings, dry_run))
    if output is not Output.TABLE:
        out.document(output, {"removed": not dry_run, **asdict(found)})
        return
    ages = f"events {format_duration(kept.events)}, messages {format_duration(kept.deliveries)}"
    if not found:
        out.line(f"Nothing is old enough to be removed ({ages}).")
        return
    out.line(f"{'Would be removed' if dry_run else 'Removed'} ({ages}):")
    out.page((name, f"{number:,}") for name, number in found.counts().items())


@app.command("end-links")
def end_links(config: Config = None, output: Format = Output.TABLE) -> None:
    """Ends every signed link in messages that were sent so far, also while the daemon runs: what it sends from then on
    is signed with another key. A link that was ended says so to whoever opens it."""
    import asyncio

    from monitor.cli import out
    from monitor.cli.opening import load_settings

    ended = asyncio.run(_links_ended(load_settings(config, resolve=False)))
    if output is not Output.TABLE:
        out.document(output, {"ended": ended})
    elif ended:
        out.line("All links in messages that were sent so far have ended; later messages have new ones.")
    else:
        out.line("No message had a link yet; nothing was done.")


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
            found.mend,
            details=found.problems,
        )


async def _pruned(settings: Settings, dry_run: bool) -> Pruned:
    from monitor.app.pruning import Limits, Pruning
    from monitor.fields import SystemClock
    from monitor.store import open_store

    async def rest(took: float) -> None:
        await clock.sleep(took)  # a daemon beside it has its turn

    clock = SystemClock()
    opened = await open_store(settings.store, state_dir=settings.state_dir, lock=False)
    try:
        walk = Pruning(opened, Limits.of(settings.retention, clock.now()), clock, rest)
        return await (walk.look() if dry_run else walk.run())
    finally:
        await opened.aclose()


async def _links_ended(settings: Settings) -> bool:
    from monitor.store import open_store
    from monitor.store.answers import end_links

    opened = await open_store(settings.store, state_dir=settings.state_dir, lock=False)
    try:
        return await opened.write(end_links)
    finally:
        await opened.aclose()
