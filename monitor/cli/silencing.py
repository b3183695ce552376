"""The work of `silences add`: the preview, the question, and what came of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli import out, when
from monitor.cli.failure import USAGE, Failure, SaidNo
from monitor.cli.options import Output
from monitor.cli.table import Column

if TYPE_CHECKING:
    from monitor.cli.lists import Item

PATH = "/api/v1/silences"
SHOWN = 12
"""Things of a preview, so that the question below it stays in sight."""


def add(config: Path | None, output: Output, asked: Mapping[str, str | None], *, yes: bool, dry_run: bool) -> None:
    """Raises Failure, also where nobody can answer the question, and for no."""
    from monitor.cli.asking import asking
    from monitor.cli.progress import progress

    if (asked["for"] is None) == (asked["until"] is None):
        wrong = "It needs an end." if asked["for"] is None else "--for and --until are both given."
        raise Failure(wrong, "Give --for 2h, or --until with a time; one of the two.", code=USAGE)
    asked = {**asked, "owner": asked["owner"] if asked["owner"] is not None else login()}
    with asking(config) as ask:
        with progress("Looking at the last day …"):
            seen = ask.post(f"{PATH}/preview", **asked)  # which checks all of it before anybody is asked
        table = output is Output.TABLE
        if table:
            _preview(seen)
        if dry_run:
            out.line("Nothing was added.") if table else out.document(output, seen)
            return
        _agree(yes=yes)
        done = ask.post(PATH, **asked)
    if table:
        _say(config, done)
    else:
        out.document(output, done)


def hidden(things: list[Item], count: int) -> None:
    """What is kept from somebody, as a table: a row for each of so many things."""
    columns = [
        Column(title="EVENT", least=6, right=True),
        Column(title="TIME", least=14),
        Column(title="RULES", least=7),
        Column(title="SINKS", least=9),
        Column(title="WHAT", least=36, wrap=True),
    ]
    cells = [
        [
            str(each["seq"]),
            when.short(each["at"]),
            ", ".join(each["rules"]),
            ", ".join(each["sinks"]) or "nobody",
            ", ".join((each["title"], *_besides(each))),
        ]
        for each in things
    ]
    out.rows(columns, cells, "")
    if (more := count - len(things)) > 0:
        out.line(f"and {many(more, 'more thing')}")


def many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _besides(thing: Item) -> Iterator[str]:
    if thing["earlier"]:
        yield many(thing["earlier"], "event") + " before it"
    if thing["reminders"]:
        yield "and " + many(thing["reminders"], "reminder")


def login() -> str:
    """The login name. Raises Failure where this user has none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise Failure("This user has no login name.", "Say who it is.", code=USAGE) from None


def _preview(seen: dict[str, Any]) -> None:
    of = f"of the {many(seen['seen'], 'message')} since {when.short(seen['since'])}"
    if not seen["messages"]:
        out.line(f"It would have hidden none {of}.")
        return
    partly = f", {seen['partly']:,} in part" if seen["partly"] else ""
    out.line(f"It would have hidden {seen['messages']:,} {of}{partly}, about {many(seen['things'], 'thing')}:")
    hidden(seen["events"][:SHOWN], seen["things"])


def _agree(*, yes: bool) -> None:
    if yes:
        return
    import typer

    if not sys.stdin.isatty():
        hint = "Say --yes to add it, or --dry-run to look only."
        raise Failure("There is nobody to ask; nothing was added.", hint, code=USAGE)
    if not typer.confirm("Add this silence?", err=True):
        raise SaidNo("Nothing was added.")


def _say(config: Path | None, done: dict[str, Any]) -> None:
    from monitor.cli.sockets import live_socket

    begins = f"begins {when.full(done['starts_at'])} and " if done["state"] == "scheduled" else ""
    out.line(f"The silence {done['id']} {begins}ends {when.full(done['ends_at'])}.")
    out.line(f"End it earlier: training-monitor silences end {done['id']}")
    if live_socket(config) is None:
        out.line("No daemon answers here; it counts once one runs.")
