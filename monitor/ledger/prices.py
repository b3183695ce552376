"""Finds the price that held for a model or a flavor on a day, and says what so much costs by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Literal

from monitor.ledger.options import PriceOptions, ShippedPrice
from monitor.model import Usage

Unit = Literal["1k_tokens", "node_hour", "card_hour"]

_DIGITS = 60
"""Enough for any product of a 64-bit count and a price, so that nothing is rounded on the way."""
_FINEST = Decimal("1E-12")
"""An hour has milliseconds that no decimal holds, so what hours cost is rounded here, half to even."""
_MS = {"node_hour": "node_ms", "card_hour": "card_ms"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one unit of a thing (a model or a flavor) costs."""

    of: str
    per: Unit
    amount: Decimal
    currency: str

    def cost(self, usage: Usage) -> Decimal | None:
        """Of tokens exactly; of hours to twelve places. None where the usage does not tell what the price is for."""
        counted = usage.tokens if self.per == "1k_tokens" else getattr(usage, _MS[self.per])
        if counted is None:
            return None
        with localcontext() as context:
            context.prec = _DIGITS
            if self.per == "1k_tokens":
                return Decimal(counted).scaleb(-3) * self.amount
            return _short((Decimal(counted) * self.amount / 3_600_000).quantize(_FINEST, rounding=ROUND_HALF_EVEN))

    def more(self, usage: Usage, than: Usage) -> Decimal | None:
        """What `usage` costs beyond `than`, so that what the bookings of a job cost adds up to what its total costs."""
        total = self.cost(usage)
        if total is None:
            return None
        with localcontext() as context:
            context.prec = _DIGITS
            return total - (self.cost(than) or 0)


def _short(amount: Decimal) -> Decimal:
    """Without zeros at the end, and without an exponent."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()


def price_for(
    prices: Iterable[PriceOptions], provider: str, models: Sequence[str | None], region: str | None, day: date
) -> Price | None:
    """The price of tokens of the first of `models` that has one (the base model first, then the model itself): a price
    of the region before one for every region, and of those the latest that had begun on `day`. What people wrote stands
    before what is shipped. None: no price is known."""
    return _find([price for price in prices if price.model is not None], provider, models, region, day)


def price_of_hours(
    prices: Iterable[PriceOptions], provider: str, flavor: str | None, region: str | None, day: date
) -> Price | None:
    """The same for the hours of a flavor: of its nodes or of its cards, whichever the latest price is for."""
    return _find([price for price in prices if price.flavor is not None], provider, (flavor,), region, day)


def _find(
    prices: list[PriceOptions], provider: str, things: Sequence[str | None], region: str | None, day: date
) -> Price | None:
    valid = [price for price in prices if price.provider == provider and price.since <= day]
    for shipped in (False, True):
        layer = [price for price in valid if isinstance(price, ShippedPrice) is shipped]
        for thing in things:
            for place in dict.fromkeys((region, None)):
                fitting = [price for price in layer if thing in (price.model, price.flavor) and price.region == place]
                if thing is not None and fitting:
                    return _made(thing, max(fitting, key=lambda price: price.since))
    return None


def _made(thing: str, price: PriceOptions) -> Price:
    units: tuple[tuple[Unit, Decimal | None], ...] = (
        ("1k_tokens", price.per_1k_tokens),
        ("node_hour", price.per_node_hour),
        ("card_hour", price.per_card_hour),
    )
    (unit, amount), *_ = [(unit, amount) for unit, amount in units if amount is not None]
    assert amount is not None
    return Price(of=thing, per=unit, amount=amount, currency=price.currency)
