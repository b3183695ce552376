"""What people do in a scenario: silences, and answers to messages, as the events that the daemon makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import diff
from monitor.lab.naming import about
from monitor.lab.steps import AckStep, NewSilence, SnoozeStep
from monitor.model import EventDraft
from monitor.rules import Notify
from monitor.rules.holding import subject_of


@dataclass(frozen=True, slots=True)
class Silence:
    id: str
    options: NewSilence

    def added(self, now: datetime) -> EventDraft:
        options = self.options
        return diff.silence_added(
            self.id,
            match=options.match,
            owner=options.owner,
            comment=options.comment,
            start=now,
            until=now + timedelta(seconds=options.lasting),
            by=options.owner,
            now=now,
        )

    def ended(self, by: str, now: datetime) -> EventDraft:
        options = self.options
        return diff.silence_ended(self.id, owner=options.owner, comment=options.comment, by=by, hidden=None, now=now)


def silence(options: NewSilence, now: datetime, number: int) -> Silence:
    return Silence(options.name or f"silence-{number}", options)


def answer(step: AckStep | SnoozeStep, told: Sequence[Notify], now: datetime) -> EventDraft:
    """Somebody answers the last message of the rule. Raises ValueError where there is none that can be answered."""
    rule = step.ack if isinstance(step, AckStep) else step.snooze
    for message in reversed(told):
        meant = message.rule == rule and (step.about is None or step.about in about(message))
        if meant and message.answerable and not message.shadow:
            return _answered(step, message, now)
    whose = f"the rule {rule} has told nothing" + (f" about {step.about}" if step.about else "")
    raise ValueError(f"{whose} that could be answered yet; answers are for rules with `remind_every` or `escalate`")


def _answered(step: AckStep | SnoozeStep, message: Notify, now: datetime) -> EventDraft:
    name = f"{len(message.events)}-{message.events[0].id}"
    subjects = list(dict.fromkeys(subject_of(event) for event in message.events))
    if isinstance(step, AckStep):
        return diff.acknowledged(
            name, rule=message.rule, subjects=subjects, title=message.text.title, by=step.by, now=now
        )
    until = now + timedelta(seconds=step.lasting)
    return diff.snoozed(
        name, rule=message.rule, subjects=subjects, title=message.text.title, until=until, by=step.by, now=now
    )
