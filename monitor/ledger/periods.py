"""Which stretch of time a moment belongs to, by a budget's period: a day, week or month of a calendar, or the last so
many seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.ledger.budget_options import BudgetOptions


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` on, up to `end` without it; aware UTC. `first`: the local day on which a calendar's period begins,
    None where it looks back from now."""

    start: datetime
    end: datetime
    first: date | None = None

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


def period_of(options: BudgetOptions, moment: datetime) -> Period:
    """The period that `moment` lies in; of one that looks back, the one that ends at `moment`."""
    if not isinstance(options.period, str):
        return Period(moment - timedelta(seconds=options.period), moment)
    zone = ZoneInfo(options.timezone)
    day = moment.astimezone(zone).date()
    first = _first(options.period, day)
    return _calendar(options.period, first, zone)


def period_before(options: BudgetOptions, period: Period) -> Period | None:
    """The one that ended where this one begins; None of one that looks back."""
    return None if period.first is None else period_of(options, period.start - timedelta(microseconds=1))


def _first(kind: str, day: date) -> date:
    if kind == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if kind == "month" else day


def _calendar(kind: str, first: date, zone: ZoneInfo) -> Period:
    if kind == "month":
        after = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    else:
        after = first + timedelta(days=7 if kind == "week" else 1)
    return Period(_midnight(first, zone), _midnight(after, zone), first)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """A midnight that a zone leaves out is the moment at which its clocks are moved."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
