"""From what a rule wants to say to its text: the rule's own template where it has one, else the text of the type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.fields.markdown import escape
from monitor.model import Event, Reason, Severity, Text
from monitor.rules import asides
from monitor.rules.message import render_on
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.story import Line
from monitor.rules.view import view

if TYPE_CHECKING:
    from monitor.rules.engine.course import Course
    from monitor.rules.engine.telling import Saying


NO_TEXT = Text(title="", plain="", markdown="")


def speak(course: Course, saying: Saying, events: Sequence[Event], severity: Severity) -> tuple[Text, str | None]:
    """The text, and what was wrong with the template. A template tells one event; several are told without it."""
    template = saying.rule.template if saying.rule is not None else None
    if course.wordless and (template is None or len(events) != 1):
        return NO_TEXT, None
    text = render_on(events, _occasion(course, saying, events, severity), course.ruleset.names)
    if template is None or len(events) != 1:
        return text, None
    from monitor.rules.template import TemplateMistake

    try:
        return template.render(view(events[0], course.now), text), None
    except TemplateMistake as mistake:
        what = mistake.message + (f" (line {mistake.line})" if mistake.line else "")
        note = f"(The rule's own text failed: {what})"
        return replace(text, plain=f"{text.plain}\n{note}", markdown=f"{text.markdown}  \n{escape(note)}"), what


def _occasion(course: Course, saying: Saying, events: Sequence[Event], severity: Severity) -> Occasion:
    waits = saying.rule is not None and saying.rule.options.lasting is not None
    reminds = saying.reason is Reason.REMINDER and not saying.escalated
    lasted = saying.reason is not Reason.RESOLVED and (saying.lasted or waits or reminds)
    lines = [*saying.asides, *asides.history(course, saying)]
    if lasted:
        lines += asides.queue_sense(course, [event for event in events if event.seq not in saying.by_now])
    if saying.shadow:
        lines.append(Line("On trial", "the rule is a shadow: this is sent to nobody"))
    return Occasion(
        rule=saying.name,
        reason=saying.reason,
        severity=severity,
        now=course.now,
        lasted=lasted,
        told_at=saying.since,
        times=saying.times,
        told_to=saying.told_to,
        begun=saying.begun,
        by_now=saying.by_now,
        headline=saying.headline,
        asides=tuple(lines),
    )
