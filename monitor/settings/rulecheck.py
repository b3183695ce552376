"""Compiles the rules against the sinks and people of the file, and gives the places of what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from monitor.rules.compile import RuleErrors, RuleSet
from monitor.rules.options import RuleOptions, UnmatchedOptions
from monitor.settings.document import Document
from monitor.settings.problems import Path, Problem
from monitor.settings.sections import Sections, names
from monitor.sinks.options import SinkOptions


def default_net(rules: Collection[RuleOptions], sinks: Sequence[SinkOptions]) -> UnmatchedOptions | None:
    """Without any rule and without `unmatched` a daemon would be mute: then everything is told to every sink."""
    return None if rules else UnmatchedOptions(notify=[sink.name for sink in sinks])


def rule_problems(document: Document, data: dict[str, Any], found: Sections) -> Iterator[Problem]:
    """What the rules room says of those rules and people that are right in themselves. Loads the rule language where a
    rule has an expression."""
    indexes = {"rules": list(found.rules), "people": list(found.people)}
    unmatched = found.plain.unmatched if found.plain is not None else None
    try:
        RuleSet.compile(list(found.rules.values()), list(found.people.values()), unmatched, names(data, "sinks"))
    except RuleErrors as error:
        for mistake in error.mistakes:
            inner = None if mistake.line is None else (mistake.line, mistake.column or 1)
            path = _in_file(mistake.path, indexes)
            if path in document.values and document.values[path] is not None and _was_changed(document, data, path):
                inner = None  # a reference was put in: the place inside the text is not the place in the file
            yield document.problem(path, mistake.message, inner=inner)


def _in_file(path: Path, indexes: dict[str, list[int]]) -> Path:
    """The path with the entry's index in the file instead of its index among the entries that were right."""
    section, *rest = path
    if isinstance(section, str) and section in indexes and rest and isinstance(rest[0], int):
        return (section, indexes[section][rest[0]], *rest[1:])
    return path


def _was_changed(document: Document, data: Any, path: Path) -> bool:
    for part in path:
        data = data[part]
    return bool(data != getattr(document.values[path], "text", data))
