"""The words of a notification: the rule's template where it has one, else (and where that fails) the plain story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.fields.markdown import escape
from monitor.model import Event, Reason, Severity, Text
from monitor.rules.compile import RuleSet
from monitor.rules.effects import Failed, Notify, NotifyGroup
from monitor.rules.message import render
from monitor.rules.view import view

if TYPE_CHECKING:
    from monitor.rules.template import Template


def speak(
    template: Template | None,
    events: Sequence[Event],
    *,
    rule: str,
    reason: Reason,
    severity: Severity,
    now: datetime,
    names: Mapping[str, str],
) -> tuple[Text, str | None]:
    """The text, and what was wrong with the template. A template tells one event; several are told without it."""
    text = render(events, rule=rule, reason=reason, severity=severity, now=now, names=names)
    if template is None or len(events) != 1:
        return text, None
    from monitor.rules.template import TemplateMistake

    try:
        return template.render(view(events[0]), text), None
    except TemplateMistake as mistake:
        what = mistake.message + (f" (line {mistake.line})" if mistake.line else "")
        note = f"(The rule's own text failed: {what})"
        return replace(text, plain=f"{text.plain}\n{note}", markdown=f"{text.markdown}  \n{escape(note)}"), what


def resolve(ruleset: RuleSet, group: NotifyGroup, events: Sequence[Event]) -> list[Notify | Failed]:
    """What a due group comes to, given its events (those that are still stored; none: nothing is told)."""
    if not events:
        return []
    events = sorted(events, key=lambda event: event.seq)
    rule = ruleset.named(group.rule)
    template = rule.template if rule is not None else None
    text, wrong = speak(
        template,
        events,
        rule=group.rule,
        reason=group.reason,
        severity=group.severity,
        now=group.now,
        names=ruleset.names,
    )
    told: list[Notify | Failed] = [
        Notify(
            rule=group.rule,
            severity=group.severity,
            reason=group.reason,
            text=text,
            events=tuple(events),
            sinks=group.sinks,
        )
    ]
    if wrong is not None:
        told.append(Failed(kind="template", rule=group.rule, what=wrong, event=events[0]))
    return told
