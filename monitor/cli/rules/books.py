"""The rules that a command is about, with all that they go by: of a config file, or those that the daemon uses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from monitor.cli.asking import Asker
    from monitor.rules import FlappingOptions, PersonOptions, RuleOptions, RuleSet, UnmatchedOptions
    from monitor.settings import ConfigErrors, Settings


@dataclass(frozen=True, slots=True)
class Book:
    """`name`: where they stand, in a person's words."""

    name: str
    rules: tuple[RuleOptions, ...]
    people: tuple[PersonOptions, ...]
    unmatched: UnmatchedOptions | None
    flapping: FlappingOptions | None
    sinks: tuple[str, ...]
    ending: tuple[str, ...] = ()
    """Those of them that are told every end."""

    def compile(self, beside: RuleSet | None = None) -> RuleSet:
        """Raises RuleErrors where they were written for another version."""
        from monitor.rules import RuleSet

        rules, net = self.rules, self.unmatched
        ending = self.ending
        return RuleSet.compile(rules, self.people, net, self.sinks, self.flapping, beside=beside, ending=ending)

    def order(self) -> list[str]:
        """The names of the rules as they stand, and of the net."""
        from monitor.rules.options import UNMATCHED

        return [*(rule.name for rule in self.rules), *([UNMATCHED] if self.unmatched is not None else [])]


def of_settings(settings: Settings, name: str | None = None) -> Book:
    return Book(
        name or str(settings.path),
        tuple(settings.rules),
        tuple(settings.people),
        settings.unmatched,
        settings.flapping,
        tuple(sink.name for sink in settings.sinks),
        tuple(sink.name for sink in settings.sinks if sink.needs_ends),
    )


def of_daemon(ask: Asker) -> Book:
    """Those that are in use. Raises Failure where it is of another version."""
    from pydantic import ValidationError

    from monitor.cli.over_socket import strange
    from monitor.rules import FlappingOptions, PersonOptions, RuleOptions, UnmatchedOptions

    found = ask.get("/api/v1/ruleset")
    try:
        return Book(
            "the running daemon",
            tuple(RuleOptions.model_validate(each) for each in found["rules"]),
            tuple(PersonOptions.model_validate(each) for each in found["people"]),
            UnmatchedOptions.model_validate(found["unmatched"]) if found["unmatched"] else None,
            FlappingOptions.model_validate(found["flapping"]) if found["flapping"] is not None else None,
            tuple(found["sinks"]),
            tuple(found["ending"]),
        )
    except (ValidationError, KeyError, TypeError) as error:
        raise strange() from error


def of_file(path: Path, base: Book | None) -> Book:
    """A whole config file, or one with rules alone: then all else is that of `base`. No secret is looked
    up. Raises Failure with every mistake and its place."""
    if not path.exists():
        raise Failure(f"There is no file {path}.", "Give one with rules, or a whole config file.", code=USAGE)
    from monitor.settings import ConfigErrors, load

    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        settings = load(
            path,
            resolve=False,
            rules=True,
            environ=os.environ,
            credentials_dir=Path(credentials) if credentials else None,
            base=_base(base),
        )
    except ConfigErrors as error:
        raise _mistakes(path, error) from error
    return of_settings(settings, str(path))


def _base(base: Book | None) -> Mapping[str, Any] | None:
    """What a file of rules stands on: sinks that are only names, and an account that nobody asks."""
    if base is None:
        return None
    from monitor.rules.written import written

    return {
        "accounts": [{"name": "any", "provider": "model-studio", "api_key": "none", "jobs": {}}],
        "sinks": [{"name": name, "type": "log"} for name in base.sinks],
        "people": [written(person) for person in base.people],
        "unmatched": written(base.unmatched) if base.unmatched is not None else None,
        "flapping": written(base.flapping) if base.flapping is not None else "off",
    }


def _mistakes(path: Path, error: ConfigErrors) -> Failure:
    count = len(error.problems)
    mistakes = "One mistake" if count == 1 else f"{count} mistakes"
    return Failure(
        f"{mistakes} in {path}; nothing was done.",
        "Correct it and run the command again.",
        code=USAGE,
        details=tuple(str(problem) for problem in error.problems),
    )
