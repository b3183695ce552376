"""How long to wait after a fault, and how many requests a second may leave: numbers only, no waiting."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from monitor.wire import Fault, FaultKind

LONGEST = 60.0
"""Seconds: after a transient fault the wait never grows beyond this."""
PROBE = 3600.0
"""Seconds between two looks at a platform that asked for a longer wait, or that refuses the key."""
CRAWL = 900.0
"""Seconds between two looks at something that is not allowed, not paid for or not configured right."""
_TICK = 1e-6
"""Seconds; a clock far from its beginning cannot tell less, and a wait for less would never end."""
PASSING = frozenset({FaultKind.TRANSIENT, FaultKind.SENSELESS, FaultKind.THROTTLED})
"""Faults that waiting mends."""


@dataclass(slots=True)
class Backoff:
    """Exponential with full jitter, so that many watches do not come back at the same moment."""

    dice: random.Random = field(default_factory=random.Random)
    faults: int = 0

    def good(self) -> None:
        self.faults = 0

    def after(self, fault: Fault) -> float:
        """Seconds until the next request of this credential may leave."""
        if fault.kind is FaultKind.BAD_SIGNATURE:
            return PROBE
        if fault.retry_after is not None:
            return min(fault.retry_after, PROBE)
        if fault.kind not in PASSING:
            return 0.0
        self.faults += 1
        return self.dice.uniform(0.0, min(LONGEST, 2.0 ** min(self.faults, 10)))


@dataclass(slots=True)
class TokenBucket:
    """`rate` requests a second, up to `burst` at once. Times are the caller's monotonic seconds."""

    rate: float
    burst: int
    level: float = field(init=False)
    at: float | None = None

    def __post_init__(self) -> None:
        self.level = float(self.burst)

    def take(self, now: float) -> float:
        """Takes one and returns 0, or returns the seconds until one is there (and takes nothing)."""
        if self.at is not None:
            self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level >= 1.0:
            self.level -= 1.0
            return 0.0
        return max((1.0 - self.level) / self.rate, _TICK)
