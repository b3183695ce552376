"""One budget's sums: takes the ledger's rows as they come and knows what is used in the periods that still matter."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from monitor.ledger import budgets
from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.budgets import Entry, Standing, standing_of
from monitor.ledger.periods import Period, period_before, period_of
from monitor.model import Event, EventType, Severity, hours_text
from monitor.rules.scope import Scope
from monitor.store import BookingRow, Connection
from monitor.store.budgets import Booked, bookings_since, last_booking

PAGE = 500
"""Rows of the ledger that are read before others have their turn."""
LOOK_BACK = timedelta(days=90)
"""A budget that nothing counted for in so long is doubted."""


class Counting:
    """One budget. A late booking counts in the period in which its job ended, which may be over by now."""

    def __init__(self, options: BudgetOptions) -> None:
        """Loads the language where there is a scope; its text was checked with the config file."""
        self.options = options
        self.matches = 0
        """How many rows of those that it was given counted: its scope matched, and there was something in its unit."""
        self.seen = 0
        """How many it was given."""
        self._scope = Scope(options.scope)
        self._sums: dict[datetime, Decimal] = {}
        self._entries: list[Entry] = []
        self._period: Period | None = None

    @property
    def idle(self) -> bool:
        """Whether there was something that might count, and nothing did."""
        return self.seen > 0 and self.matches == 0

    def since(self, now: datetime) -> datetime:
        """The earliest moment of what it counts."""
        current = period_of(self.options, now)
        before = period_before(self.options, current)
        return (before or current).start

    def take(self, row: BookingRow, event: Event) -> None:
        """`event`: the row as scopes see it."""
        self.seen += 1
        if not self._scope.decide(event).matched:
            return
        amount = budgets.counted(
            self.options,
            tokens=row.tokens,
            node_ms=row.node_ms,
            card_ms=row.card_ms,
            cost=row.cost,
            currency=row.currency,
        )
        if not amount:
            return
        self.matches += 1
        if isinstance(self.options.period, str):
            start = self._period_of(row.at).start
            self._sums[start] = self._sums.get(start, Decimal(0)) + amount
        else:
            insort(self._entries, Entry(row.at, amount), key=lambda entry: entry.at)

    def standing(self, now: datetime) -> Standing:
        """In the period that lasts. What has fallen out of sight is forgotten."""
        period = period_of(self.options, now)
        if period.first is not None:
            return self._calendar(period, now)
        gone = next((place for place, each in enumerate(self._entries) if each.at > period.start), len(self._entries))
        del self._entries[:gone]
        used = sum((each.amount for each in self._entries), Decimal(0))
        return standing_of(self.options, period, used, self._entries, now)

    def before(self, now: datetime) -> Standing | None:
        """In the period before that; None where it looks back."""
        period = period_before(self.options, period_of(self.options, now))
        if period is None:
            return None
        self._sums = {start: amount for start, amount in self._sums.items() if start >= period.start}
        return self._calendar(period, now)

    def _calendar(self, period: Period, now: datetime) -> Standing:
        return standing_of(self.options, period, self._sums.get(period.start, Decimal(0)), (), now)

    def _period_of(self, at: datetime) -> Period:
        """Most rows lie in the same period as the row before."""
        if self._period is None or not self._period.start <= at < self._period.end:
            self._period = period_of(self.options, at)
        return self._period


def start_of(countings: Sequence[Counting], now: datetime) -> datetime:
    """From where the ledger must be read for all of them to know what they count, and whether they count anything."""
    return min([now - LOOK_BACK, *(each.since(now) for each in countings)])


def give(countings: Sequence[Counting], rows: Iterable[Booked]) -> None:
    for booked in rows:
        event = as_event(booked)
        for counting in countings:
            counting.take(booked.row, event)


def count(conn: Connection, options: Sequence[BudgetOptions], now: datetime) -> list[Counting]:
    """The budgets counted anew, for who asks without a daemon. What it costs follows the length of their periods."""
    countings = [Counting(each) for each in options]
    if countings:
        for page in _pages(conn, start_of(countings, now)):
            give(countings, page)
    return countings


def _pages(conn: Connection, since: datetime) -> Iterator[list[Booked]]:
    upto, page = last_booking(conn), list[Booked]()
    while True:
        page = bookings_since(conn, since, upto=upto, behind=page[-1].place if page else None, limit=PAGE)
        if page:
            yield page
        if len(page) < PAGE:
            return


def as_event(booked: Booked) -> Event:
    """A row of the ledger as scopes see it: like the event that was told of it, with what the row keeps."""
    row = booked.row
    account = {"name": row.account, "provider": row.provider, "region": row.region, "labels": dict(row.labels)}
    job: dict[str, Any] = {
        "id": row.job_id,
        "name": row.job_name,
        "kind": row.kind,
        "model": row.model,
        "base_model": row.model,
        "flavor": row.flavor,
        "workspace": row.workspace,
        "creator": row.creator,
    }
    usage: dict[str, Any] = {
        "tokens": row.tokens,
        "delta": row.tokens,
        "node_hours": hours_text(row.node_ms),
        "card_hours": hours_text(row.card_ms),
        "cost": None if row.cost is None else format(row.cost, "f"),
        "currency": row.currency,
        "model": row.model,
        "flavor": row.flavor,
    }
    return Event(
        seq=0,
        id=f"booking-{booked.id}",
        type=EventType.USAGE_CORRECTED if row.correction else EventType.USAGE_RECORDED,
        account=row.account,
        subject=f"job/{row.job_id}",
        revision=0,
        time=row.at,
        detected_at=row.at,
        severity=Severity.INFO,
        data={"account": account, "job": job, "usage": usage},
    )
