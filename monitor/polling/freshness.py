"""How old what is known of a watch may be before somebody has to hear of it, and whether somebody has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """`late_after`: seconds without a good poll after which the watch is late. `reported`: that it cannot be seen was
    told as an event, and is not over."""

    watch: str
    last_good: datetime | None
    late_after: float
    reported: bool

    def fresh(self, now: datetime) -> bool:
        return self.last_good is not None and (now - self.last_good).total_seconds() <= self.late_after
