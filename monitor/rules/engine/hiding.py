"""Who keeps a message from being told at the moment: a rule's mute window, or a silence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.model import Event, EventType, Reason, Severity
from monitor.rules.compile import Gate, Rule
from monitor.rules.effects import Hide
from monitor.rules.engine import piling
from monitor.rules.engine.course import Course
from monitor.rules.state import Silence

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


def open_until(
    course: Course, gates: Iterable[Gate], event: Event, rule: str, *, doubt: bool = True
) -> datetime | None:
    """When the windows that are open now, and that count for this event, close. `doubt`: whether one counts where its
    `except` fails."""
    latest: datetime | None = None
    for gate in gates:
        end = gate.window.open_until(course.now)
        if end is None:
            continue
        if gate.but is not None:
            verdict = course.decide(gate.but, event, rule)
            if verdict.matched or (verdict.error is not None and not doubt):
                continue
        latest = end if latest is None else max(latest, end)
    return latest


def hider(course: Course, rule: Rule | None, event: Event) -> tuple[str, datetime] | None:
    """What hides this event now, and until when; None: nothing. Of several silences the one that lasts longest."""
    if rule is not None and rule.mute:
        end = open_until(course, rule.mute, event, rule.name, doubt=False)
        if end is not None:
            return MUTE, end
    if event.type in PEOPLES or not len(course.memory.silences):
        return None
    longest: Silence | None = None
    for silence in course.memory.silences:
        if not silence.start <= course.now < silence.due:
            continue
        if longest is not None and (silence.due, silence.id) <= (longest.due, longest.id):
            continue
        expression = course.ruleset.expression(silence.match)
        if expression is not None and expression.decide(course.bind(event)).matched:
            longest = silence
    return (SILENCE + longest.id, longest.due) if longest is not None else None


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
    over: Collection[int] = (),
) -> None:
    """These, of which one message would have been made, are told when it ends, if they still hold; that they were
    hidden is remembered in any case."""
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
        over=over,
    )
    for sink in sinks:
        name = piling.key_of("hide", rule, by, Reason.DIGEST, sink)
        pile = course.memory.piles.get(name)
        if pile is not None:
            course.memory.piles.set(name, replace(pile, messages=pile.messages + 1))
    silence = course.memory.silences.get(by.removeprefix(SILENCE)) if by.startswith(SILENCE) else None
    if silence is not None and not shadow:
        course.memory.silences.put(silence.id, replace(silence, hidden=silence.hidden + 1))
