"""Compiles the rules against the sinks and people of the file, and gives the places of what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from monitor.fields.secret import Deferred
from monitor.rules.compile import RuleSet
from monitor.rules.mistake import RuleErrors
from monitor.rules.options import OWNER, RuleOptions, UnmatchedOptions
from monitor.settings.document import Document
from monitor.settings.problems import Path, Problem
from monitor.settings.sections import Sections, names
from monitor.sinks.options import SinkOptions


def default_net(rules: Collection[RuleOptions], sinks: Sequence[SinkOptions]) -> UnmatchedOptions | None:
    """Without any rule and without `unmatched` a daemon would be mute: then everything is told to every sink."""
    return None if rules else UnmatchedOptions(notify=[sink.name for sink in sinks])


def rule_problems(document: Document, data: dict[str, Any], found: Sections) -> Iterator[Problem]:
    """What the rules room says of the rules, and of those people that are right in themselves. Loads the rule language
    where a rule has an expression."""
    broken = _readable(data, found)
    rules = dict(sorted((found.rules | {index: options for index, (options, _) in broken.items()}).items()))
    indexes = {"rules": list(rules), "people": list(found.people)}
    unmatched = found.plain.unmatched if found.plain is not None else None
    try:
        unread = {place: broken[index][1] for place, index in enumerate(rules) if index in broken}
        people = list(found.people.values())
        RuleSet.compile(list(rules.values()), people, unmatched, names(data, "sinks"), unread=unread)
    except RuleErrors as error:
        for mistake in error.mistakes:
            inner = None if mistake.line is None else (mistake.line, mistake.column or 1)
            path = _in_file(mistake.path, indexes)
            if path in document.values and document.values[path] is not None and was_changed(document, data, path):
                inner = None  # a reference was put in: the place inside the text is not the place in the file
            yield document.problem(path, mistake.message, inner=inner, at_key=mistake.at_key)


def _readable(data: dict[str, Any], found: Sections) -> dict[int, tuple[RuleOptions, frozenset[str]]]:
    """Of rules with a mistake in them what can be checked all the same, so that one mistake hides no other: each such
    rule without the keys that are wrong, and the names of those keys."""
    made: dict[int, tuple[RuleOptions, frozenset[str]]] = {}
    entries = data.get("rules")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if index in found.rules or not isinstance(entry, dict):
            continue
        wrong = {key for key, value in entry.items() if _is_deferred(value)} | _wrong_keys(entry)
        rest = {"name": f"rule-{index}", "on": ["*"], "notify": [OWNER]}
        rest |= {key: value for key, value in entry.items() if key not in wrong}
        with suppress(ValidationError):  # which was told already
            made[index] = (RuleOptions.model_validate(rest), frozenset(wrong))
    return made


def _is_deferred(value: Any) -> bool:
    """Whether a reference in it could not be put in."""
    if isinstance(value, dict):
        return any(_is_deferred(item) for item in value.values())
    if isinstance(value, list):
        return any(_is_deferred(item) for item in value)
    return isinstance(value, Deferred)


def _wrong_keys(entry: dict[str, Any]) -> set[str]:
    try:
        RuleOptions.model_validate(entry)
    except ValidationError as error:
        return {str(item["loc"][0]) for item in error.errors(include_url=False) if item["loc"]}
    return set()


def _in_file(path: Path, indexes: dict[str, list[int]]) -> Path:
    """The path with the entry's index in the file instead of its index among the entries that were right."""
    section, *rest = path
    if isinstance(section, str) and section in indexes and rest and isinstance(rest[0], int):
        return (section, indexes[section][rest[0]], *rest[1:])
    return path


def was_changed(document: Document, data: Any, path: Path) -> bool:
    """Whether a reference was put in, so that a place inside the text is none in the file."""
    for part in path:
        data = data[part]
    return bool(data != getattr(document.values[path], "text", data))
