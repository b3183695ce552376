"""The moment that the engine works on: what it knows, what it may look up, and what it has decided so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.model import Event, EventType
from monitor.rules.compile import RuleSet
from monitor.rules.effects import Effect, Failed
from monitor.rules.engine.memory import Memory
from monitor.rules.recall import Recall
from monitor.rules.verdict import MATCHED, Verdict

if TYPE_CHECKING:
    from monitor.rules.expression.language import Bound, Expression

COMPLAIN_EVERY = timedelta(hours=1)
"""A rule or template that fails on every event is reported once in so long."""
ABOUT_RULES = (EventType.RULE_FAILED, EventType.TEMPLATE_FAILED)


@dataclass(slots=True)
class Course:
    """`now` is the detection of the event that is taken, or the moment when something falls due."""

    ruleset: RuleSet
    memory: Memory
    recall: Recall
    now: datetime
    wordless: bool = False
    """Messages get no text: they are only counted."""
    effects: list[Effect] = field(default_factory=list)
    blind: frozenset[str] = frozenset()
    """Watches of which it is not known how they are."""
    unopened: bool = False
    """Whether a report is to begin with the next event."""
    _bound: tuple[int, datetime, Bound] | None = None
    _places: dict[str, int] = field(default_factory=dict)

    def event(self, seq: int) -> Event | None:
        """That event; None where retention has removed it."""
        return self.recall.events((seq,)).get(seq)

    def set_since(self, event: Event) -> float:
        """By how many seconds the wall clock was set since the event."""
        if not len(self.memory.clock):
            return 0.0
        return sum(by for seq, by in self.memory.clock.rows().items() if int(seq) >= event.seq)

    def place(self, rule: str) -> int:
        """Where it stands in the file; -1 where it stands there no more."""
        if not self._places:
            self._places = {name: place for place, name in enumerate(self.ruleset.by_name)}
        return self._places.get(rule, -1)

    def holds(self, expression: Expression | None, event: Event, rule: str) -> bool:
        """Whether it is true of the event as of `now`; one that fails is reported and counts as not true."""
        return self.decide(expression, event, rule).matched

    def decide(self, expression: Expression | None, event: Event, rule: str) -> Verdict:
        """As `holds`, with the reason."""
        if expression is None:
            return MATCHED
        verdict = expression.decide(self.bind(event))
        if verdict.error is not None:
            self.complain("rule", rule, verdict.error, event)
        return verdict

    def bind(self, event: Event, as_of: datetime | None = None) -> Bound:
        """The event's variables as of a moment (left out: `now`), worked out once for all rules."""
        moment = as_of or self.now
        bound = self._bound
        if bound is None or bound[0] != event.seq or bound[1] != moment:
            self._bound = bound = (event.seq, moment, self.ruleset.language.bind(event, moment))
        return bound[2]

    def complain(self, kind: str, rule: str, what: str, event: Event) -> None:
        """What goes wrong with a report of a failure is not reported again: two rules could feed each other."""
        if event.type in ABOUT_RULES:
            return
        key = f"{kind}/{rule}"
        last = self.memory.complaints.get(key)
        if last is not None and self.now - last < COMPLAIN_EVERY:
            return
        self.memory.complaints.put(key, self.now)
        self.effects.append(Failed(kind="rule" if kind == "rule" else "template", rule=rule, what=what, event=event))
