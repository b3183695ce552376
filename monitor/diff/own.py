"""Events about the daemon itself: its rules, its sinks, its start and end. They belong to no account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.diff.drafts import draft
from monitor.model import EventDraft, EventType


def monitor_started(*, version: str, now: datetime) -> EventDraft:
    return _own(EventType.MONITOR_STARTED, "monitor", now, {"version": version})


def monitor_stopped(*, version: str, now: datetime, reason: str | None = None) -> EventDraft:
    """`reason`: what asked for the end, like `SIGTERM`."""
    return _own(EventType.MONITOR_STOPPED, "monitor", now, {"version": version, "reason": reason})


def delivery_dead(
    sink: str, *, rule: str | None, title: str, attempts: int, detail: str, now: datetime, delivery: str | None = None
) -> EventDraft:
    """A message that will not be sent any more. `detail`: what the last attempt came to, scrubbed."""
    data = {"sink": sink, "rule": rule, "title": title, "attempts": attempts, "detail": detail, "delivery": delivery}
    return _own(EventType.DELIVERY_DEAD, f"sink/{sink}", now, data)


def rule_failed(rule: str, *, what: str, now: datetime, event: str | None = None) -> EventDraft:
    """An expression that failed on an event (`event`: its id)."""
    return _own(EventType.RULE_FAILED, f"rule/{rule}", now, {"rule": rule, "what": what, "event": event})


def template_failed(rule: str, *, what: str, now: datetime, event: str | None = None) -> EventDraft:
    """A title or body that raised; the plain text was sent instead."""
    return _own(EventType.TEMPLATE_FAILED, f"rule/{rule}", now, {"rule": rule, "what": what, "event": event})


def _own(type: EventType, subject: str, now: datetime, data: Mapping[str, Any]) -> EventDraft:
    return draft(type, account=None, subject=subject, now=now, data=data)
