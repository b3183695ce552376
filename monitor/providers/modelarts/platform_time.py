"""Learns the platform's clock from the `Date` of its answers, so that signatures bear a date that it accepts."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.fields import Clock

_TOLERATED = timedelta(seconds=60)
"""A difference that `Date` (whole seconds) and the way of the answer explain, or that does no harm."""
_FATAL = timedelta(minutes=14)
"""The gateway refuses a signature whose date is 15 minutes off."""


class PlatformTime:
    """The platform's time, as far as it is known; at first this machine's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._skew = timedelta(0)
        self.known = False
        """Whether any answer was seen. Until then only one signed request may be on its way."""

    def now(self) -> datetime:
        """This machine's time, corrected where it is more than 60 s off."""
        return self._clock.now() + self._skew

    def learn(self, date: datetime | None) -> bool:
        """Takes in an answer's `Date`. True where the date we signed with was so wrong that it explains a refusal."""
        self.known = True
        if date is None:
            return False
        skew = date - self._clock.now()
        if abs(skew) <= _TOLERATED:
            skew = timedelta(0)
        change = abs(skew - self._skew)
        if change > _TOLERATED or not skew:
            self._skew = skew
        return change >= _FATAL

    @property
    def skew(self) -> float:
        """Seconds that this machine is behind the platform (negative: ahead)."""
        return self._skew.total_seconds()
