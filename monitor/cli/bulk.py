"""The work of `deliveries retry` and `drop`: which are meant, a question before many are changed, what came of each."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor.cli.failure import USAGE, Failure, SaidNo
from monitor.cli.options import Output

if TYPE_CHECKING:
    from monitor.cli.asking import Asker
    from monitor.cli.lists import Item

DEFAULT = {"retry": ("dead", "refused"), "drop": ("pending",)}
"""The states of `--all` without `--state`: what was given up, in vain or for good; what waits."""
_OVER = ("sending", "delivered", "dropped", "collapsed")
DONE = {"retry": "due again", "drop": "dropped"}
PATH = "/api/v1/deliveries"
EVERY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Either ids, or all that fit: any of the states, or those of `DEFAULT`."""

    ids: list[str]
    all: bool
    sink: str | None
    states: list[str]
    rule: str | None


def change(config: Path | None, output: Output, what: str, wanted: Wanted, *, yes: bool) -> None:
    """Changes each delivery that is wanted, by itself: one that cannot be changed harms no other.

    Raises Failure: none was changed, or (PARTLY) some were not.
    """
    from monitor.cli import out
    from monitor.cli.asking import asking
    from monitor.cli.oneach import each
    from monitor.cli.progress import progress

    _check(what, wanted)
    with asking(config) as ask:
        with progress("Reading …"):
            ids = wanted.ids or [item["id"] for item in _fitting(ask, what, wanted)]
        if not ids:
            said = _none(ask, what, wanted)
            out.documents(output, []) if output is not Output.TABLE else out.line(said)
            return
        if wanted.all:
            _agree(what, ids, yes=yes)
        found = each(ask, PATH, ids, what)
    if output is not Output.TABLE:
        out.documents(output, found.done)
    elif found.done:
        _say(config, what, len(found.done))
    found.complain(lambda number: f"{_count(number)} could not be changed.")


def _say(config: Path | None, what: str, number: int) -> None:
    from monitor.cli import out
    from monitor.cli.sockets import live_socket

    out.line(f"{_count(number)} {'is' if number == 1 else 'are'} {DONE[what]}.")
    if what == "retry" and live_socket(config) is None:
        out.line("No daemon answers here; what is due is sent once one runs.")


def _check(what: str, wanted: Wanted) -> None:
    if wanted.ids and wanted.all:
        raise Failure("Both ids and --all are given.", "Give one of the two.", code=USAGE)
    if not wanted.ids and not wanted.all:
        raise Failure("No delivery is named.", "Give ids, or --all with --sink or --state.", code=USAGE)
    if wanted.ids and (wanted.sink or wanted.states or wanted.rule):
        raise Failure("--sink, --state and --rule choose among all, and ids are given.", "Use --all.", code=USAGE)
    for state in wanted.states:
        if what == "retry" and state == "dropped":
            raise Failure("What was dropped is not tried again in bulk.", "Give the ids that are meant.", code=USAGE)
        if state in _OVER:
            said = "tried again" if what == "retry" else "dropped"
            raise Failure(f"What is {state} cannot be {said}.", "--state takes: pending, dead, refused.", code=USAGE)


def _fitting(ask: Asker, what: str, wanted: Wanted) -> list[Item]:
    return list(ask.items(PATH, EVERY, sink=wanted.sink, state=wanted.states or list(DEFAULT[what]), rule=wanted.rule))


def _none(ask: Asker, what: str, wanted: Wanted) -> str:
    """What stands in another state than those that were looked for is easily meant. Raises Failure for a sink that
    nobody knows."""
    from monitor.cli.lists import require_sink

    require_sink(ask, wanted.sink)
    if wanted.states:
        return "No delivery fits."
    (other,) = (states for which, states in DEFAULT.items() if which != what)
    there = list(ask.items(PATH, EVERY, sink=wanted.sink, state=list(other), rule=wanted.rule))
    said = f"No delivery that is {' or '.join(DEFAULT[what])} fits."
    if not there:
        return said
    number, those = ("1 is", "it") if len(there) == 1 else (f"{len(there):,} are", "them")
    return f"{said} {number} {' or '.join(other)}; to {what} {those} add: --state {','.join(other)}"


def _agree(what: str, ids: list[str], *, yes: bool) -> None:
    """Says how many, and asks. Raises Failure where nobody can answer, typer.Abort."""
    if yes:
        return
    if not sys.stdin.isatty():
        hint = "Say --yes, or look first: training-monitor deliveries list"
        raise Failure(f"{_count(len(ids))} would be {DONE[what]}; nothing was done.", hint, code=USAGE)
    if not typer.confirm(f"{_count(len(ids))} will be {DONE[what]}. Go on?", err=True):
        raise SaidNo("Nothing was done.")


def _count(number: int) -> str:
    return "1 delivery" if number == 1 else f"{number:,} deliveries"
