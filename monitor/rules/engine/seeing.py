"""Whether it is known how things are: while an account cannot be seen, its timers wait."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.model import Event, EventType
from monitor.rules.engine.course import Course
from monitor.rules.holding import DARKENING
from monitor.rules.state import Dark

SETTLE = timedelta(seconds=60)
"""After an account can be seen again, what changed meanwhile may come in several commits."""


def look(course: Course, event: Event) -> bool:
    """Learns from an event who can be seen. True where somebody can be seen again who could not."""
    account = event.account
    if event.type is EventType.MONITOR_STARTED:
        course.memory.dark.put("*", Dark(event.detected_at + SETTLE))
    elif account is None:
        return False
    elif event.type is EventType.ACCOUNT_UNREACHABLE:
        course.memory.dark.put(account, Dark(None))
    elif event.type in DARKENING:
        watch = event.data.get("watch")
        course.memory.dark.put(f"{account}|{str(watch).partition('/')[0]}" if watch else account, Dark(None))
    elif event.type is EventType.ACCOUNT_RECOVERED:
        return _recover(course, account, event.detected_at + SETTLE)
    return False


def _recover(course: Course, account: str, until: datetime) -> bool:
    found = False
    for key, dark in course.memory.dark.rows().items():
        if key.partition("|")[0] == account and dark.until is None:
            course.memory.dark.put(key, Dark(until))
            found = True
    return found


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
