"""Silences: begun and ended by people, or over by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitor.model import Event, EventType
from monitor.rules import asides
from monitor.rules.effects import SilenceOver
from monitor.rules.engine import hiding
from monitor.rules.engine.course import Course
from monitor.rules.holding import words
from monitor.rules.state import Silence
from monitor.rules.view import moment


def obey(course: Course, event: Event) -> None:
    """A silence was added, or ended by somebody."""
    if event.type not in (EventType.SILENCE_ADDED, EventType.SILENCE_ENDED):
        return
    data = event.data.get("silence")
    if not isinstance(data, Mapping):
        return
    key = words(data.get("id"))
    if event.type is EventType.SILENCE_ENDED:
        ended = course.memory.silences.get(key)
        if ended is not None:
            course.memory.silences.put(key, None)
            _release(course, ended)
        return
    until, start = moment(data.get("until")), moment(data.get("from"))
    if until is None or until <= course.now:
        return
    silence = Silence(
        id=key,
        match=words(data.get("match")),
        owner=words(data.get("owner")),
        comment=words(data.get("comment")),
        start=start or event.detected_at,
        due=until,
    )
    course.memory.silences.put(key, silence)


def fall_due(course: Course, keys: Iterable[str]) -> None:
    """Their time is over. What they hid fell due with them."""
    for key in keys:
        silence = course.memory.silences.get(key)
        if silence is not None:
            course.memory.silences.put(key, None)
            over = SilenceOver(
                id=key, owner=silence.owner, comment=silence.comment, hidden=silence.hidden, at=course.now
            )
            course.effects.append(over)


def _release(course: Course, ended: Silence) -> None:
    """What it hid falls due now."""
    for name, pile in course.memory.piles.rows().items():
        if pile.key == hiding.SILENCE + ended.id and pile.watch is None:
            course.memory.piles.set(name, replace(pile, due=course.now, by=asides.hidden_by(ended)))
