"""Expressions outside of rules: what a budget counts, which jobs a clean-up takes. The language is that of `when`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.model import Event
from monitor.rules.verdict import MATCHED, Verdict

if TYPE_CHECKING:
    from monitor.rules.expression.complaint import Complaint
    from monitor.rules.expression.language import Expression, Language


class ScopeMistakes(ValueError):
    """What is wrong with the text; each complaint has its line and column."""

    def __init__(self, complaints: tuple[Complaint, ...]) -> None:
        super().__init__("; ".join(each.message for each in complaints))
        self.complaints = complaints


class Scope:
    """A checked expression, held against anything that can be shown as an event. None: everything is meant."""

    def __init__(self, source: str | None, beside: Scope | None = None) -> None:
        """Raises ScopeMistakes. The language is loaded where there is a text. `beside`: one whose language it shares,
        so that an event is made ready once for both."""
        self.source = source
        self._language: Language | None = beside._language if beside is not None else None
        self._expression: Expression | None = None
        if source is not None:
            from monitor.rules.expression.complaint import ExpressionError
            from monitor.rules.expression.language import Language

            self._language = self._language or Language()
            try:
                self._expression = self._language.compile(source)
            except ExpressionError as error:
                raise ScopeMistakes(error.complaints) from None

    @property
    def reads(self) -> frozenset[tuple[str, ...]]:
        """The values that it needs, as variable and field; empty where everything is meant."""
        return self._expression.reads if self._expression is not None else frozenset()

    def decide(self, event: Event, now: datetime | None = None) -> Verdict:
        """Never raises; an expression that needs what is absent does not match."""
        if self._expression is None or self._language is None:
            return MATCHED
        return self._expression.decide(self._language.bind(event, now))


def scopes(sources: Iterable[str | None]) -> list[Scope]:
    """One for each of the texts, in one language. Raises ScopeMistakes."""
    made: list[Scope] = []
    for source in sources:
        made.append(Scope(source, next((each for each in made if each.source is not None), None)))
    return made
