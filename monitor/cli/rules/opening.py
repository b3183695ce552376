"""From `--config` to rules that are ready to be held against events; no secret is looked up."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from monitor.rules import RuleSet
    from monitor.rules.mistake import RuleMistake
    from monitor.settings import Problem, Settings


def load_rules(config: Path | None) -> tuple[Settings, RuleSet]:
    """The settings of a file and its compiled rules. Raises Failure with every mistake and its place."""
    from monitor.cli.opening import load_settings
    from monitor.rules import RuleErrors

    settings = load_settings(config, resolve=False)
    try:
        return settings, compiled(settings)
    except RuleErrors as error:
        problems = located(settings.path, error.mistakes)
        count = "One mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        raise Failure(
            f"{count} in the rules of {settings.path}; nothing was done.",
            "Correct it and look again: training-monitor check",
            code=USAGE,
            details=tuple(str(problem) for problem in problems),
        ) from error


def compiled(settings: Settings) -> RuleSet:
    """Raises RuleErrors."""
    from monitor.rules import RuleSet

    sinks = [sink.name for sink in settings.sinks]
    return RuleSet.compile(settings.rules, settings.people, settings.unmatched, sinks, settings.flapping)


def located(path: Path, mistakes: Iterable[RuleMistake]) -> list[Problem]:
    """The mistakes with their places in the file, in order."""
    from monitor.settings.document import read_document
    from monitor.settings.source import read_text

    document = read_document(str(path), read_text(path))
    found = []
    for mistake in mistakes:
        inner = None if mistake.line is None else (mistake.line, mistake.column or 1)
        found.append(document.problem(mistake.path, mistake.message, at_key=mistake.at_key, inner=inner))
    return sorted(set(found))
