"""Which rules a case is about: its own, those above all cases of the file, or those of a config file. Compiled once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel

from monitor.cli.rules.opening import load_rules
from monitor.lab.options import AccountOptions, Surroundings
from monitor.model import Account
from monitor.rules import (
    FlappingOptions,
    PersonOptions,
    RuleErrors,
    RuleMistake,
    RuleOptions,
    RuleSet,
    UnmatchedOptions,
)
from monitor.rules.options import OWNER
from monitor.settings import Settings
from monitor.settings.document import Document
from monitor.settings.problems import Path
from monitor.settings.sections import Reader

SECTIONS: Mapping[str, type[BaseModel]] = {"rules": RuleOptions, "people": PersonOptions, "accounts": AccountOptions}


@dataclass(frozen=True, slots=True)
class Part:
    """A section that stands in the file of cases: its place, as it is written, and what was made of it."""

    at: Path
    raw: Any
    value: Any
    places: tuple[int, ...] = ()
    """Of a list: the indexes of the entries that are right, which `value` holds."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the rules of a case come from. `right`: nothing in its parts was wrong by itself."""

    parts: Mapping[str, Part] = field(default_factory=dict)
    config: FilePath | None = None
    right: bool = True


@dataclass(frozen=True, slots=True)
class Ready:
    """What a case is played with."""

    ruleset: RuleSet
    accounts: tuple[Account, ...]
    catch_up_after: timedelta


class RuleSets:
    """`config`: whose rules are tried where neither a case nor its file has rules."""

    def __init__(self, document: Document, reader: Reader, config: FilePath | None) -> None:
        self._document = document
        self._reader = reader
        self._config = config
        self._made: dict[str, Ready | None] = {}
        self._settings: dict[FilePath | None, Settings] = {}

    def home(self, options: Surroundings, at: Path, above: Home | None) -> Home:
        """What stands at this place, over what holds for all."""
        base = above or Home()
        if options.config is not None:
            base = Home(config=FilePath(self._document.file).parent / options.config)
        parts, before = dict(base.parts), len(self._reader.problems)
        for name in sorted(options.model_fields_set & {*SECTIONS, "unmatched", "sinks", "flapping"}):
            raw = getattr(options, name)
            parts[name] = self._part(name, raw, (*at, name))
        right = base.right and len(self._reader.problems) == before
        return Home(parts, base.config, right)

    def ready(self, home: Home) -> Ready | None:
        """None where something is wrong with it, which is told. Raises Failure for a config file that is wrong."""
        key = json.dumps([str(home.config), {name: part.raw for name, part in home.parts.items()}], default=str)
        if key not in self._made:
            self._made[key] = self._ready(home)
        return self._made[key]

    def _ready(self, home: Home) -> Ready | None:
        borrowed = home.config is not None or "rules" not in home.parts
        settings = self._load(home.config or self._config) if borrowed else None
        try:
            ruleset = _compiled(home.parts, settings)
        except RuleErrors as error:
            for mistake in error.mistakes:
                self._say(home, mistake)
            return None
        return Ready(ruleset, _accounts(home.parts, settings), _patience(settings)) if home.right else None

    def _load(self, config: FilePath | None) -> Settings:
        """A config file whose rules are right by themselves."""
        if config not in self._settings:
            self._settings[config], _ = load_rules(config)
        return self._settings[config]

    def _say(self, home: Home, mistake: RuleMistake) -> None:
        inner = None if mistake.line is None else (mistake.line, mistake.column or 1)
        part = home.parts.get(str(mistake.path[0]))
        path: Path = (*part.at, *_in_file(mistake.path[1:], part)) if part is not None else ()
        found = self._document.problem(path, mistake.message, at_key=mistake.at_key, inner=inner if path else None)
        self._reader.problems.append(found)

    def _part(self, name: str, raw: Any, at: Path) -> Part:
        if name in SECTIONS:
            made = [self._reader.model(SECTIONS[name], entry, (*at, index)) for index, entry in enumerate(raw or ())]
            right = {index: entry for index, entry in enumerate(made) if entry is not None}
            return Part(at, raw, list(right.values()), tuple(right))
        if name == "unmatched":
            return Part(at, raw, self._reader.model(UnmatchedOptions, raw, at) if raw is not None else None)
        if name == "flapping":
            return Part(at, raw, None if raw == "off" else self._reader.model(FlappingOptions, raw or {}, at))
        return Part(at, raw, [self._sink(entry, (*at, index)) for index, entry in enumerate(raw or ())])

    def _sink(self, entry: Any, at: Path) -> str:
        """A name, or an entry as the config file has it."""
        name = entry.get("name") if isinstance(entry, Mapping) else entry
        if not isinstance(name, str):
            self._reader.problems.append(self._document.problem(at, "expected the name of a sink"))
        return str(name)


def _in_file(path: Path, part: Part) -> Path:
    """The path inside the section, with the entry's index in the file."""
    if part.places and path and isinstance(path[0], int):
        return (part.places[path[0]], *path[1:])
    return path


def _compiled(parts: Mapping[str, Part], settings: Settings | None) -> RuleSet:
    """Raises RuleErrors."""
    if settings is not None:
        below: dict[str, Any] = {name: getattr(settings, name) for name in ("rules", "people", "unmatched", "flapping")}
        below["sinks"] = [sink.name for sink in settings.sinks]
    else:
        below = {"rules": (), "people": (), "unmatched": None, "flapping": FlappingOptions()}
    found = below | {name: part.value for name, part in parts.items()}
    sinks = found["sinks"] if "sinks" in found else _named(found["rules"], found["people"], found["unmatched"])
    return RuleSet.compile(found["rules"], found["people"], found["unmatched"], sinks, found["flapping"])


def _named(rules: list[RuleOptions], people: list[PersonOptions], net: UnmatchedOptions | None) -> list[str]:
    """Every sink that is named anywhere."""
    names = [name for rule in rules for name in (*rule.notify, *(rule.fallback or ()))]
    names += [name for rule in rules for step in rule.escalate or () for name in step.notify]
    names += [name for person in people for name in person.notify]
    names += net.notify if net is not None else ()
    return [name for name in dict.fromkeys(names) if name != OWNER]


def _accounts(parts: Mapping[str, Part], settings: Settings | None) -> tuple[Account, ...]:
    entries = parts["accounts"].value if "accounts" in parts else settings.accounts if settings is not None else ()
    return tuple(
        Account(
            name=each.name,
            provider=getattr(each, "provider", ""),
            region=getattr(each, "region", None),
            labels=dict(each.labels),
        )
        for each in entries
    )


def _patience(settings: Settings | None) -> timedelta:
    return timedelta(seconds=settings.catch_up_after if settings is not None else 900)
