"""Events about the daemon itself: its rules, its sinks, its start and end. They belong to no account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.diff.drafts import draft, moment
from monitor.diff.stay import seconds_between
from monitor.model import EventDraft, EventType


def monitor_started(*, version: str, now: datetime) -> EventDraft:
    return _own(EventType.MONITOR_STARTED, "monitor", now, {"version": version})


def monitor_stopped(*, version: str, now: datetime, reason: str | None = None) -> EventDraft:
    """`reason`: what asked for the end, like `SIGTERM`."""
    return _own(EventType.MONITOR_STOPPED, "monitor", now, {"version": version, "reason": reason})


def config_reloaded(
    *,
    file: str,
    changes: Mapping[str, Mapping[str, Sequence[str]]],
    settings: Sequence[str],
    now: datetime,
    renamed: Sequence[tuple[str, str, str]] = (),
) -> EventDraft:
    """The config was read anew and holds from now on. `changes`: of `accounts`, `sinks` and `rules` the names that were
    `added`, `removed` and `changed`; `settings`: other keys that changed; `renamed`: account, sink or rule, with its
    name before and now."""
    named = {
        section: {verb: list(changes.get(section, {}).get(verb, ())) for verb in ("added", "removed", "changed")}
        for section in ("accounts", "sinks", "rules")
    }
    names = [{"kind": kind, "from": before, "to": after} for kind, before, after in renamed]
    data = {"file": file, **named, "settings": list(settings), "renamed": names}
    return _own(EventType.CONFIG_RELOADED, "monitor", now, data)


def config_rejected(*, file: str, problems: Sequence[str], count: int, now: datetime) -> EventDraft:
    """The config was read anew and cannot be used; the one before holds. `problems`: the first of `count`, without
    secrets."""
    return _own(EventType.CONFIG_REJECTED, "monitor", now, {"file": file, "problems": list(problems), "count": count})


def sink_failing(sink: str, *, detail: str, since: datetime, attempts: int, waiting: int, now: datetime) -> EventDraft:
    """A sink takes no messages. `since`: its first failure in a row of `attempts`; `detail`: what the last one came to,
    scrubbed; `waiting`: messages that wait for it."""
    data = {"sink": sink, "detail": detail, "since": moment(since), "attempts": attempts, "waiting": waiting}
    return _own(EventType.SINK_FAILING, f"sink/{sink}", now, data)


def sink_recovered(sink: str, *, since: datetime, waiting: int, now: datetime, removed: bool = False) -> EventDraft:
    """A sink whose failing was told takes messages again, or was `removed` from the config, which ends that as well.
    `since`: when it began to fail; `waiting`: messages that are sent now."""
    down = seconds_between(since, now)
    data = {"sink": sink, "since": moment(since), "down_for": down, "waiting": waiting, "removed": removed}
    return _own(EventType.SINK_RECOVERED, f"sink/{sink}", now, data)


def store_degraded(*, what: str, since: datetime, down: float, now: datetime) -> EventDraft:
    """The store could not be written for `down` seconds since then; now it can tell so. `what`: in words, like "the
    disk is full"."""
    data = {"what": what, "since": moment(since), "down_for": down}
    return _own(EventType.STORE_DEGRADED, "monitor", now, data)


def delivery_dead(
    sink: str, *, rule: str | None, title: str, attempts: int, detail: str, now: datetime, delivery: str | None = None
) -> EventDraft:
    """A message that will not be sent any more. `detail`: what the last attempt came to, scrubbed."""
    data = {"sink": sink, "rule": rule, "title": title, "attempts": attempts, "detail": detail, "delivery": delivery}
    return _own(EventType.DELIVERY_DEAD, f"sink/{sink}", now, data | {"count": 1})


def deliveries_dead(sink: str, *, count: int, detail: str, now: datetime, delivery: str | None = None) -> EventDraft:
    """As many of one cause that are told together. `delivery`: the last of them, None where they all waited."""
    title = "1 message" if count == 1 else f"{count} messages"
    told = {"sink": sink, "rule": None, "title": title, "attempts": 0, "detail": detail, "delivery": delivery}
    data = told | {"count": count}
    return _own(EventType.DELIVERY_DEAD, f"sink/{sink}", now, data)


def rule_failed(rule: str, *, what: str, now: datetime, event: str | None = None) -> EventDraft:
    """An expression that failed on an event (`event`: its id)."""
    return _own(EventType.RULE_FAILED, f"rule/{rule}", now, {"rule": rule, "what": what, "event": event})


def template_failed(rule: str, *, what: str, now: datetime, event: str | None = None) -> EventDraft:
    """A title or body that raised; the plain text was sent instead."""
    return _own(EventType.TEMPLATE_FAILED, f"rule/{rule}", now, {"rule": rule, "what": what, "event": event})


def _own(type: EventType, subject: str, now: datetime, data: Mapping[str, Any]) -> EventDraft:
    return draft(type, account=None, subject=subject, now=now, data=data)
