"""What the rules decide: routing carries it out. Nothing here is sent by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitor.model import Event, Reason, Severity, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time has come to `now`, and every event detected before it has been stepped through. `unseen`: watches
    (`<account>|<watch>`) of which it is not known how they are at the moment; their timers wait."""

    now: datetime
    unseen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """The wall clock was set: it shows `by` more than the time that has really passed. Timers move with it."""

    by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Write this notification, and a delivery for each of `sinks` (never empty, no repeats)."""

    rule: str
    severity: Severity
    reason: Reason
    text: Text
    events: tuple[Event, ...]
    sinks: tuple[str, ...]
    at: datetime
    """The moment that it is about: the detection, or when something fell due."""
    mark: str = ""
    """Tells it from others of the same rule, reason and events: the time of a reminder."""
    shadow: bool = False
    """Of a rule on trial: stored for people to look at, sent to nobody."""
    answerable: bool = False
    """Somebody may acknowledge it: reminders or an escalation would follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hide:
    """Remember that `by` (`silence/<id>` or `mute`) kept these events of a rule from these sinks."""

    by: str
    rule: str
    sinks: tuple[str, ...]
    seqs: tuple[int, ...]
    at: datetime
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Append a `rule.failed` or `template.failed` event with the subject `rule/<rule>`. `what` is one plain line,
    `event` the one that brought it to light."""

    kind: Literal["rule", "template"]
    rule: str
    what: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """Append a `flavor.flapping` event: `event` is the last change of a stock that changed `changes` times since
    `since`. `settled`: it has kept still since that change."""

    event: Event
    changes: int
    since: datetime
    settled: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceOver:
    """A silence came to its end by itself."""

    id: str
    owner: str
    comment: str
    hidden: int
    at: datetime


Effect = Notify | Hide | Failed | Flapping | SilenceOver
