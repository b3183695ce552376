"""`rules lint`: what is right in itself and hardly meant, with its place and a remedy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.options import Config, Format, Output

if TYPE_CHECKING:
    from monitor.settings import Problem, Settings


def lint(config: Config = None, output: Format = Output.TABLE) -> None:
    """Looks for rules that never match or never get their turn, sinks that nobody uses, events that nobody is told of.

    Only what is certain is told. No secret is looked up. Ends with 0 where nothing was found, 1 where something was, 2
    where the file is wrong.
    """
    from monitor.cli import out
    from monitor.cli.rules.opening import load_rules
    from monitor.rules.lint import lint as look

    settings, ruleset = load_rules(config)
    sinks = [sink.name for sink in settings.sinks]
    accounts = {account.name: getattr(account, "provider", "") for account in settings.accounts}
    findings = look(ruleset, sinks, settings.people, accounts)
    placed = sorted(zip(_places(settings.path, findings), findings, strict=True), key=lambda each: each[0])
    if output is Output.TABLE:
        _print(placed, settings, len(ruleset.rules))
    else:
        out.documents(output, (_document(place, finding) for place, finding in placed))
    if placed:
        raise typer.Exit(1)


def _places(path: Path, findings: list[Any]) -> list[Problem]:
    from monitor.settings.document import read_document
    from monitor.settings.source import read_text

    document = read_document(str(path), read_text(path))
    found = []
    for finding in findings:
        inner = None if finding.line is None else (finding.line, finding.column or 1)
        found.append(document.problem(finding.path, finding.what, inner=inner))
    return found


def _print(placed: list[tuple[Problem, Any]], settings: Settings, rules: int) -> None:
    """A former name that may go is told, and is no finding: what the exit code says is up to the file alone."""
    from monitor.cli import out
    from monitor.cli.renames import taken
    from monitor.cli.verdicts import told

    for place, finding in placed:
        told("warning", str(place), finding.remedy)
    for place in taken(settings):
        told("note", str(place))
    count = "1 rule" if rules == 1 else f"{rules} rules"
    things = {0: "nothing", 1: "one thing"}.get(len(placed), f"{len(placed)} things")
    out.line(f"{settings.path}: {count}, {things} to look at.")


def _document(place: Problem, finding: Any) -> dict[str, Any]:
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "path": place.path,
        "kind": finding.kind,
        "rule": finding.rule or None,
        "what": finding.what,
        "remedy": finding.remedy,
    }
