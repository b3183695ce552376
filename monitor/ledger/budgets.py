"""A budget held against what was used: how much is left, when it will be passed at this rate, and what of that is to
be told. Pure; the stage keeps the sums and the marks of what was told."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.periods import Period

Unit = Literal["tokens", "node_hours", "card_hours", "cost"]
UNITS: tuple[Unit, ...] = ("tokens", "node_hours", "card_hours", "cost")
FORECAST = "forecast"
"""The mark of a forecast that was told; those of thresholds are their percentages, like `80`."""
_HOUR = 3_600_000
_SOONEST = 10
"""A rate is believed after one so-manieth of a period, for the first hours of a month say nothing of its end."""
_EASED = Decimal("0.9")
"""Of a threshold: a period that looks back has no end, so a share that falls below this begins anew."""
_RECENT = 4
"""The rate of a period that looks back is that of its last one so-manieth."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one booking adds to a budget, in whole tokens, milliseconds or money."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What it comes to at this rate: at the period's end, or at the most of a period that looks back. `passes_at`:
    when the amount will be used up, None where that is not before the end or has been already."""

    expected: Decimal
    passes_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a budget stands in a period. Amounts as an Entry has them; `people` makes them what people read."""

    options: BudgetOptions
    period: Period
    used: Decimal
    forecast: Forecast | None

    @property
    def limit(self) -> Decimal:
        return limit_of(self.options)

    @property
    def percent(self) -> Decimal:
        return self.used * 100 / self.limit

    @property
    def passes_at(self) -> datetime | None:
        return self.forecast.passes_at if self.forecast is not None else None

    def reached(self, percent: float | Decimal) -> bool:
        return self.used * 100 >= self.limit * Decimal(str(percent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to tell, and how the marks change. `threshold`: the highest that is news, in percent; `forecast`: that the
    amount will be passed is news. `eased`: nothing is left of what was told."""

    threshold: float | None = None
    forecast: bool = False
    mark: tuple[str, ...] = ()
    unmark: tuple[str, ...] = ()
    eased: bool = False


def unit_of(options: BudgetOptions) -> Unit:
    return next(unit for unit in UNITS if getattr(options, unit) is not None)


def limit_of(options: BudgetOptions) -> Decimal:
    unit = unit_of(options)
    amount = Decimal(getattr(options, unit))
    return amount * _HOUR if unit.endswith("_hours") else amount


def people(options: BudgetOptions, amount: Decimal) -> Decimal:
    """In the unit in which the budget is written."""
    return amount / _HOUR if unit_of(options).endswith("_hours") else amount


def counted(
    options: BudgetOptions, *, tokens: int, node_ms: int, card_ms: int, cost: Decimal | None, currency: str | None
) -> Decimal:
    """What a booking adds to the budget. Money of another currency, and what has no price, adds nothing."""
    match unit_of(options):
        case "tokens":
            return Decimal(tokens)
        case "node_hours":
            return Decimal(node_ms)
        case "card_hours":
            return Decimal(card_ms)
        case "cost":
            return cost if cost is not None and currency == options.currency else Decimal(0)


def fingerprint(options: BudgetOptions) -> str:
    """Another one where what is counted, or how much of it may be used, has changed: then it is another budget, of
    which nothing was told yet."""
    scope = " ".join((options.scope or "").split())
    said = (scope, unit_of(options), limit_of(options).normalize(), options.currency, options.period, options.timezone)
    return hashlib.blake2b("\0".join(map(str, said)).encode(), digest_size=4).hexdigest()


def standing(options: BudgetOptions, period: Period, entries: Sequence[Entry], now: datetime) -> Standing:
    """`entries`: those of the period, in order of time where it looks back."""
    used = sum((entry.amount for entry in entries), Decimal(0))
    return standing_of(options, period, used, entries, now)


def standing_of(
    options: BudgetOptions, period: Period, used: Decimal, entries: Sequence[Entry], now: datetime
) -> Standing:
    """The same where the sum is known; of a period of the calendar the entries are not needed."""
    limit = limit_of(options)
    rolling = period.first is None
    forecast = _rolling(period, entries, used, limit) if rolling else _linear(period, used, limit, now)
    return Standing(options=options, period=period, used=used, forecast=forecast)


def decide(found: Standing, told: Collection[str]) -> Step:
    """`told`: the marks of the period. In a period of the calendar nothing that was told is taken back, so that a
    correction does not make it news again; in one that looks back it is, once it has eased by a tenth."""
    options = found.options
    unmark = tuple(mark for mark in told if _eased(found, mark)) if found.period.first is None else ()
    left = {mark for mark in told if mark not in unmark}
    passed = [each for each in options.thresholds if found.reached(each)]
    news = [each for each in passed if name_of(each) not in left]
    highest = max((float(mark) for mark in left if mark != FORECAST), default=0.0)
    threshold = max(news) if news and max(news) > highest else None
    ahead = options.forecast and found.passes_at is not None and FORECAST not in left and highest < 100
    mark = (*map(name_of, news), *((FORECAST,) if ahead else ()))
    eased = bool(unmark) and not left and not mark
    return Step(threshold=threshold, forecast=ahead, mark=mark, unmark=unmark, eased=eased)


def name_of(threshold: float) -> str:
    """The mark of a threshold: `80`, `33.3`."""
    return format(Decimal(str(threshold)).normalize(), "f")


def _eased(found: Standing, mark: str) -> bool:
    if mark != FORECAST:
        return not found.reached(Decimal(mark) * _EASED)
    expected = found.forecast.expected if found.forecast is not None else Decimal(0)
    return max(expected, found.used) < found.limit * _EASED


def _linear(period: Period, used: Decimal, limit: Decimal, now: datetime) -> Forecast | None:
    """As it went since the period's begin, so it goes on."""
    whole, elapsed = period.seconds, (now - period.start).total_seconds()
    if elapsed * _SOONEST < whole or elapsed > whole:
        return None
    expected = used * Decimal(whole) / Decimal(elapsed)
    passes = period.start + timedelta(seconds=float(Decimal(elapsed) * limit / used)) if used > 0 else None
    ahead = used < limit < expected
    return Forecast(expected=max(expected, used), passes_at=passes if ahead else None)


def _rolling(period: Period, entries: Sequence[Entry], used: Decimal, limit: Decimal) -> Forecast:
    """As it went in the last quarter, so it goes on, while what was used before falls out of sight."""
    recent = timedelta(seconds=period.seconds / _RECENT)
    lately = sum((entry.amount for entry in entries if entry.at > period.end - recent), Decimal(0))
    rate = max(lately, Decimal(0)) / Decimal(recent.total_seconds())
    leave = [((each.at - period.start).total_seconds(), each.amount) for each in entries]
    level = most = used
    passed, moment = 0.0, None
    for leaving, amount in (*leave, (period.seconds, Decimal(0))):
        ahead = min(max(leaving, passed), period.seconds)
        reached = level + rate * Decimal(ahead - passed)
        if moment is None and level < limit <= reached:
            moment = period.end + timedelta(seconds=passed + float((limit - level) / rate))
        most = max(most, reached)
        level, passed = reached - amount, ahead
    return Forecast(expected=most, passes_at=moment if used < limit else None)
