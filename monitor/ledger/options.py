"""The `prices` section of the config file: what a thousand training tokens cost, from which day on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

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
    if amount < 0:
        raise ValueError("a price is not below 0")
    return amount


def _currency(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 3 or not value.isascii() or not value.isalpha():
        raise ValueError("write the three letters of the currency, like CNY, USD or EUR")
    return value.upper()


Money = Annotated[
    Decimal,
    BeforeValidator(_exact),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "examples": [0.03]}),
]
Currency = Annotated[
    str, BeforeValidator(_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{3}$", "examples": ["CNY"]})
]


class PriceOptions(Strict):
    """One price. It holds from `since` until a later one of the same provider, model and region."""

    provider: str
    model: Annotated[str, Field(min_length=1)]
    per_1k_tokens: Money
    currency: Currency
    since: date
    region: str | None = None
    """None: every region that has no price of its own."""


def check_prices(prices: Sequence[PriceOptions]) -> None:
    """Raises ValueError, in one sentence, where two prices begin on the same day for the same thing."""
    seen: dict[tuple[str, str, str | None, date], int] = {}
    for place, price in enumerate(prices, start=1):
        key = (price.provider, price.model, price.region, price.since)
        if (first := seen.setdefault(key, place)) != place:
            where = f" in {price.region}" if price.region else ""
            raise ValueError(
                f"prices {first} and {place} are both for {price.provider} {price.model}{where} since {price.since};"
                " remove one of them or give it another day"
            )
