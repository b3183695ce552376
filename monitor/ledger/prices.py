"""Finds the price that held for a model on a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from monitor.ledger.options import PriceOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one thousand tokens cost."""

    model: str
    per_1k_tokens: Decimal
    currency: str


def price_for(
    prices: Iterable[PriceOptions], provider: str, models: Sequence[str | None], region: str | None, day: date
) -> Price | None:
    """The price of the first of `models` that has one (the base model first, then the model itself): a price of the
    region before one for every region, and of those the latest that had begun on `day`. None: no price is known."""
    valid = [
        price
        for price in prices
        if price.provider == provider and price.since <= day and price.per_1k_tokens is not None
    ]
    for model in models:
        for place in dict.fromkeys((region, None)):
            fitting = [price for price in valid if price.model == model and price.region == place]
            if fitting:
                best = max(fitting, key=lambda price: price.since)
                assert best.model is not None
                assert best.per_1k_tokens is not None
                return Price(model=best.model, per_1k_tokens=best.per_1k_tokens, currency=best.currency)
    return None
