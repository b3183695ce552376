"""From what a rule wants to say to its text: the rule's own template where it has one, else the text of the type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.fields.markdown import escape
from monitor.model import Event, Reason, Severity, Text
from monitor.rules import asides
from monitor.rules.holding import state_of, subject_of
from monitor.rules.message import render_on
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.report import Span, report
from monitor.rules.message.story import Line
from monitor.rules.options import Digest
from monitor.rules.view import moment, view

if TYPE_CHECKING:
    from monitor.rules.engine.course import Course
    from monitor.rules.engine.telling import Saying


NO_TEXT = Text(title="", plain="", markdown="")


def speak(course: Course, saying: Saying, events: Sequence[Event], severity: Severity) -> tuple[Text, str | None]:
    """The text, and what was wrong with the template. A template tells one event; several are told without it."""
    template = saying.rule.template if saying.rule is not None else None
    if course.wordless and (template is None or len(events) != 1):
        return NO_TEXT, None
    occasion = _occasion(course, saying, events, severity)
    if saying.reason is Reason.DIGEST and saying.rule is not None and saying.rule.options.digest is not None:
        text = report(events, _span(course, saying, saying.rule.options.digest), occasion, course.ruleset.names)
    else:
        text = render_on(events, occasion, course.ruleset.names)
    if template is None or len(events) != 1:
        return text, None
    from monitor.rules.template import TemplateMistake

    try:
        return template.render(view(events[0], course.now), text), None
    except TemplateMistake as mistake:
        what = mistake.message + (f" (line {mistake.line})" if mistake.line else "")
        note = f"(The rule's own text failed: {what})"
        return replace(text, plain=f"{text.plain}\n{note}", markdown=f"{text.markdown}  \n{escape(note)}"), what


def _span(course: Course, saying: Saying, digest: Digest) -> Span:
    days = len(digest.days) if digest.days is not None else 7
    return Span(
        since=saying.since or course.now,
        until=moment(saying.mark) or course.now,
        timezone=digest.timezone,
        word={1: "Weekly", 7: "Daily"}.get(days, "Regular"),
        personal=saying.personal,
    )


def _by_now(course: Course, events: Sequence[Event]) -> Mapping[int, Event]:
    """Of events that waited: what has ended the state that the last of a subject's set. A message tells the net
    change."""
    ends: dict[int, int] = {}
    for subject, event in {subject_of(event): event for event in events}.items():
        row = course.memory.followed.get(subject)
        state = state_of(event)
        if row is not None and state is not None and row.state != state and row.since > event.seq:
            ends[event.seq] = row.since
    known = course.recall.events(tuple(ends.values())) if ends else {}
    return {seq: known[end] for seq, end in ends.items() if end in known}


def _occasion(course: Course, saying: Saying, events: Sequence[Event], severity: Severity) -> Occasion:
    waits = saying.rule is not None and saying.rule.options.lasting is not None
    reminds = saying.reason is Reason.REMINDER and not saying.escalated
    lasted = saying.reason is not Reason.RESOLVED and (saying.lasted or waits or reminds)
    by_now = _by_now(course, events)
    lines = [*saying.asides, *asides.history(course, saying)]
    if lasted:
        lines += asides.queue_sense(course, [event for event in events if event.seq not in by_now])
    if saying.shadow:
        lines.append(Line("On trial", "a shadow rule; this is sent to nobody"))
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
        by_now=by_now,
        headline=saying.headline,
        asides=tuple(lines),
    )
