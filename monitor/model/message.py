"""What rules decide to say and where it goes: notifications, deliveries and the outcome of an attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.event import Event, Severity


class Reason(StrEnum):
    """Why a notification was written."""

    NEW = "new"
    REMINDER = "reminder"
    """What was told before still holds; or it goes on to more people, for nobody acknowledged it."""
    DIGEST = "digest"
    """Many things told as one: a group, what a window held back, a report."""
    RESOLVED = "resolved"
    """What somebody was told is over."""
    CATCH_UP = "catch_up"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A message as people read it: one title line, a plain body, the same body in Markdown."""

    title: str
    plain: str
    markdown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What a rule said, with its text as it was rendered at routing, and the events it is made of (in `seq` order)."""

    id: str
    rule: str
    severity: Severity
    reason: Reason
    text: Text
    created_at: datetime
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notification to one sink. `id` is the same on every attempt (webhook-id). `attempt` counts from 1."""

    id: str
    sink: str
    attempt: int
    notification: Notification
    renewed_at: datetime | None = None
    """When somebody asked for it to be tried again: its time begins anew."""


class Outcome(StrEnum):
    DELIVERED = "delivered"
    RETRY = "retry"
    """Not taken now: 5xx, 429, refused connection. Known not to have arrived or safe to repeat."""
    REFUSED = "refused"
    """The sink will never take it: 4xx, bad address."""
    UNKNOWN = "unknown"
    """Sent, but no receipt: time-out, reset after the body went out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came of one attempt. `detail` is scrubbed, at most a line or two. `retry_after` in seconds."""

    outcome: Outcome
    detail: str = ""
    retry_after: float | None = None
    reference: str | None = None
    """What the sink gave back (message id, thread)."""
    partly: bool = False
    """A part of it arrived, so that nothing is wrong with the sink, whatever becomes of the rest."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DEAD = "dead"
    DROPPED = "dropped"
    """Given up by a person: it is no loss that anybody has to mend."""
    COLLAPSED = "collapsed"
    """Told inside one catch-up message instead (promise 4)."""

    @property
    def settled(self) -> bool:
        return self not in (DeliveryState.PENDING, DeliveryState.SENDING)
