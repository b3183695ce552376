"""How the conditions of rules stand to events and to each other, as far as that is certain before any event comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from monitor.model import EventType
from monitor.rules import fixed
from monitor.rules.compile import Rule, RuleSet
from monitor.rules.globs import matching_types
from monitor.rules.samples import sample
from monitor.rules.schema import ALWAYS

if TYPE_CHECKING:
    from monitor.rules.expression.reading import Reading
    from monitor.rules.expression.tree import Path

LACKS: Final = "it has not what `when` needs"
_MAYBE: Final = {("usage", EventType.JOB_FINISHED), ("usage", EventType.JOB_DELETED)}


@dataclass(frozen=True)
class Condition:
    """A rule and what can be said of its `when`. `accounts`: providers by the accounts' names; without any, these are
    not known."""

    rule: Rule
    ruleset: RuleSet
    accounts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def reading(self) -> Reading | None:
        when = self.rule.options.when
        return self.ruleset.language.read(when) if when is not None else None

    @cached_property
    def named(self) -> frozenset[EventType]:
        """The types that `on` names: `flavor.flapping`, which comes instead of changes of stock, only by itself."""
        return frozenset[EventType]().union(*(matching_types(pattern) for pattern in self.rule.options.on))

    @cached_property
    def hopeless(self) -> Mapping[EventType, str]:
        """Those of its types that never match, for they lack what the condition needs or have it otherwise; and why."""
        found = {each: self._why_never(each) for each in self.rule.types}
        return {each: why for each, why in found.items() if why is not None}

    def _why_never(self, type: EventType) -> str | None:
        reading = self.reading
        if reading is None:
            return None
        if reading.constant is False:
            return "`when` is always false"
        if any(lacks(type, name) for name in reading.needs):
            return LACKS
        for path in dict.fromkeys(demand.path for demand in reading.demands):
            if self._left(reading, path, type) == frozenset():
                known = self.values(path, type)
                is_ = " or ".join(sorted(known)) if known else "absent" if known is not None else "only one text"
                return f"`{'.'.join(path)}` is {is_} there"
        return None

    def _left(self, reading: Reading, path: Path, type: EventType) -> frozenset[str] | None:
        """What may stand there for the condition to be true; None: anything."""
        left = self.values(path, type)
        demands = [demand for demand in reading.demands if demand.path == path]
        if not left and all(demand.function == "_!=_" for demand in demands):
            return None  # what is absent differs from every text
        for demand in demands:
            texts = frozenset(demand.texts)
            if demand.function != "_!=_":
                left = texts if left is None else left & texts
        for demand in demands:
            if demand.function == "_!=_" and left is not None:
                left -= frozenset(demand.texts)
        return left

    def values(self, path: Path, type: EventType) -> frozenset[str] | None:
        """All texts that this can be in an event of that type; None: not known."""
        if self.accounts and path == ("account", "name"):
            return frozenset(self.accounts)
        if self.accounts and path == ("account", "provider"):
            return frozenset(self.accounts.values())
        return fixed.values(path, type)

    def domain(self, path: Path) -> frozenset[str] | None:
        """All texts that this can be in the events that the rule names; None: not known."""
        known = [self.values(path, each) for each in self.named if each not in self._without(path[0])]
        if not known or any(each is None for each in known):
            return None
        return frozenset[str]().union(*(each for each in known if each is not None))

    def _without(self, variable: str) -> frozenset[EventType]:
        return frozenset(each for each in self.named if lacks(each, variable))

    @cached_property
    def matching(self) -> frozenset[EventType]:
        return self.rule.types - self.hopeless.keys()

    def implies(self, other: Condition) -> bool:
        """Whether what matches here matches there, of types that both take: certain, or False."""
        if other.reading is None or other.reading.constant is True:
            return True
        return self.reading is not None and other.reading.conjuncts <= self.reading.conjuncts


def lacks(type: EventType, variable: str) -> bool:
    """Whether no event of this type has that variable."""
    if (variable, type) in _MAYBE or variable in ALWAYS:
        return False
    if variable == "previous":
        return type.partition(".")[0] not in ("job", "flavor", "usage")
    return sample(type).data.get(variable) is None
