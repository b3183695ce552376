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
from monitor.rules.message.clean import cut, one_line
from monitor.rules.message.lasting import lasted
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.report import Span, report
from monitor.rules.message.story import TITLE, Line, told
from monitor.rules.options import Digest
from monitor.rules.view import moment, view

if TYPE_CHECKING:
    from monitor.rules.engine.course import Course
    from monitor.rules.engine.telling import Saying
    from monitor.rules.template import Template


NO_TEXT = Text(title="", plain="", markdown="")
LAST_SEEN = ", when last seen"
"""Behind a title that says how things are, where nobody can see that."""
WORKDAYS = 5
"""A report on so many days of the week is called a daily one."""


def speak(course: Course, saying: Saying, events: Sequence[Event], severity: Severity) -> tuple[Text, str | None]:
    """The text, and what was wrong with the template. A template tells one event; several are told without it."""
    template = _own_words(saying, events)
    if course.wordless and template is None:
        return NO_TEXT, None
    occasion = _occasion(course, saying, events, severity)
    if saying.reason is Reason.DIGEST and saying.rule is not None and saying.rule.options.digest is not None:
        text = report(events, _span(course, saying, saying.rule.options.digest), occasion, course.ruleset.names)
    else:
        text = render_on(events, occasion, course.ruleset.names)
    if saying.last_seen and text.title:
        text = replace(text, title=cut(text.title, TITLE - len(LAST_SEEN)) + LAST_SEEN)
    if template is None:
        return text, None
    from monitor.rules.template import TemplateMistake

    values = {**view(events[0], course.now), **_occasion_values(occasion, events[0])}
    try:
        if course.wordless:  # whether it fails counts; the text, which takes longer, does not
            template.check(values)
            return NO_TEXT, None
        own = template.render(values, text)
        return _noted(own, text, occasion, asked="reason" in template.reads), None
    except TemplateMistake as mistake:
        what = mistake.told + (f" (line {mistake.line})" if mistake.line else "")
        note = f"(The rule's own text failed: {what})"
        return replace(text, plain=f"{text.plain}\n{note}", markdown=f"{text.markdown}  \n{escape(note)}"), what


def _own_words(saying: Saying, events: Sequence[Event]) -> Template | None:
    """The rule's template, where it can tell this. That something is over can be told only by one that asks for the
    `reason`: others say what has begun."""
    template = saying.rule.template if saying.rule is not None and len(events) == 1 else None
    if template is not None and saying.reason is Reason.RESOLVED and "reason" not in template.reads:
        return None
    return template if not saying.headline and saying.rule is not None and saying.rule.options.digest is None else None


def _noted(own: Text, text: Text, occasion: Occasion, *, asked: bool) -> Text:
    """A template reads like news. What is told again says so before its title, unless it has asked for the reason; what
    is to be said of the message itself stands below its body."""
    again = occasion.unanswered or ("still: " if occasion.reason is Reason.REMINDER else "")
    if own.title != text.title and again and not asked:
        own = replace(own, title=cut(again[:1].upper() + again[1:] + own.title, TITLE))
    if own.plain == text.plain or not occasion.asides:
        return own
    notes = told("", occasion.asides)
    return replace(own, plain=f"{own.plain}\n\n{notes.plain}", markdown=f"{own.markdown}\n\n{notes.markdown}")


def _occasion_values(occasion: Occasion, event: Event) -> Mapping[str, object]:
    """The variables of templates that no event has (schema.OCCASION)."""
    begun = occasion.begun or (event if occasion.lasted else None)
    seconds = max(0.0, lasted(begun, occasion)) if begun is not None else None
    return {"reason": occasion.reason.value, "lasted": seconds}


def _span(course: Course, saying: Saying, digest: Digest) -> Span:
    days = len(digest.days) if digest.days is not None else 7
    return Span(
        since=saying.since or course.now,
        until=moment(saying.mark) or course.now,
        timezone=digest.timezone,
        word="Weekly" if days == 1 else "Daily" if days >= WORKDAYS else "Regular",
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


def _set_by(course: Course, events: Sequence[Event]) -> Mapping[int, float]:
    return {event.seq: by for event in events if (by := course.set_since(event))}


def _occasion(course: Course, saying: Saying, events: Sequence[Event], severity: Severity) -> Occasion:
    waits = saying.rule is not None and saying.rule.options.lasting is not None
    reminds = saying.reason is Reason.REMINDER and not saying.escalated
    lasted = saying.reason is not Reason.RESOLVED and (saying.lasted or waits or reminds)
    by_now = _by_now(course, events)
    missed = [saying.missed[event.seq] for event in events if event.seq in saying.missed]
    lines = [*saying.asides, *asides.told_late(missed, len(events)), *asides.history(course, saying)]
    waiting = [event for event in events if event.seq not in by_now] if lasted else []
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
        set_by=_set_by(course, [*events, *by_now.values(), *([saying.begun] if saying.begun is not None else [])]),
        headline=saying.headline,
        asides=tuple(replace(line, value=one_line(line.value, 500)) for line in lines),
        sense=asides.queue_sense(course, waiting),
    )
