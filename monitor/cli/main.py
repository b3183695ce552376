"""The command `training-monitor`: puts the groups together, and turns whatever goes wrong into one plain sentence."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from monitor.cli import (
    budgets,
    check,
    configs,
    database,
    deliveries,
    demo,
    doctor,
    events,
    flavors,
    init,
    jobs,
    notifications,
    rules,
    run,
    sandbox,
    silences,
    sinks,
    usage,
)
from monitor.cli.failure import DONE, FAILED, INTERRUPTED, USAGE, Failure, SaidNo
from monitor.cli.typed import plain, typed, typed_hint

PROGRAM = "training-monitor"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What writing to a stream ends with where its disk takes no more."""
_COMMANDS: dict[str, Any] = {
    "init": init.init,
    "check": check.check,
    "doctor": doctor.doctor,
    "run": run.run,
    "demo": demo.demo,
    "sandbox": sandbox.sandbox,
    "jobs": jobs.app,
    "flavors": flavors.app,
    "usage": usage.usage,
    "budgets": budgets.app,
    "events": events.app,
    "notifications": notifications.app,
    "deliveries": deliveries.app,
    "silences": silences.app,
    "sinks": sinks.app,
    "rules": rules.app,
    "config": configs.app,
    "db": database.app,
}


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"{PROGRAM} {version(PROGRAM)}\n")
        raise typer.Exit


def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")] = False,
) -> None:
    """Watches managed AI-training platforms and tells people what happened."""


def build(only: str | None = None) -> typer.Typer:
    """All commands, or the one and its group of that name. Each module is light; what a command needs is imported when
    it runs."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(main)
    for name, each in _COMMANDS.items():
        if only not in (None, name):
            continue
        if isinstance(each, typer.Typer):
            app.add_typer(each, name=name)
        else:
            app.command(name)(each)
    return app


def program(arguments: Sequence[str] = ()) -> Any:
    """The command as it is run, with its help dressed for the terminal. Where the first of the arguments names one, it
    is made without the others: all of them take longer than most commands run."""
    from monitor.cli.help import dress

    only = arguments[0] if arguments and arguments[0] in _COMMANDS else None
    return dress(typer.main.get_command(build(only)), PROGRAM)


def entry(arguments: list[str] | None = None) -> None:
    """The console script. Ends with 0 done, 1 failed, 2 usage or config error, 3 partly, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    sys.exit(_flushed(_guarded([argument for argument in given if argument != "--debug"], debug)))


def _guarded(arguments: list[str], debug: bool) -> int:
    try:
        result = program(arguments).main(arguments, prog_name=PROGRAM, standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except Failure as failure:
        details = tuple(map(typed, failure.details))
        mark = "" if isinstance(failure, SaidNo) else "error: "
        return _fail(typed(str(failure)), typed_hint(failure.hint, PROGRAM), failure.code, details, mark)
    except TyperException as error:
        return _usage_error(error)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("Interrupted.", "", INTERRUPTED)
    except BrokenPipeError:
        _stdout_is_gone()
        return DONE
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):  # Typer's end for a reader of a pipe that has left
            raise
        _stdout_is_gone()
        return DONE
    except Exception as error:  # the last line of defence: a bug is told in one line, its trace only on request
        if isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None:
            return _unwritten(error)
        if debug:
            raise
        return _unexpected(error)


def _unexpected(error: BaseException) -> int:
    while isinstance(error, BaseExceptionGroup):  # a task group wraps what its tasks raise; one cause is enough to tell
        error = next((each for each in error.exceptions if hasattr(each, "hint")), error.exceptions[0])
    hint = getattr(error, "hint", None)
    if isinstance(hint, str):  # StoreError, PortUnavailable, Fault: errors that were made to be read
        return _fail(str(error), hint, FAILED)
    name = type(error).__name__
    return _fail(f"Unexpected error ({name}); this is a bug.", "Run again with --debug to see where.", FAILED)


def _usage_error(error: TyperException) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    text = plain(text)
    if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command: the text is its help
        sys.stderr.write(text + "\n")
        return USAGE
    return _fail(text, f"Try: {path} --help", getattr(error, "exit_code", USAGE))


def _fail(sentence: str, hint: str, code: int, details: tuple[str, ...] = (), mark: str = "error: ") -> int:
    from monitor.telemetry.printable import printable

    lines = [*(printable(detail) for detail in details), f"{mark}{printable(sentence)}"]
    lines += [f"hint: {printable(hint)}"] if hint else []
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write("".join(f"{line}\n" for line in lines).encode(encoding, "backslashreplace").decode(encoding))
    return code


def _flushed(code: int) -> int:
    """`code`; where what was said cannot be written, that is told and the command failed."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _stdout_is_gone()
    except OSError as error:
        return _unwritten(error)
    return code


def _unwritten(error: OSError) -> int:
    _stdout_is_gone()
    hint = "Make room there, or send the output somewhere else."
    return _fail(f"The output could not be written: {error.strerror}.", hint, FAILED)


def _stdout_is_gone() -> None:
    """The reader of a pipe has left: nothing more can be said, and that is no failure."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
