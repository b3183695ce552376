"""Who keeps a message from being told at the moment: a rule's mute window, or a silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.model import Event, EventType, Reason, Severity
from monitor.rules.compile import Gate, Rule
from monitor.rules.effects import Hide
from monitor.rules.engine import piling
from monitor.rules.engine.course import Course

MUTE = "mute"
SILENCE = "silence/"
PEOPLES = frozenset(
    {
        EventType.SILENCE_ADDED,
        EventType.SILENCE_ENDED,
        EventType.NOTIFICATION_ACKNOWLEDGED,
        EventType.NOTIFICATION_SNOOZED,
    }
)
"""What people did by themselves: rules may take it, but no silence hides it and the net lets it through."""


def open_until(course: Course, gates: Iterable[Gate], event: Event, rule: str) -> datetime | None:
    """When the windows that are open now, and that count for this event, close."""
    ends = [
        end
        for gate in gates
        if (end := gate.window.open_until(course.now)) is not None
        and (gate.but is None or not course.holds(gate.but, event, rule))
    ]
    return max(ends, default=None)


def hider(course: Course, rule: Rule | None, event: Event) -> tuple[str, datetime] | None:
    """What hides this event now, and until when; None: nothing."""
    if rule is not None and (end := open_until(course, rule.mute, event, rule.name)) is not None:
        return MUTE, end
    if event.type in PEOPLES:
        return None
    for key, silence in course.memory.silences.rows().items():
        if silence.start <= course.now < silence.due:
            expression = course.ruleset.expression(silence.match)
            if expression is not None and expression.decide(course.bind(event)).matched:
                return SILENCE + key, silence.due
    return None


def hide(
    course: Course,
    by: str,
    until: datetime,
    *,
    rule: str,
    events: Sequence[Event],
    sinks: tuple[str, ...],
    severity: Severity,
    shadow: bool,
) -> None:
    """They are told when it ends, if they still hold; that they were hidden is remembered in any case."""
    seqs = tuple(event.seq for event in events)
    course.effects.append(Hide(by=by, rule=rule, sinks=sinks, seqs=seqs, at=course.now, shadow=shadow))
    piling.add(
        course,
        kind="hide",
        rule=rule,
        key=by,
        reason=Reason.DIGEST,
        severity=severity,
        sinks=sinks,
        events=events,
        due=until,
    )
    silence = course.memory.silences.get(by.removeprefix(SILENCE)) if by.startswith(SILENCE) else None
    if silence is not None:
        course.memory.silences.put(silence.id, replace(silence, hidden=silence.hidden + 1))
