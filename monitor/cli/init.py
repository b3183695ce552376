"""`init`: the first config file, by questions on a terminal or by flags; it never holds a secret."""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.failure import FAILED, INTERRUPTED, USAGE, Failure
from monitor.cli.keeping import Keep

if TYPE_CHECKING:
    from monitor.cli.keeping import Keeper
    from monitor.cli.starter import Plan

MODE = 0o640
USUAL = "training-monitor.yaml"
SYSTEM = Path("/etc/training-monitor")
GROUP = "training-monitor"
"""Of the service, which has a user of its own only while it runs."""


class Platform(StrEnum):
    MODEL_STUDIO = "model-studio"
    MODELARTS = "modelarts"


def init(
    path: Annotated[str, typer.Argument(metavar="FILE", help="What to write; - is stdout.")] = USUAL,
    provider: Annotated[
        list[Platform] | None, typer.Option("--provider", help="A platform to watch; may be given twice.")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="ID", help="As cn-north-4.")] = None,
    project_id: Annotated[str | None, typer.Option("--project-id", metavar="ID", help="Of ModelArts.")] = None,
    sink: Annotated[
        list[str] | None,
        typer.Option("--sink", metavar="[NAME=]WHAT", help="A variable that holds an Apprise URL, or the URL."),
    ] = None,
    credentials: Annotated[
        Keep | None,
        typer.Option("--credentials", help="Where secrets are kept. Default: env; systemd for a file in /etc."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take what the variables say.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file; the old one is kept beside it.")] = False,
) -> None:
    """Writes a commented config file with three useful rules, which `check` accepts.

    On a terminal it asks; with --yes or without a terminal it takes flags and the variables that are set. Secrets
    never stand in the file, only references to them.
    """
    from monitor.cli import questions
    from monitor.cli.interview import by_questions
    from monitor.cli.keeping import Keeper
    from monitor.cli.wishes import Flags, by_flags

    file = Path(USUAL if path == "-" else path)
    if path != "-":
        _may_write(file, force)
    system = file.absolute().parent == SYSTEM
    keeper = Keeper(credentials or (Keep.SYSTEMD if system else Keep.ENV), file, os.environ)
    flags = Flags(
        providers=[each.value for each in provider or ()], region=region, project_id=project_id, sinks=sink or ()
    )
    try:
        if yes or not questions.possible():
            text = _checked(by_flags(flags, keeper, os.environ, guess=yes))
        else:
            text = _checked(by_questions(flags, keeper, os.environ))
            if not questions.confirmed(f"Write {'it to stdout' if path == '-' else file}?"):
                raise Failure("Nothing was written.", code=FAILED)
    except KeyboardInterrupt:
        questions.say()
        raise Failure("Interrupted; nothing was written.", code=INTERRUPTED) from None
    backup = _write(file, text, keeper, force=force, stdout=path == "-")
    _tell(file, keeper, backup, stdout=path == "-")


def _may_write(file: Path, force: bool) -> None:
    """Before any question: it would be a pity to answer them for nothing."""
    if file.is_dir():
        raise Failure(f"{file} is a directory.", f"Name a file in it, like {file / USUAL}", code=USAGE)
    if file.exists() and not force:
        raise Failure(
            f"{file} is there already; nothing was written.",
            "Name another file, or replace it with --force (the old one is kept beside it).",
        )
    folder = file.absolute().parent
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if nearest != folder != SYSTEM:
        raise Failure(
            f"There is no directory {folder}; nothing was written.",
            f"Make it first: mkdir -p {shlex.quote(str(folder))}",
        )
    if not os.access(nearest, os.W_OK | os.X_OK, effective_ids=True):
        hint = "Name a file where this user may write, or run it as the user that owns the directory."
        raise Failure(f"{nearest} may not be written; nothing was written.", hint)


def _checked(plan: Plan) -> str:
    """The text, which the loader has accepted. Raises Failure with what it says of the answers."""
    import tempfile

    from monitor.cli.starter import config_text
    from monitor.settings import ConfigErrors, load

    text = config_text(plan)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / USUAL
        file.write_text(text, encoding="utf-8")
        try:
            load(file, resolve=False, environ=os.environ, credentials_dir=None)
        except ConfigErrors as error:
            details = tuple(f"{problem.path}: {problem.message}" for problem in error.problems)
            hint = "Nothing was written; correct the flag or the answer that this comes from."
            raise Failure("What was said makes no config file.", hint, code=USAGE, details=details) from error
    return text


def _write(file: Path, text: str, keeper: Keeper, *, force: bool, stdout: bool) -> Path | None:
    """The backup that was made. Raises Failure, with nothing changed."""
    from monitor.cli import out

    try:
        if not stdout:
            file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        keeper.write()
        if stdout:
            for line in text.splitlines():
                out.line(line)
            return None
        return _put(file, text, force)
    except FileExistsError:
        raise Failure(f"{file} is there already; nothing was written.", "Replace it with --force.") from None
    except OSError as error:
        place = error.filename or file
        hint = "Name a file where this user may write, or run it as the user that owns the directory."
        raise Failure(f"{place} cannot be written: {error.strerror or error}.", hint) from error


def _put(file: Path, text: str, force: bool) -> Path | None:
    """Appears whole or not at all. Raises OSError."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            _give_to_service(file, stream.fileno())
        backup = None
        if force and file.exists():
            backup = file.with_name(f"{file.name}.before-{time.strftime('%Y%m%d-%H%M%S')}")
            os.link(file, backup)
            partial.replace(file)
        else:
            os.link(partial, file)
        return backup
    finally:
        partial.unlink(missing_ok=True)


def _give_to_service(file: Path, descriptor: int) -> None:
    """The unit's group may read the file of the system, where that group is there. Raises OSError."""
    import grp

    if file.absolute().parent == SYSTEM and os.geteuid() == 0:
        with contextlib.suppress(KeyError):
            os.fchown(descriptor, -1, grp.getgrnam(GROUP).gr_gid)


def _tell(file: Path, keeper: Keeper, backup: Path | None, *, stdout: bool) -> None:
    """What was done, what is left to do, then the next two commands; on stderr, for stdout may be the file."""
    from monitor.cli.questions import say, show

    if not stdout:
        say(f"Wrote {file} (mode 640)." + (f" The old one is {backup}." if backup else ""))
    for path in keeper.files:
        say(f"Wrote {path} (mode 600), a secret.")
    if keeper.absent:
        say("Put each secret into its file, with mode 600:")
        for path in keeper.absent:
            show(str(path))
    if keeper.unset:
        say("Set these variables before you go on:")
        for name in keeper.unset:
            show(f"export {name}=...")
    if keeper.loads:
        say("Put these lines into the unit, as: systemctl edit training-monitor")
        for line in ("[Service]", *keeper.loads):
            show(line)
    config = "" if stdout or str(file) == USUAL or file == SYSTEM / USUAL else f" --config {file}"
    say()
    say("Next:")
    show(f"{'CREDENTIALS_DIRECTORY=/etc/credstore ' if keeper.loads else ''}training-monitor check --online{config}")
    show("systemctl restart training-monitor" if keeper.loads else f"training-monitor run{config}")
