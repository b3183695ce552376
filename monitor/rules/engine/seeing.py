"""Whether it is known how things are: while an account cannot be seen, its timers wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from monitor.model import Event, EventType
from monitor.rules.engine.course import Course
from monitor.rules.holding import DARKENING, words
from monitor.rules.state import Dark

SETTLE = timedelta(seconds=60)
"""After an account can be seen again, what changed meanwhile may come in several commits."""
_TELLING = DARKENING | {EventType.ACCOUNT_RECOVERED, EventType.MONITOR_STARTED, EventType.MONITOR_STOPPED}


def look(course: Course, event: Event) -> None:
    """Learns from an event who can be seen."""
    if event.type not in _TELLING:
        return
    account = words(event.account) if event.account is not None else None
    if event.type is EventType.MONITOR_STARTED:
        course.memory.dark.put("*", Dark(event.detected_at + SETTLE))
    elif event.type is EventType.MONITOR_STOPPED:
        course.memory.dark.put("*", Dark(None))
    elif account is None:
        return
    elif event.type is EventType.ACCOUNT_UNREACHABLE:
        course.memory.dark.put(account, Dark(None))
    elif event.type in DARKENING:
        watch = event.data.get("watch")
        course.memory.dark.put(f"{account}|{words(watch).partition('/')[0]}" if watch else account, Dark(None))
    elif event.type is EventType.ACCOUNT_RECOVERED:
        for key, dark in course.memory.dark.rows().items():
            if key.partition("|")[0] == account and dark.until is None:
                course.memory.dark.put(key, Dark(event.detected_at + SETTLE))


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
            course.memory.dark.put(key, Dark(dark.until + by))
