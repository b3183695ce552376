"""Holds plain data against the models of its sections and keeps every mistake with its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.actions.options import CleanupOptions
from monitor.fields.secret import Deferred
from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.options import PriceOptions
from monitor.providers import registry as providers
from monitor.providers.options import AccountOptions
from monitor.rules.options import PersonOptions, RuleOptions
from monitor.settings.document import Document
from monitor.settings.explain import explain
from monitor.settings.keys import unknown_key
from monitor.settings.problems import Path, Problem
from monitor.settings.root import Plain
from monitor.sinks import registry as sinks
from monitor.sinks.options import SinkOptions

M = TypeVar("M", bound=BaseModel)
_LISTS = frozenset({"accounts", "sinks", "people", "prices", "budgets", "cleanup", "rules"})


@dataclass(slots=True)
class Sections:
    """What could be made of the file: the entries that are right, by their index, and what is wrong with the rest."""

    accounts: dict[int, AccountOptions] = field(default_factory=dict)
    sinks: dict[int, SinkOptions] = field(default_factory=dict)
    people: dict[int, PersonOptions] = field(default_factory=dict)
    prices: dict[int, PriceOptions] = field(default_factory=dict)
    budgets: dict[int, BudgetOptions] = field(default_factory=dict)
    cleanup: dict[int, CleanupOptions] = field(default_factory=dict)
    rules: dict[int, RuleOptions] = field(default_factory=dict)
    plain: Plain | None = None
    problems: list[Problem] = field(default_factory=list)


def read_sections(document: Document, data: dict[str, Any]) -> Sections:
    """Checks each section by itself, so that a mistake in one hides none in another."""
    reader = Reader(document, data)
    found = Sections(problems=reader.problems)
    found.accounts = reader.entries("accounts", "provider", providers.options, providers.kinds())
    found.sinks = reader.entries("sinks", "type", sinks.options, sinks.kinds())
    found.people = reader.listed("people", PersonOptions)
    found.prices = reader.listed("prices", PriceOptions)
    found.budgets = reader.listed("budgets", BudgetOptions)
    found.cleanup = reader.listed("cleanup", CleanupOptions)
    found.rules = reader.listed("rules", RuleOptions)
    rest = {key: value for key, value in data.items() if key not in _LISTS and value is not None}
    found.plain = reader.model(Plain, rest, ())
    return found


class Reader:
    """Holds parts of a document against models. `problems`: every mistake so far."""

    def __init__(self, document: Document, data: dict[str, Any]) -> None:
        self._document = document
        self._data = data
        self.problems: list[Problem] = []

    def model(self, model: type[M], data: Any, at: Path) -> M | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                self._mistake(model, item, at)
            return None

    def entries(self, section: str, key: str, options: Callable[[str], type[M]], kinds: list[str]) -> dict[int, M]:
        """The entries of `accounts` or `sinks`, each by the options of its kind; only the kinds in use are loaded."""
        entries = self._data.get(section)
        if not isinstance(entries, list) or not entries:
            what = "account to watch" if section == "accounts" else "sink to tell"
            right = "must be a list (lines that begin with `- `)" if entries else f"needs at least one {what}"
            self.problems.append(self._document.problem((section,), right, at_key=True))
            return {}
        made: dict[int, M] = {}
        for index, entry in enumerate(entries):
            model = self._kind(entry, (section, index), key, options, kinds)
            if model is not None and (checked := self.model(model, entry, (section, index))) is not None:
                made[index] = checked
        return made

    def listed(self, section: str, model: type[M]) -> dict[int, M]:
        """The entries of an optional list that are all of one form."""
        entries = self._data.get(section)
        if entries is not None and not isinstance(entries, list):
            self.problems.append(self._document.problem((section,), "must be a list (lines that begin with `- `)"))
            return {}
        checked = ((index, self.model(model, entry, (section, index))) for index, entry in enumerate(entries or ()))
        return {index: entry for index, entry in checked if entry is not None}

    def _kind(
        self, entry: Any, at: Path, key: str, options: Callable[[str], type[M]], kinds: list[str]
    ) -> type[M] | None:
        there = f"there are: {', '.join(kinds)}"
        if not isinstance(entry, dict):
            self.problems.append(self._document.problem(at, "expected a mapping (`name:` and more)"))
        elif key not in entry:
            self.problems.append(self._document.problem((*at, key), f"is missing; {there}"))
        elif entry[key] not in kinds:
            self.problems.append(self._document.problem((*at, key), f"no such {key}; {there}"))
        else:
            return options(entry[key])
        return None

    def _mistake(self, model: type[BaseModel], item: ErrorDetails, at: Path) -> None:
        path = self._document.as_written((*at, *item["loc"]))
        kind = item["type"]
        if kind == "missing":
            self.problems.append(self._document.problem(path, _missing(path), at_key=True))
        elif kind == "extra_forbidden":
            local = unknown_key(model, item["loc"], at[0] if at else "")
            self.problems.append(self._document.problem(path, local, at_key=True))
        else:
            while path not in self._document.values:
                path = path[:-1]
            if isinstance(_at(self._data, path), Deferred):
                return  # already told: the reference could not be put in
            message = explain(item, _at(self._data, path))
            self.problems.append(self._document.problem(path, message))


def _missing(path: Path) -> str:
    hints = {
        "currency": "; write it like CNY, USD or EUR",
        "since": "; write the date from which it holds, like 2026-01-31",
    }
    return f"is missing{hints.get(str(path[-1]), '')}"


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def names(data: dict[str, Any], section: str) -> dict[str, Path]:
    """The names that stand in a section, right or not, with the place of each one's first use."""
    found: dict[str, Path] = {}
    entries = data.get(section)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str):
            found.setdefault(name, (section, index, "name"))
    return found
