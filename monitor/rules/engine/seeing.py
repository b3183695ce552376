"""Whether it is known how things are: while an account cannot be seen, its timers wait."""

from __future__ import annotations

from datetime import timedelta

from monitor.model import Event, EventType
from monitor.rules.engine.course import Course
from monitor.rules.holding import DARKENING, words
from monitor.rules.state import Dark

SETTLE = timedelta(seconds=60)
"""After an account can be seen again, what changed meanwhile may come in several commits."""


def look(course: Course, event: Event) -> None:
    """Learns from an event who can be seen."""
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
    if watch is None:
        return None
    if watch in blind:
        return Dark(None)
    latest: Dark | None = None
    for key in ("*", watch.partition("|")[0], watch):
        dark = course.memory.dark.get(key)
        if dark is None:
            continue
        if dark.until is None:
            return dark
        if latest is None or latest.until is None or dark.until > latest.until:
            latest = dark
    return latest


def shift(course: Course, by: timedelta) -> None:
    """The wall clock was set by so much."""
    for key, dark in course.memory.dark.rows().items():
        if dark.until is not None:
            course.memory.dark.put(key, Dark(dark.until + by))
