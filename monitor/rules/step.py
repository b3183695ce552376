"""The rules as one pure function: an event or a tick and the state in, effects and the new state out.

The daemon, the lab and the back-test drive this same function. Time is what the item says: the detection of an event,
the moment of a tick.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.model import Event, EventType, Reason, Severity
from monitor.rules.audience import audience
from monitor.rules.compile import Rule, RuleSet
from monitor.rules.effects import Effect, Failed, Notify, NotifyGroup, Tick
from monitor.rules.options import UNMATCHED
from monitor.rules.speak import speak
from monitor.rules.state import Gathered, RuleState
from monitor.rules.verdict import MATCHED, Verdict

if TYPE_CHECKING:
    from monitor.rules.expression.language import Bound

COMPLAIN_EVERY = timedelta(hours=1)
"""A rule or template that fails on every event is reported once in so long."""
_ABOUT_RULES = (EventType.RULE_FAILED, EventType.TEMPLATE_FAILED)


def step(ruleset: RuleSet, state: RuleState, item: Event | Tick) -> tuple[RuleState, list[Effect]]:
    """Rules in order; each that matches makes its own notification, until one says `stop`. Never raises, whatever the
    event's data. Groups that fell due before an event was detected are told before it."""
    if isinstance(item, Tick):
        return _fall_due(ruleset, state, item.now)
    if item.quiet:
        return state, []
    state, effects = _fall_due(ruleset, state, item.detected_at)
    turn = _Turn(ruleset, state, item)
    turn.take()
    return turn.state, effects + turn.effects


def _fall_due(ruleset: RuleSet, state: RuleState, now: datetime) -> tuple[RuleState, list[Effect]]:
    """Sinks whose groups hold the same events share a notification."""
    state, due = state.release(now)
    shared: dict[tuple[str, tuple[int, ...]], list[Gathered]] = {}
    for group in due:
        shared.setdefault((group.rule, group.seqs), []).append(group)
    effects: list[Effect] = []
    for (rule, seqs), groups in shared.items():
        # A sink that was removed from the file meanwhile has nobody behind it.
        sinks = tuple(group.sink for group in groups if group.sink in ruleset.sinks)
        if not sinks and ruleset.unmatched is not None:
            sinks = tuple(dict.fromkeys(ruleset.unmatched.notify))
        if sinks:
            severity = max((group.severity for group in groups), key=lambda each: each.rank)
            effects.append(
                NotifyGroup(rule=rule, severity=severity, reason=Reason.CATCH_UP, seqs=seqs, sinks=sinks, now=now)
            )
    return state, effects


class _Turn:
    """One event's way through the rules."""

    def __init__(self, ruleset: RuleSet, state: RuleState, event: Event) -> None:
        self.state = state
        self.effects: list[Effect] = []
        self._ruleset = ruleset
        self._event = event
        self._bound: Bound | None = None

    def take(self) -> None:
        event, net = self._event, self._ruleset.unmatched
        told = False
        for rule in self._ruleset.by_type.get(event.type, ()):
            if event.type in _ABOUT_RULES and event.subject == f"rule/{rule.name}":
                continue  # its report could make it fail again, for ever
            verdict = self._verdict(rule)
            if verdict.error is not None:
                self._complain("rule", rule.name, verdict.error)
            if not verdict.matched:
                continue
            sinks = audience(self._ruleset, rule.options.notify, event)
            if sinks:
                told = True
                self._say(rule.name, rule, rule.options.severity or event.severity, sinks)
            if rule.options.stop:
                break
        if not told and net is not None and event.severity.rank >= net.min_severity.rank:
            sinks = audience(self._ruleset, net.notify, event)
            if sinks:
                self._say(UNMATCHED, None, event.severity, sinks)

    def _verdict(self, rule: Rule) -> Verdict:
        if rule.when is None:
            return MATCHED
        if self._bound is None:
            assert self._ruleset.language is not None
            self._bound = self._ruleset.language.bind(self._event)
        return rule.when.decide(self._bound)

    def _say(self, name: str, rule: Rule | None, severity: Severity, sinks: tuple[str, ...]) -> None:
        event = self._event
        if event.late and (rule is None or rule.options.late == "digest"):
            at = event.detected_at
            for sink in sinks:
                group = Gathered(rule=name, sink=sink, severity=severity, seqs=(event.seq,), first=at, last=at)
                self.state = self.state.gather(group)
            return
        template = rule.template if rule is not None else None
        text, wrong = speak(
            template,
            (event,),
            rule=name,
            reason=Reason.NEW,
            severity=severity,
            now=event.detected_at,
            names=self._ruleset.names,
        )
        self.effects.append(
            Notify(rule=name, severity=severity, reason=Reason.NEW, text=text, events=(event,), sinks=sinks)
        )
        if wrong is not None:
            self._complain("template", name, wrong)

    def _complain(self, kind: str, rule: str, what: str) -> None:
        """What goes wrong with a report of a failure is not reported again: two rules could feed each other."""
        event = self._event
        if event.type in _ABOUT_RULES:
            return
        key = f"{kind}/{rule}"
        last = self.state.complaints.get(key)
        if last is not None and event.detected_at - last < COMPLAIN_EVERY:
            return
        self.state = self.state.complained(key, event.detected_at)
        self.effects.append(Failed(kind="rule" if kind == "rule" else "template", rule=rule, what=what, event=event))
