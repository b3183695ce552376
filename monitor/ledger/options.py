"""The `prices` section of the config file: what tokens, or an hour of a node or card, cost from which day on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from monitor.fields.strict import Strict


def _exact(value: Any) -> Decimal:
    """0.03 is 0.03: a number is read by the text that a person wrote, never by its binary neighbour."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("write a number, like 0.03")
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("write a number, like 0.03") from None
    if not amount.is_finite():
        raise ValueError("write a number, like 0.03")
    return amount


def _price(value: Any) -> Decimal:
    amount = _exact(value)
    if amount < 0:
        raise ValueError("a price is not below 0")
    return amount


def _currency(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 3 or not value.isascii() or not value.isalpha():
        raise ValueError("write the three letters of the currency, like CNY, USD or EUR")
    return value.upper()


_JSON = WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "examples": [0.03]})
Exact = Annotated[Decimal, BeforeValidator(_exact), _JSON]
"""What a number says as it was written, of either sign."""
Money = Annotated[Decimal, BeforeValidator(_price), _JSON]
Currency = Annotated[
    str, BeforeValidator(_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{3}$", "examples": ["CNY"]})
]


class PriceOptions(Strict):
    """One price, of the tokens of a `model` or of the hours of a `flavor`. It holds from `since` until a later one of
    the same provider, region and model or flavor."""

    provider: str
    model: Annotated[str, Field(min_length=1)] | None = None
    """The base model that was trained, or the model itself: a price of tokens."""
    flavor: Annotated[str, Field(min_length=1)] | None = None
    """What nodes are: a price of hours."""
    per_1k_tokens: Money | None = None
    """What 1,000 tokens of a `model` cost."""
    per_node_hour: Money | None = None
    """What an hour of one node of a `flavor` costs."""
    per_card_hour: Money | None = None
    """What an hour of one card of a node costs."""
    currency: Currency
    since: date
    region: str | None = None
    """None: every region that has no price of its own."""

    @model_validator(mode="after")
    def _one_thing(self) -> PriceOptions:
        given = [
            name for name in ("per_1k_tokens", "per_node_hour", "per_card_hour") if getattr(self, name) is not None
        ]
        if (self.model is None) == (self.flavor is None):
            raise ValueError("needs either model (a price of tokens) or flavor (a price of hours)")
        if len(given) != 1 or (given[0] == "per_1k_tokens") != (self.model is not None):
            right = "per_1k_tokens" if self.model is not None else "either per_node_hour or per_card_hour"
            raise ValueError(f"needs {right}, and no other price")
        return self


class ShippedPrice(PriceOptions):
    """A price that comes with the program. Any price that people wrote for the same thing stands before it."""

    source: str
    """Where it was read, and when."""


def check_prices(prices: Sequence[PriceOptions]) -> None:
    """Raises ValueError, in one sentence, where two prices begin on the same day for the same thing."""
    seen: dict[tuple[str, str | None, str | None, str | None, date], int] = {}
    for place, price in enumerate(prices, start=1):
        key = (price.provider, price.model, price.flavor, price.region, price.since)
        if (first := seen.setdefault(key, place)) != place:
            where = f" in {price.region}" if price.region else ""
            raise ValueError(
                f"prices {first} and {place} are both for {price.provider} {price.model or price.flavor}{where}"
                f" since {price.since}; remove one of them or give it another day"
            )
