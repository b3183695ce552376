"""Whether it is known how things are: while an account cannot be seen, its timers wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from monitor.model import Event, EventType
from monitor.rules.engine.course import Course
from monitor.rules.holding import DARKENING, ENDLESS, STATE_OF, words
from monitor.rules.state import Dark

SETTLE = timedelta(seconds=60)
"""After an account can be seen again, what changed meanwhile may come in several commits."""
_PASSING = frozenset(state for kind, state in STATE_OF.items() if kind not in ENDLESS)
_TELLING = DARKENING | {EventType.ACCOUNT_RECOVERED, EventType.MONITOR_STARTED, EventType.MONITOR_STOPPED}


def look(course: Course, event: Event) -> None:
    """Learns from an event who can be seen."""
    if event.type not in _TELLING:
        return
    account = words(event.account) if event.account is not None else None
    if event.type is EventType.MONITOR_STARTED:
        course.memory.dark.put("*", Dark(event.detected_at + SETTLE, event.detected_at))
    elif event.type is EventType.MONITOR_STOPPED:
        course.memory.dark.put("*", Dark(None, event.detected_at))
    elif account is None:
        return
    elif event.type is EventType.ACCOUNT_UNREACHABLE:
        _darken(course, account, event)
    elif event.type in DARKENING:
        watch = event.data.get("watch")
        _darken(course, f"{account}|{words(watch).partition('/')[0]}" if watch else account, event)
    elif event.type is EventType.ACCOUNT_RECOVERED:
        for key, dark in course.memory.dark.rows().items():
            if key.partition("|")[0] == account and dark.until is None:
                course.memory.dark.put(key, Dark(event.detected_at + SETTLE, dark.since))


def _darken(course: Course, key: str, event: Event) -> None:
    """It is dark since it was first; what is dark already stays so."""
    before = course.memory.dark.get(key)
    since = before.since if before is not None and before.until is None else event.detected_at
    course.memory.dark.put(key, Dark(None, since))


def unseen(course: Course, watch: str | None) -> bool:
    """Whether nobody knows at the moment how the subjects of this watch are."""
    dark = hidden(course, watch, course.blind)
    return dark is not None and (dark.until is None or dark.until > course.now)


def changes(state: str | None) -> bool:
    """Whether what is in this state may be in another one while nobody looks; what is over stays so."""
    return state in _PASSING


def hidden(course: Course, watch: str | None, blind: frozenset[str]) -> Dark | None:
    """Until when a subject of this watch cannot be judged; None where it can."""
    if watch in blind:
        return Dark(None)
    found = darkness(course.memory.dark.get, watch)
    return found[1] if found is not None else None


def darkness(dark: Callable[[str], Dark | None], watch: str | None) -> tuple[str, Dark] | None:
    """What keeps a subject of this watch from being judged: `*`, its account or the watch, and until when. `dark` is
    asked by key. What was over by now is named too."""
    if watch is None:
        return None
    latest: tuple[str, Dark] | None = None
    for key in ("*", watch.partition("|")[0], watch):
        found = dark(key)
        if found is None:
            continue
        if found.until is None:
            return key, found
        if latest is None or latest[1].until is None or found.until > latest[1].until:
            latest = key, found
    return latest


def shift(course: Course, by: timedelta) -> None:
    """The wall clock was set by so much."""
    for key, dark in course.memory.dark.rows().items():
        if dark.until is not None:
            course.memory.dark.put(key, replace(dark, until=dark.until + by))
