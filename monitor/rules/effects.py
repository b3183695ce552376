"""What `step` decides: routing carries it out. Nothing here is sent by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitor.model import Event, Reason, Severity, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time has come to `now`, and every event detected before it has been stepped through."""

    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Write this notification, and a delivery for each of `sinks` (never empty, no repeats)."""

    rule: str
    severity: Severity
    reason: Reason
    text: Text
    events: tuple[Event, ...]
    sinks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyGroup:
    """A group fell due: read the events `seqs`, give them to `resolve`, and carry out what it returns."""

    rule: str
    severity: Severity
    reason: Reason
    seqs: tuple[int, ...]
    sinks: tuple[str, ...]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Append a `rule.failed` or `template.failed` event with the subject `rule/<rule>`. `what` is one plain line,
    `event` the one that brought it to light."""

    kind: Literal["rule", "template"]
    rule: str
    what: str
    event: Event


Effect = Notify | NotifyGroup | Failed
