"""`rules diff`: what a reload would change, rule by rule and key by key, and on request in messages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import Config, Output

if TYPE_CHECKING:
    from monitor.cli.rules.books import Book
    from monitor.lab.changes import Changes
    from monitor.lab.compare import Comparison

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        show_default=False,
        help="The new rules: a whole config file, or one with `rules:` and little else. Default: the config file.",
    ),
]
Over = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="Also what it would change in messages: a back-test since then (7d)."),
]


def diff(
    file: File = None,
    config: Config = None,
    since: Over = None,
    output: Annotated[Output, typer.Option("--output", help="Words for people; json for programs.")] = Output.TABLE,
) -> None:
    """What the rules of a file would change against those that the running daemon uses, or without one against those
    of the config."""
    from monitor.cli import out
    from monitor.cli.rules.sources import sources
    from monitor.lab import changes as lab

    with sources(config) as there:
        old, new = _sides(there.ask, there.current, file, config)
        found = lab.changes(old, new)
        compared = None
        if since is not None:
            from monitor.cli.rules.backtest import span_of, tried
            from monitor.lab.compare import CURRENT, PROPOSED

            compared = tried(there.history, {CURRENT: old, PROPOSED: new}, span_of(since, None))
    if output is Output.TABLE:
        _show(found, old, new, compared)
        return
    document: dict[str, Any] = {"against": old.name, "file": new.name, **lab.document(found)}
    if compared is not None:
        from monitor.lab.compare import document as counted

        document["messages"] = counted(compared)
    out.document(output, document)


def _sides(ask: Any, current: Book, file: Path | None, config: Path | None) -> tuple[Book, Book]:
    """What is in use, and what would be. Raises Failure where the two are the same thing."""
    from monitor.cli.rules.books import of_daemon, of_file
    from monitor.cli.sockets import live_socket

    runs = live_socket(config) is not None
    old = of_daemon(ask) if runs else current
    if file is not None:
        return old, of_file(file, old)
    if not runs:
        hint = "Start it, or name a file with new rules: training-monitor rules diff FILE"
        raise Failure("No daemon runs here whose rules could be held against the config's.", hint, code=USAGE)
    if current.name == old.name:
        raise Failure("The config file may not be read here.", "Name a file with new rules, or use sudo.", code=USAGE)
    return old, current


def _show(found: Changes, old: Book, new: Book, compared: Comparison | None) -> None:
    from monitor.cli import out
    from monitor.cli.table import wrapped
    from monitor.lab.changes import words

    if not found:
        out.line(f"The rules of {new.name} are those of {old.name}.")
    else:
        out.block(f"{new.name} against {old.name}:")
        for text in words(found):
            margin = len(text) - len(text.lstrip())
            for number, part in enumerate(wrapped(text.strip(), max(20, out.width() - margin - 2))):
                out.line(" " * (margin + 2 * (number > 0)) + part)
    if compared is not None:
        from monitor.cli.rules.backtest_page import show
        from monitor.lab.compare import CURRENT, PROPOSED

        out.line()
        show(compared, {CURRENT: old.name, PROPOSED: new.name}, None)
