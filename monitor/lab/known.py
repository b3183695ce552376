"""What is known of an event that is explained, and what is said of it: plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.lab.weighing import Weighed
from monitor.model import Event, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message that has the event `seq` in it. `count`: how many events it has; `plain`: its text."""

    id: str
    seq: int
    rule: str
    reason: Reason
    at: datetime
    sinks: Sequence[str] = ()
    count: int = 1
    shadow: bool = False
    plain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """`by`: `silence/<id>` or `mute`."""

    by: str
    rule: str
    sinks: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of an event besides itself. `earlier` and `later`: other events about its subject, oldest first.
    `before`: messages of the earlier ones. `answers`: what people said to its messages, of which the rules have
    not taken those behind `taken`. `routed`: they have taken the event. `forgotten`: how long messages are kept, where
    those of then may have been removed and none of this event is left."""

    told: Sequence[Told] = ()
    hidden: Sequence[Hidden] = ()
    earlier: Sequence[Event] = ()
    later: Sequence[Event] = ()
    before: Sequence[Told] = ()
    answers: Sequence[Event] = ()
    taken: int | None = None
    routed: bool = True
    forgotten: str = ""
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One rule's say. `verdict`: `matched`, `ended` (it told what the event ended), `not matched`, `absent`, `failed`,
    `other type`, `not asked`."""

    rule: str
    verdict: str
    why: tuple[str, ...] = ()
    shadow: bool = False
    whole: Weighed | None = None
    fate: tuple[str, ...] = ()
    """What became of it there."""
    takes: bool = False
    """The net need not tell it: the rule does, or waits for it to last."""
    reaches: bool = False
    """It has somebody to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`net`: whether it fell to `unmatched`, `net_why` why or why not, and `net_fate` what became of it there. `whys`:
    what made each message, by its id."""

    rules: tuple[Judged, ...]
    net: bool
    net_why: str
    net_fate: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    whys: dict[str, str]
