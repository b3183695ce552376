"""What is known of a job x what is booked for it -> what to book. Pure; amounts are rounded where they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from monitor.ledger.hours import advance, figure
from monitor.ledger.options import PriceOptions
from monitor.ledger.prices import Price, price_for, price_of_hours
from monitor.model import BookedTime, KnownJob, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One line of the ledger, of tokens or of time. `delta` and `cost` are what this line adds (a correction may take
    away); the totals are what the job comes to, at this line's price. `cost` is None where no price is known."""

    total: Usage
    delta: Usage
    cost: Decimal | None
    total_cost: Decimal | None
    currency: str | None
    price: Price | None
    correction: bool
    booked_time: BookedTime | None = None
    """What is to be kept of time, None where tokens are booked."""

    def after(self, known: KnownJob) -> tuple[int | None, BookedTime | None]:
        """The job's `booked_tokens` and `booked_time` once this is booked."""
        return (
            known.booked_tokens if self.total.tokens is None else self.total.tokens,
            self.booked_time or known.booked_time,
        )


def book(
    known: KnownJob, prices: Iterable[PriceOptions], *, provider: str, region: str | None, day: date
) -> Booking | None:
    """None: the platform has not said what was used (which is not 0), or that figure is booked already. `day` chooses
    the price. A job whose tokens are told is booked by them, else by the time its nodes ran, once it is over. 0 tokens
    are booked: a job that was cancelled before it trained has used none, and that is known."""
    if known.job.tokens is not None:
        return _tokens(known, prices, provider, region, day)
    return _time(known, prices, provider, region, day)


def _tokens(
    known: KnownJob, prices: Iterable[PriceOptions], provider: str, region: str | None, day: date
) -> Booking | None:
    job, before = known.job, known.booked_tokens
    if job.tokens is None or job.tokens == before:
        return None
    price = price_for(prices, provider, (job.base_model, job.model), region, day)
    total, delta = Usage(tokens=job.tokens), Usage(tokens=job.tokens - (before or 0))
    return _line(total, delta, None if before is None else Usage(tokens=before), price, None)


def _time(
    known: KnownJob, prices: Iterable[PriceOptions], provider: str, region: str | None, day: date
) -> Booking | None:
    now, before = figure(known.job), known.booked_time
    step = advance(before, known.attempt, now) if now is not None else None
    if step is None:
        return None
    price = price_of_hours(prices, provider, known.job.flavor, region, day)
    total = Usage(node_ms=step.booked.node_ms, card_ms=step.booked.card_ms)
    was = Usage(node_ms=before.node_ms, card_ms=before.card_ms) if before is not None else None
    return _line(total, step.delta, was, price, step.booked)


def _line(total: Usage, delta: Usage, before: Usage | None, price: Price | None, time: BookedTime | None) -> Booking:
    total_cost = price.cost(total) if price is not None else None
    return Booking(
        total=total,
        delta=delta,
        cost=price.more(total, before or Usage()) if price is not None else None,
        total_cost=total_cost,
        currency=price.currency if price is not None and total_cost is not None else None,
        price=price,
        correction=before is not None,
        booked_time=time,
    )
