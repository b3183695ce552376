"""The words of a notification: the rule's template where it has one, else (and where that fails) the plain story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.fields.markdown import escape
from monitor.model import Event, Severity, Text
from monitor.rules.message import render
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
    text = render(
        events,
        rule=saying.name,
        reason=saying.reason,
        severity=severity,
        now=course.now,
        names=course.ruleset.names,
        asides=saying.asides,
    )
    if template is None or len(events) != 1:
        return text, None
    from monitor.rules.template import TemplateMistake

    try:
        return template.render(view(events[0], course.now), text), None
    except TemplateMistake as mistake:
        what = mistake.message + (f" (line {mistake.line})" if mistake.line else "")
        note = f"(The rule's own text failed: {what})"
        return replace(text, plain=f"{text.plain}\n{note}", markdown=f"{text.markdown}  \n{escape(note)}"), what
