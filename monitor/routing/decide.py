"""From events to what must be written: drives `rules.step` over a batch. No I/O; the router reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

import structlog

from monitor.diff import rule_failed, template_failed
from monitor.model import Event, EventDraft
from monitor.rules import Effect, Failed, Notify, NotifyGroup, RuleSet, RuleState, Tick, resolve, step
from monitor.store import NotificationWrite

ROUTING = "routing"
"""The name under which a failure of the rules engine itself is told."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The state after a batch, and what it says in order. Groups still stand for their events: `seqs` names them."""

    state: RuleState
    effects: Sequence[Effect]

    @property
    def seqs(self) -> set[int]:
        return {seq for effect in self.effects if isinstance(effect, NotifyGroup) for seq in effect.seqs}


def decide(ruleset: RuleSet, state: RuleState, events: Sequence[Event], tick: datetime | None) -> Decided:
    """Steps through `events`, then to the moment `tick`. Never raises."""
    effects: list[Effect] = []
    items: list[Event | Tick] = [*events]
    if tick is not None:
        items.append(Tick(now=tick))
    for item in items:
        try:
            state, made = step(ruleset, state, item)
        except Exception as error:  # one event that the rules cannot bear must not stop all that come after it
            name = type(error).__name__
            structlog.get_logger("monitor.routing").exception("the rules broke; this is a bug", error=name)
            if isinstance(item, Tick) or item.subject == f"rule/{ROUTING}":
                continue
            made = [Failed(kind="rule", rule=ROUTING, what=f"the rules failed by themselves ({name})", event=item)]
        effects += made
    return Decided(state, effects)


@dataclass(slots=True)
class Writes:
    """What a batch comes to, ready for one transaction."""

    notifications: list[NotificationWrite] = field(default_factory=list)
    failures: list[EventDraft] = field(default_factory=list)

    @property
    def sinks(self) -> set[str]:
        return {sink for write in self.notifications for sink in write.sinks}


def writes(
    ruleset: RuleSet, effects: Sequence[Effect], grouped: Mapping[int, Event], epoch: str, now: datetime
) -> Writes:
    """Carries out the effects; `grouped` holds the events that due groups name, as far as they are still stored."""
    made = Writes()
    for effect in effects:
        if isinstance(effect, NotifyGroup):
            events = [grouped[seq] for seq in effect.seqs if seq in grouped]
            for told in resolve(ruleset, effect, events):
                _carry_out(told, made, epoch, now)
        else:
            _carry_out(effect, made, epoch, now)
    return made


def _carry_out(effect: Notify | Failed, made: Writes, epoch: str, now: datetime) -> None:
    if isinstance(effect, Notify):
        made.notifications.append(_notification(effect, epoch, now))
    else:
        draft = rule_failed if effect.kind == "rule" else template_failed
        made.failures.append(draft(effect.rule, what=effect.what, now=now, event=effect.event.id))


def _notification(effect: Notify, epoch: str, now: datetime) -> NotificationWrite:
    """Its id is the same for the same rule, reason and events: a batch that is done twice tells nothing twice."""
    parts = (epoch, effect.rule, effect.reason.value, *(event.id for event in effect.events))
    return NotificationWrite(
        id=blake2b("\0".join(parts).encode(), digest_size=16).hexdigest(),
        rule=effect.rule,
        severity=effect.severity,
        reason=effect.reason,
        text=effect.text,
        created_at=now,
        event_seqs=tuple(event.seq for event in effect.events),
        subjects=tuple(dict.fromkeys(f"{event.account or ''}|{event.subject}" for event in effect.events)),
        sinks=effect.sinks,
    )
