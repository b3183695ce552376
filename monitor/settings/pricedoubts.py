"""What prices may say and hardly mean: a price of what the platform does not book, a thing in two currencies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from monitor.settings.document import Document
from monitor.settings.problems import Problem

if TYPE_CHECKING:
    from monitor.ledger import PriceOptions
    from monitor.settings.root import Settings

_Thing = tuple[str, str | None, str | None, str | None]


def price_doubts(document: Document, settings: Settings) -> Iterator[Problem]:
    """Of the prices of the file, never of those that are shipped."""
    booked = {account.provider: account.booked_in for account in settings.accounts}
    first: dict[_Thing, PriceOptions] = {}
    for index, price in enumerate(settings.prices):
        priced = "tokens" if price.model is not None else "hours"
        if booked.get(price.provider, "") not in ("", priced):
            message = f"jobs of {price.provider} are never booked in {priced}, so this price is never used; "
            right = "a `flavor` by the hour" if priced == "tokens" else "a `model` by `per_1k_tokens`"
            place = ("prices", index, "model" if priced == "tokens" else "flavor")
            yield document.problem(place, message + f"price {right}", at_key=True)
        other = first.setdefault((price.provider, price.model, price.flavor, price.region), price)
        if other.currency != price.currency:
            message = (
                f"the same thing is priced in {other.currency} since {other.since}; sums and budgets of one currency "
                "do not count the other"
            )
            yield document.problem(("prices", index, "currency"), message)
