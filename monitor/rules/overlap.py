"""How the conditions of rules stand to events and to each other, as far as that is certain before any event comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from monitor.model import EventType, JobState, Severity
from monitor.rules.compile import Rule, RuleSet
from monitor.rules.samples import sample

if TYPE_CHECKING:
    from monitor.rules.expression.reading import Compared, Reading

_MAYBE: Final = {("usage", EventType.JOB_FINISHED)}
_STATES: Final = frozenset(state.value for state in JobState)
_ENDS: Final = frozenset(state.value for state in JobState if state.terminal)


@dataclass(frozen=True)
class Condition:
    """A rule and what can be said of its `when`."""

    rule: Rule
    ruleset: RuleSet

    @cached_property
    def reading(self) -> Reading | None:
        when = self.rule.options.when
        return self.ruleset.language.read(when) if when is not None else None

    @cached_property
    def hopeless(self) -> frozenset[EventType]:
        """Those of its types that never match, for they lack what the condition needs."""
        reading = self.reading
        if reading is None:
            return frozenset()
        return frozenset(each for each in self.rule.types if any(lacks(each, name) for name in reading.needs))

    @cached_property
    def matching(self) -> frozenset[EventType]:
        return self.rule.types - self.hopeless

    def implies(self, other: Condition) -> bool:
        """Whether what matches here matches there, of types that both take: certain, or False."""
        if other.reading is None or other.reading.constant is True:
            return True
        return self.reading is not None and other.reading.conjuncts <= self.reading.conjuncts


def lacks(type: EventType, variable: str) -> bool:
    """Whether no event of this type has that variable."""
    if (variable, type) in _MAYBE or variable == "event":
        return False
    if variable == "previous":
        return type.partition(".")[0] not in ("job", "flavor", "usage")
    return sample(type).data.get(variable) is None


def domain(compared: Compared, rule: Rule, accounts: Mapping[str, str]) -> frozenset[str] | None:
    """All that the compared value can be for this rule's events; None where that is not known. `accounts`: providers
    by the accounts' names; without any, these are not known."""
    known: dict[tuple[str, ...], frozenset[str]] = {
        ("job", "state"): _ENDS if rule.types == {EventType.JOB_FINISHED} else _STATES,
        ("job", "outcome"): _ENDS,
        ("previous", "state"): _STATES,
        ("severity",): frozenset(each.value for each in Severity),
        ("event", "type"): frozenset(each.value for each in rule.types),
    }
    if accounts:
        known["account", "name"] = frozenset(accounts)
        known["account", "provider"] = frozenset(accounts.values())
    return known.get(compared.path)
