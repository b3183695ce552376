"""What a file of cases may say: the rules that it is about, what happens, and which messages must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from monitor.fields.strict import Name, Strict
from monitor.lab.moments import Moment, beginning, moment
from monitor.lab.words import several
from monitor.model import Severity

START = "2026-01-05T09:00:00+08:00"
"""A Monday."""


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _counted(names: list[str]) -> list[str]:
    return [each for name in names for each in several(name)]


_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
Texts = Annotated[list[str], BeforeValidator(_one_or_many), Field(min_length=1), WithJsonSchema(_TEXTS)]
Things = Annotated[Texts, AfterValidator(_counted), WithJsonSchema(_TEXTS)]
Moments = Annotated[
    Moment,
    BeforeValidator(moment),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["2h", "11:00", "sat 08:00", "2026-01-05T11:00"]}),
]
Start = Annotated[
    datetime,
    BeforeValidator(beginning),
    WithJsonSchema({"type": "string", "pattern": "^ *[0-9]{4}-[0-9]{2}-[0-9]{2}", "examples": [START]}),
]
"""When a case begins."""


class AccountOptions(Strict):
    """An account that the scenario speaks of."""

    name: Name
    provider: str = "modelarts"
    region: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class Expectation(Strict):
    """A message that must come; what is left out may be anything."""

    at: Moments | None = None
    rule: str | None = None
    to: Texts | None = None
    """All the sinks, in any order."""
    reason: Literal["new", "reminder", "digest", "resolved", "catch_up"] | None = None
    severity: Severity | None = None
    about: Things | None = None
    """All that it tells of, in any order: jobs and accounts by name, flavors as `a.b.c in zone-1`."""
    count: int | None = None
    """How many events it tells."""
    title: str | None = None
    body: str | None = None
    says: Texts | None = None
    """Each stands somewhere in the title or in the text."""
    lacks: Texts | None = None
    """None stands in the title or in the text."""
    shadow: bool = False


class HiddenExpectation(Strict):
    """A message that a window or a silence must keep back."""

    at: Moments | None = None
    rule: str | None = None
    by: str | None = None
    """`mute`, or the name of a silence."""
    to: Texts | None = None
    about: Things | None = None


class Surroundings(Strict):
    """Which rules are tried: those of a config file, or those that stand here."""

    config: Annotated[str, Field(min_length=1)] | None = None
    rules: list[Any] | None = None
    people: list[Any] | None = None
    unmatched: dict[str, Any] | None = None
    sinks: list[Any] | None = None
    flapping: Any = None
    """When a stock changes too often to be worth a message each; `off`: never."""
    accounts: list[Any] | None = None


class CaseOptions(Surroundings):
    name: Annotated[str, Field(min_length=1)]
    start: Start = beginning(START)
    given: Annotated[list[Any], Field(min_length=1)]
    expect: Any
    hidden: Any = None


class FileOptions(Surroundings):
    """What stands above the cases holds for each that does not say otherwise."""

    start: Start | None = None
    cases: Annotated[list[Any], Field(min_length=1)]


def listed(value: Any) -> list[Any]:
    """The entries of `expect` or `hidden`; `nothing` is none. Raises ValueError."""
    if value == "nothing" or value == []:
        return []
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list):
        raise ValueError("expected a list of messages, or the word `nothing`")
    return value
