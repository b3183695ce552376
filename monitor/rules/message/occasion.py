"""Why a message is written at this moment, and what people heard of it before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.fields.duration import format_duration
from monitor.model import Event, Reason, Severity
from monitor.rules.message.clean import one_line
from monitor.rules.message.story import Line
from monitor.rules.options import UNMATCHED

CRITICAL = "Critical: "
"""How the title of a critical message begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """All that a text depends on beside the events."""

    rule: str
    reason: Reason
    severity: Severity
    now: datetime
    lasted: bool = False
    """It is about states that last: how long they have is what matters."""
    told_at: datetime | None = None
    """When it was told first."""
    times: int = 1
    """How often, this message with it."""
    told_to: tuple[str, ...] = ()
    """An escalation: these sinks heard of it, and nobody acknowledged it."""
    begun: Event | None = None
    """Of a message that something is over: the event that began it."""
    by_now: Mapping[int, Event] = field(default_factory=dict)
    """By the number of an event whose state is over by now: the event that ended it."""
    set_by: Mapping[int, float] = field(default_factory=dict)
    """By the number of an event: by how many seconds the wall clock was set since it. Others came after that."""
    headline: str = ""
    """A title that says more than one made of the events would."""
    asides: tuple[Line, ...] = ()
    """Lines about the message itself: that it comes late, who heard of it before."""
    sense: tuple[Line, ...] = ()
    """Lines about what is usual where it happened."""

    @property
    def origin(self) -> str:
        return "none took it" if self.rule == UNMATCHED else one_line(self.rule, 80)

    @property
    def prefix(self) -> str:
        """What stands before any title."""
        return (CRITICAL if self.severity is Severity.CRITICAL else "") + self.unanswered

    @property
    def unanswered(self) -> str:
        """What stands before the title of an escalation."""
        if not self.told_to or self.told_at is None:
            return ""
        return f"not acknowledged for {format_duration((self.now - self.told_at).total_seconds())}: "

    @property
    def often(self) -> str:
        """`(3rd message)`; "" of a first one."""
        return f"({_nth(self.times)} message)" if self.times > 1 else ""


def _nth(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number:,}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"
