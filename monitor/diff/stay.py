"""How long something was in the state that it leaves: the `previous` of an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.model import JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A state and when it was entered. `provider_state` is None where the stay was not seen but proven by a time."""

    state: JobState
    provider_state: str | None
    since: datetime


def seconds_between(start: datetime, end: datetime) -> float:
    """Never below 0: the ends may come from two clocks."""
    return max(0.0, round((end - start).total_seconds(), 3))
