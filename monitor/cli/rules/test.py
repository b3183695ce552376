"""`rules test`: plays cases on a virtual clock and holds what came against what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.options import Config, Format, Output

if TYPE_CHECKING:
    from monitor.cli.rules.report import Result
    from monitor.lab.case import Case
    from monitor.rules import Notify

NOTED = 20
"""Cases that passed with something left to say; more are counted."""
WIDEST = 100
"""Cells of a report; it is read side by side."""


def play_cases(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files of cases, as docs/lab.md has them, or folders.")
    ],
    config: Config = None,
    only: Annotated[
        str | None, typer.Option("-k", metavar="WORD", help="Only cases that have this in their name, in any case.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Also write the results as JUnit XML; - is stdout.")
    ] = None,
    output: Format = Output.TABLE,
) -> None:
    """Plays cases of your rules on a virtual clock: what happens, and which messages must come of it.

    Nobody is contacted, no secret is looked up and no time passes. Ends with 0 where every case went as expected, 1
    where one did not, 2 where a file cannot be read as cases or rules.
    """
    from monitor.cli import out
    from monitor.cli.failure import USAGE, Failure
    from monitor.cli.progress import progress

    if output is not Output.TABLE and str(junit) == "-":
        raise Failure("--output and --junit - both write to stdout.", "Give --junit the name of a file.", code=USAGE)
    with progress("Reading the cases …"):
        cases = _read(files, config)
    results = _played(_chosen(cases, only))
    if output is Output.TABLE and str(junit) != "-":
        for text in _report(results):
            out.line(text)
    elif output is not Output.TABLE:
        out.documents(output, (_document(result) for result in results))
    if junit is not None:
        _write_junit(junit, results)
    if any(result.state != "passed" for result in results):
        raise typer.Exit(1)


def _read(files: Sequence[Path], config: Path | None) -> list[Case]:
    """Raises Failure with the mistakes of all files."""
    from monitor.cli.failure import USAGE, Failure
    from monitor.cli.rules.cases import files_in, read_cases
    from monitor.settings import ConfigErrors

    cases: list[Case] = []
    problems: list[str] = []
    waiting = list(files)
    while waiting:
        file = waiting.pop(0)
        try:
            if file.is_dir():
                waiting[:0] = files_in(file)
            else:
                cases += read_cases(file, config)
        except ConfigErrors as error:
            problems += [str(problem) for problem in error.problems]
    if problems:
        mistakes = "One mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        hint = "Correct what stands above; the page docs/lab.md has every key of a case."
        raise Failure(
            f"{mistakes} in what was to be tested; nothing was played.", hint, code=USAGE, details=tuple(problems)
        )
    return cases


def _chosen(cases: list[Case], only: str | None) -> list[Case]:
    from monitor.cli.failure import USAGE, Failure

    found = [case for case in cases if only is None or only.lower() in case.name.lower()]
    if not found:
        hint = f"There are {len(cases)}, like: {cases[0].name}" if cases else ""
        raise Failure(f"No case has {only!r} in its name.", hint, code=USAGE)
    return found


def _played(cases: list[Case]) -> list[Result]:
    from time import perf_counter

    from monitor.cli.progress import progress
    from monitor.cli.rules.report import Result
    from monitor.lab.differ import compare
    from monitor.lab.run import play

    results = []
    with progress(f"Playing {len(cases):,} cases …") as say:
        for number, case in enumerate(cases, 1):
            begun = perf_counter()
            outcome = play(case)
            results.append(Result(case, outcome, compare(case, outcome), perf_counter() - begun))
            if number % 50 == 0:
                say(f"Playing {len(cases):,} cases: {number:,}")
    return results


def _report(results: Sequence[Result]) -> Iterator[str]:
    """What did not go as expected, and a line for all."""
    from monitor.cli import out
    from monitor.cli.rules.report import lines, waiting

    width = min(out.width(), WIDEST)
    for result in results:
        if result.state != "passed":
            yield _coloured(f"{result.state.upper()}  {result.case.name}", "31")
            yield f"  {result.place}"
            for text in lines(result, width - 2):
                yield f"  {text}".rstrip()
            yield ""
    open_ends = [result for result in results if result.state == "passed" and result.outcome.to_come]
    for result in open_ends[:NOTED]:
        yield _coloured(f"NOTE  {result.case.name}", "33")
        yield f"  {result.place}"
        for text in waiting(result, width - 2):
            yield f"  {text}".rstrip()
        yield ""
    if len(open_ends) > NOTED:
        yield f"… and {len(open_ends) - NOTED} more that passed while a message still waits"
    states = [result.state for result in results]
    counts = [f"{states.count(state)} {word}" for state, word in _WORDS if states.count(state)]
    cases = "1 case" if len(results) == 1 else f"{len(results)} cases"
    summary = f"{cases}: {', '.join(counts)} ({sum(result.seconds for result in results):.2f} s)"
    yield _coloured(summary, "32" if states.count("passed") == len(states) else "31")


_WORDS = (("passed", "passed"), ("failed", "failed"), ("error", "could not be played"))


def _coloured(text: str, code: str) -> str:
    from monitor.cli import out

    return f"\x1b[{code}m{text}\x1b[0m" if out.colours() else text


def _document(result: Result) -> dict[str, Any]:
    from monitor.cli.rules.report import lines

    return {
        "name": result.case.name,
        "file": result.case.file,
        "line": result.case.line,
        "state": result.state,
        "seconds": round(result.seconds, 4),
        "error": result.outcome.error or None,
        "messages": [_message(told) for told in result.outcome.told],
        "waiting": [_message(told) for told in result.outcome.to_come],
        "differences": [] if result.state == "passed" else list(lines(result, 78)),
    }


def _message(told: Notify) -> dict[str, Any]:
    from monitor.model import rfc3339

    return {
        "at": rfc3339(told.at),
        "rule": told.rule,
        "to": list(told.sinks),
        "reason": told.reason.value,
        "severity": told.severity.value,
        "title": told.text.title,
        "body": told.text.plain,
        "events": [event.type.value for event in told.events],
        "shadow": told.shadow,
    }


def _write_junit(path: Path, results: Sequence[Result]) -> None:
    import sys
    from datetime import UTC, datetime

    from monitor.cli.failure import Failure
    from monitor.cli.rules.report import lines, waiting
    from monitor.lab.junit import Played, junit

    cases = []
    for result in results:
        text = "\n".join((waiting if result.state == "passed" else lines)(result, 98))
        cases.append(
            Played(
                file=result.case.file,
                line=result.case.line,
                name=result.case.name,
                state=result.state,
                seconds=result.seconds,
                message=text.partition("\n")[0],
                text=text,
            )
        )
    xml = junit(cases, when=datetime.now(UTC))
    if str(path) == "-":
        sys.stdout.write(xml)
        return
    try:
        path.write_text(xml, encoding="utf-8")
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}.", "Give another place with --junit FILE."
        ) from error
