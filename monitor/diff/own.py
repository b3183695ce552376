"""Events about the daemon itself: its rules, its sinks, its start and end. They belong to no account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.diff.drafts import draft
from monitor.model import EventDraft, EventType


def monitor_started(*, version: str, now: datetime) -> EventDraft:
    return _own(EventType.MONITOR_STARTED, "monitor", now, {"version": version})


def monitor_stopped(*, version: str, now: datetime, reason: str | None = None) -> EventDraft:
    """`reason`: what asked for the end, like `SIGTERM`."""
    return _own(EventType.MONITOR_STOPPED, "monitor", now, {"version": version, "reason": reason})


def config_reloaded(
    *, file: str, changes: Mapping[str, Mapping[str, Sequence[str]]], settings: Sequence[str], now: datetime
) -> EventDraft:
    """The config was read anew and holds from now on. `changes`: of `accounts`, `sinks` and `rules` the names that were
    `added`, `removed` and `changed`; `settings`: other keys that changed."""
    named = {
        section: {verb: list(changes.get(section, {}).get(verb, ())) for verb in ("added", "removed", "changed")}
        for section in ("accounts", "sinks", "rules")
    }
    return _own(EventType.CONFIG_RELOADED, "monitor", now, {"file": file, **named, "settings": list(settings)})


def config_rejected(*, file: str, problems: Sequence[str], count: int, now: datetime) -> EventDraft:
    """The config was read anew and cannot be used; the one before holds. `problems`: the first of `count`, without
    secrets."""
    return _own(EventType.CONFIG_REJECTED, "monitor", now, {"file": file, "problems": list(problems), "count": count})


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
