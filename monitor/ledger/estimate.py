"""What a job that runs has used so far, or will come to as jobs like it did, and what that costs today. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from monitor.ledger.hours import figure
from monitor.ledger.options import PriceOptions
from monitor.ledger.prices import Price, price_for, price_of_hours
from monitor.model import JobState, KnownJob, Usage


class Basis(StrEnum):
    """What an estimate is made from."""

    TIME = "time"
    """How long its nodes have run: what it has used so far."""
    LOG = "log"
    """What its log says: what it has used so far."""
    USUAL = "usual"
    """What finished jobs of the same base model used: what it will come to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`basis` None: nothing is known of what it uses. `cost` None: no price is known."""

    usage: Usage
    basis: Basis | None
    cost: Decimal | None = None
    currency: str | None = None


def estimate(
    known: KnownJob,
    prices: Iterable[PriceOptions],
    *,
    provider: str,
    region: str | None,
    now: datetime,
    seen_at: datetime,
    logged: int | None = None,
    usual: int | None = None,
) -> Estimate:
    """`seen_at`: when what is known of the job was last written. `logged`: the tokens that its log tells of so far;
    `usual`: those that jobs of its base model use. The price is that of today (UTC)."""
    job, today = known.job, now.astimezone(UTC).date()
    price: Price | None
    if job.nodes:
        usage, basis = _time(known, now, seen_at), Basis.TIME
        price = price_of_hours(prices, provider, job.flavor, region, today)
    else:
        usage, basis = (Usage(tokens=logged), Basis.LOG) if logged is not None else (Usage(tokens=usual), Basis.USUAL)
        price = price_for(prices, provider, (job.base_model, job.model), region, today)
    if usage == Usage():
        return Estimate(usage=usage, basis=None)
    cost = price.cost(usage) if price is not None else None
    currency = price.currency if price is not None and cost is not None else None
    return Estimate(usage=usage, basis=basis, cost=cost, currency=currency)


def _time(known: KnownJob, now: datetime, seen_at: datetime) -> Usage:
    """As it would be booked if the job ended now."""
    ran = ran_so_far(known, now, seen_at)
    ended = replace(known.job, state=JobState.CANCELED, ran=ran)
    return figure(ended) or Usage()


def ran_so_far(known: KnownJob, now: datetime, seen_at: datetime) -> float | None:
    """Seconds that a running job's nodes have run by now, over all its runs; None where that cannot be known.

    What is stored of a job does not grow while only its time passes. Of a job that was begun again the platform's
    figure of then is known, and it has run since.
    """
    job = known.job
    runs_again = (job.runs or 1) > 1 or known.attempt > 1
    if job.started_at is not None and not runs_again:
        return max(0.0, (now - job.started_at).total_seconds())
    if job.ran is not None:
        since = max(0.0, (now - seen_at).total_seconds())
        return max(job.ran + since, _this_run(known, now) or 0.0)
    return _this_run(known, now)


def _this_run(known: KnownJob, now: datetime) -> float | None:
    """A lower bound: since it was seen to run."""
    if known.job.state is not JobState.RUNNING:
        return None
    return max(0.0, (now - known.state_since).total_seconds())
