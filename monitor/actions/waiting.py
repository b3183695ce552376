"""When an account's deletions are due, by the clock that nobody sets: a wall clock that was set back would have them
wait for a time that is long over."""

from __future__ import annotations

from datetime import datetime

from monitor.fields import Clock

FIRST_SIGHT = 300.0
"""Seconds that are waited at most for what an earlier life has left: nobody knows what its clock said."""
MOST = 3600.0
"""Seconds that are waited at most for anything; the gate keeps what a platform asked for."""


class Waiting:
    """Remembers when it saw each time first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[datetime, float]] = {}

    def seconds(self, account: str, due_at: datetime) -> float:
        """Until it is due; 0 or less: it is."""
        now, here = self._clock.now(), self._clock.monotonic()
        left = (due_at - now).total_seconds()
        seen = self._seen.get(account)
        if seen is None or seen[0] != due_at:
            seen = (due_at, here + min(left, FIRST_SIGHT if seen is None else MOST))
            self._seen[account] = seen
        return min(left, seen[1] - here)
