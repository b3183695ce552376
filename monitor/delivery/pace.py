"""How fast a sink with a `rate` is sent to. Pure: a moment says how much of the rate is used up, and time is an
argument.

A third of the rate may go at once, the rest evenly spread over the period, such that in no period more is sent than
the rate says, whenever it begins.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from monitor.fields.rate import RateLimit

_MS = timedelta(milliseconds=1)


def burst(rate: RateLimit) -> int:
    """How many may go at once after a rest."""
    return max(1, rate.count // 3)


def step(rate: RateLimit) -> timedelta:
    """What one message uses up."""
    return ceil(rate.period * 1000 / (rate.count - burst(rate) + 1)) * _MS


def allowed(rate: RateLimit, used_to: datetime | None, now: datetime) -> int:
    """How many may be sent now. `used_to`: up to when the rate is used up."""
    one, most = step(rate), burst(rate)
    return max(0, most - ceil((_used(rate, used_to, now) - now) / one))


def spent(rate: RateLimit, used_to: datetime | None, now: datetime, count: int) -> datetime | None:
    """Up to when the rate is used up after so many more."""
    if not count:
        return used_to
    begin = _used(rate, used_to, now)
    whole = begin + (-begin.microsecond % 1000) * timedelta(microseconds=1)  # what is stored is cut, never early
    return whole + count * step(rate)


def next_at(rate: RateLimit, used_to: datetime | None, now: datetime) -> datetime:
    """When one more may be sent; not after `now` where it may be sent now."""
    return _used(rate, used_to, now) - (burst(rate) - 1) * step(rate)


def within(rate: RateLimit, seconds: float) -> int:
    """How many can be sent in that time at a steady pace; at least one."""
    return max(1, int(timedelta(seconds=seconds) / step(rate)))


def _used(rate: RateLimit, used_to: datetime | None, now: datetime) -> datetime:
    """More than all cannot be used up: then the clock was set back."""
    return now if used_to is None else max(now, min(used_to, now + burst(rate) * step(rate)))
