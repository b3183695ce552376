"""How near an account is to its cap: which threshold that is, and when what was told of it has eased. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.model import JobState, Quota

THRESHOLDS: Final = (80, 95)
"""In percent of the cap."""
EASE: Final = 5
"""Points that the share must fall below a threshold before that one is told again."""
COUNTED: Final = "jobs"
"""The resource where this program counts; the platform calls its own otherwise."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the figures come to. `told`: to be remembered. `reached`: the threshold to be told, the highest of several.
    `eased`: what was told holds no longer."""

    told: int
    reached: int | None = None
    eased: bool = False


def decide(quota: Quota, told: int) -> Turn:
    """A threshold is told once until the share has fallen below it by `EASE` points, and that it eased only when none
    is left: from 96 to 85 percent the account is as near its cap as 80 percent says. Without a cap nothing is near."""
    if quota.cap is None:
        return Turn(0, eased=told > 0)
    now = max((step for step in THRESHOLDS if _at_least(quota, step)), default=0)
    if now > told:
        return Turn(now, reached=now)
    held = max((step for step in THRESHOLDS if step <= told and _at_least(quota, step - EASE)), default=0)
    return Turn(held, eased=told > 0 and held == 0)


def count(here: Mapping[str, int], counting: Collection[JobState], cap: int | None, now: datetime) -> Quota:
    """From the jobs that are there, by state. `counting`: in which states they count; none named: in all."""
    used = sum(number for state, number in here.items() if not counting or state in counting)
    return Quota(resource=COUNTED, used=used, cap=cap, seen_at=now)


def _at_least(quota: Quota, step: int) -> bool:
    return quota.cap is not None and quota.used * 100 >= step * quota.cap
