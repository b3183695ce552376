"""A rule's condition held against one event, part by part: which part decided, and what it had before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.model import Event, rfc3339
from monitor.rules import RuleSet
from monitor.rules.expression.parts import Part, parts_of
from monitor.rules.schema import VARIABLES, Kind
from monitor.rules.verdict import Verdict
from monitor.rules.view import View, view
from monitor.rules.written import span

LONGEST = 80


@dataclass(frozen=True, slots=True)
class Weighed:
    """One part. `values`: what it read, by name, as text; None: absent."""

    text: str
    matched: bool
    absent: tuple[str, ...] = ()
    error: str | None = None
    values: tuple[tuple[str, str | None], ...] = ()
    sign: str = ""
    parts: tuple[Weighed, ...] = ()

    def deciding(self) -> Iterator[Weighed]:
        """The smallest parts for whose sake it came out so."""
        if not self.parts:
            yield self
        elif self.sign == "!":
            yield from self.parts[0].deciding()
        elif self.matched and self.sign == "||":  # one is enough
            yield from next((part for part in self.parts if part.matched), self.parts[0]).deciding()
        else:
            parts = [part for part in self.parts if part.matched == self.matched]
            for part in parts or self.parts:
                yield from part.deciding()

    def why(self) -> str:
        """What this part came to, in words."""
        if self.error is not None:
            return f"`{self.text}` failed: {self.error}"
        if self.absent:
            return f"`{self.text}` needs {' and '.join(self.absent)}, which is absent"
        seen = ", ".join(f"{name} is {_text(value)}" for name, value in self.values)
        return f"`{self.text}` is {str(self.matched).lower()}" + (f" ({seen})" if seen else "")


def weigh(ruleset: RuleSet, source: str, event: Event, now: datetime | None = None) -> Weighed | None:
    """`now`: the moment as of which; left out: that of the detection. None where this version cannot read it."""
    if ruleset.expression(source) is None:
        return None
    return _weigh(ruleset, parts_of(source), event, now, view(event, now))


def _weigh(ruleset: RuleSet, part: Part, event: Event, now: datetime | None, values: View) -> Weighed:
    expression = ruleset.expression(part.text)
    inner = tuple(_weigh(ruleset, each, event, now, values) for each in part.parts)
    verdict = Verdict(False, error="it cannot be looked at by itself")
    seen: tuple[tuple[str, str | None], ...] = ()
    if expression is not None:
        verdict = expression.decide(ruleset.language.bind(event, now))
        seen = tuple((".".join(path), _value(values, path)) for path in sorted(expression.reads) if path[1:])
    return Weighed(part.text, verdict.matched, verdict.absent, verdict.error, seen, part.sign, inner)


def _value(values: View, path: tuple[str, ...]) -> str | None:
    value: Any = values
    for name in path:
        value = value.get(name) if hasattr(value, "get") else None
    if value is None:
        return None
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, float) and VARIABLES.get(path[0], {}).get(path[1]) is Kind.SPAN:
        return span(value)
    if isinstance(value, Mapping):
        value = ", ".join(f"{name}={each}" for name, each in value.items() if each is not None)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _text(value: str | None) -> str:
    return "absent" if value is None else value or "empty"
