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
    _bound: tuple[int, datetime, Bound] | None = None

    def event(self, seq: int) -> Event | None:
        """That event; None where retention has removed it."""
        return self.recall.events((seq,)).get(seq)

    def holds(self, expression: Expression | None, event: Event, rule: str) -> bool:
        """Whether it is true of the event as of `now`; one that fails is reported and counts as not true."""
        if expression is None:
            return True
        verdict = expression.decide(self.bind(event))
        if verdict.error is not None:
            self.complain("rule", rule, verdict.error, event)
        return verdict.matched

    def bind(self, event: Event) -> Bound:
        """The event's variables, worked out once for all rules."""
        if self._bound is None or self._bound[:2] != (event.seq, self.now):
            self._bound = (event.seq, self.now, self.ruleset.language.bind(event, self.now))
        return self._bound[2]

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
