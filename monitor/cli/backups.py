"""`db backup` and `db restore`: the whole database in one file, and such a file in its place."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import Config, Format, Output

if TYPE_CHECKING:
    from monitor.store.restore import Begun


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where to, a file or a directory. Default: beside the database."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    config: Config = None,
    output: Format = Output.TABLE,
) -> None:
    """Copies the whole SQLite database into one file, also while the daemon runs. The file has its name only once it is
    complete and was read through. For PostgreSQL it says which command does it."""
    import asyncio
    from datetime import UTC, datetime

    from monitor.cli import out
    from monitor.cli.opening import load_settings
    from monitor.cli.progress import progress
    from monitor.store.backup import backup as make
    from monitor.store.state_dir import keep_private

    settings = load_settings(config, resolve=False)
    keep_private()
    with progress("Copying the database …"):
        made = asyncio.run(make(settings.store, settings.state_dir, file, now=datetime.now(UTC), replace=force))
    if output is not Output.TABLE:
        facts = {"path": str(made.path), "size": made.size, "revision": made.revision, "events": made.events}
        out.document(output, facts)
        return
    out.line(f"The database is in {made.path}: {_size(made.size)}, {_counted(made.events, 'event')}.")
    out.line(f"Restore it with the daemon stopped: training-monitor db restore {shlex.quote(str(made.path))}")


def restore(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A backup.", show_default=False)] = None,
    new_epoch: Annotated[
        bool,
        typer.Option("--new-epoch", help="Only begin a new epoch, after another tool has restored the database."),
    ] = False,
    config: Config = None,
    output: Format = Output.TABLE,
) -> None:
    """Puts a backup in the place of the SQLite database, which is kept beside it; the daemon must be stopped. A new
    epoch begins: no later event bears the id of one that the replaced database has told. What waited to be sent when
    the backup was made is sent, and may come twice. What happened since then is found again by the next polls.

    After pg_restore, or a copy made by hand: --new-epoch."""
    if (file is None) is not new_epoch:
        why = "Name the backup" if file is None else "Name a backup or --new-epoch, not both"
        raise Failure(
            f"{why}.", "training-monitor db restore FILE, or training-monitor db restore --new-epoch", code=USAGE
        )
    import asyncio
    from datetime import UTC, datetime

    from monitor.cli import out
    from monitor.cli.opening import load_settings
    from monitor.cli.progress import progress
    from monitor.store import restore as restoring
    from monitor.store.state_dir import keep_private

    settings = load_settings(config, resolve=False)
    keep_private()
    facts: dict[str, Any] = {}
    with progress("Restoring the database …"):
        if file is None:
            begun = asyncio.run(restoring.begin_epoch(settings.store, settings.state_dir, now=datetime.now(UTC)))
        else:
            done = asyncio.run(restoring.restore(settings.store, settings.state_dir, file, now=datetime.now(UTC)))
            begun = done.begun
            facts = {
                "path": str(done.place),
                "kept": None if done.kept is None else str(done.kept),
                "upgraded_from": done.upgraded_from,
            }
    if output is not Output.TABLE:
        out.document(output, facts | {"events": begun.events, "waiting": begun.waiting})
        return
    if file is not None:
        out.line(f"{file} is the database {facts['path']} now.")
        if facts["upgraded_from"]:
            out.line(f"It was of revision {facts['upgraded_from']} and was upgraded.")
        if facts["kept"]:
            out.line(f"The one before is kept: {facts['kept']}")
    _tell(begun)


def _tell(begun: Begun) -> None:
    from monitor.cli import out

    out.line(
        f"A new epoch begins, after {_counted(begun.events, 'event')}: no later one bears the id of an earlier one."
    )
    if begun.waiting:
        out.line(f"{_counted(begun.waiting, 'message')} will be sent that may have been sent before.")


def _size(size: int) -> str:
    return f"{size / (1 << 20):.1f} MB" if size >= 1 << 20 else f"{size / 1024:.0f} kB"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
