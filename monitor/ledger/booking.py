"""A job's token figure x what is booked -> what to book. Exact: amounts are rounded where they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from monitor.ledger.options import PriceOptions
from monitor.ledger.prices import Price, price_for
from monitor.model import Job

_DIGITS = 60
"""Enough for any product of a 64-bit count and a price, so that nothing is rounded on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One line of the ledger. `delta` and `cost` are what this line adds (a correction may take away); the totals are
    what the job comes to at this line's price. `cost` is None where no price is known."""

    tokens_total: int
    delta: int
    cost: Decimal | None
    total_cost: Decimal | None
    currency: str | None
    price: Price | None
    correction: bool


def book(
    booked_tokens: int | None,
    job: Job,
    prices: Iterable[PriceOptions],
    *,
    provider: str,
    region: str | None,
    day: date,
) -> Booking | None:
    """None: the platform has not said how many tokens (which is not 0), or that figure is booked already. `day` chooses
    the price. 0 tokens are booked: a job that was cancelled before it trained has used none, and that is known."""
    if job.tokens is None or job.tokens == booked_tokens:
        return None
    price = price_for(prices, provider, (job.base_model, job.model), region, day)
    delta = job.tokens - (booked_tokens or 0)
    return Booking(
        tokens_total=job.tokens,
        delta=delta,
        cost=_cost(delta, price),
        total_cost=_cost(job.tokens, price),
        currency=price.currency if price else None,
        price=price,
        correction=booked_tokens is not None,
    )


def _cost(tokens: int, price: Price | None) -> Decimal | None:
    if price is None:
        return None
    with localcontext() as context:
        context.prec = _DIGITS
        return Decimal(tokens).scaleb(-3) * price.per_1k_tokens
