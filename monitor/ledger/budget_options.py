"""The `budgets` section of the config file: how much may be used of what, in which time, and when that is told."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from monitor.fields.duration import parse_duration
from monitor.fields.strict import Named
from monitor.fields.window import Zone
from monitor.ledger.options import Currency, Exact

CALENDAR = ("day", "week", "month")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")
_LONGEST = 366 * 86400.0
_MOST = 1000
"""Percent of the amount that a threshold may be."""


def _period(value: Any) -> str | float:
    if value in CALENDAR:
        return str(value)
    if not isinstance(value, str):
        raise ValueError("write day, week, month, or how long it looks back, like 30d")
    try:
        seconds = parse_duration(value)
    except ValueError:
        raise ValueError(
            f"{value!r} is no period; write day, week, month, or how long it looks back, like 30d"
        ) from None
    if not 3600 <= seconds <= _LONGEST:
        raise ValueError("a rolling period is from 1h to 366d long")
    return seconds


def _share(value: Any) -> float:
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write a share of the amount, like 80%")
    if not 0 < float(found[1]) <= _MOST:
        raise ValueError(f"a share is above 0% and at most {_MOST}%, like 80%")
    return float(found[1])


Share = Annotated[
    float, BeforeValidator(_share), WithJsonSchema({"type": "string", "pattern": r"^[0-9.]+ *%$", "examples": ["80%"]})
]
"""A percentage: 80.0 for `80%`."""
Period = Annotated[
    str | float,
    BeforeValidator(_period),
    WithJsonSchema({"type": "string", "examples": ["month", "week", "day", "30d"]}),
]
"""`day`, `week` (from Monday on) or `month` of the calendar; a number: the last so many seconds, rolling."""


class BudgetOptions(Named):
    """One budget: exactly one of `tokens`, `card_hours`, `node_hours`, or `cost` with its `currency`."""

    scope: Annotated[str, Field(min_length=1)] | None = None
    """A CEL expression over `account job usage`: what counts; left out: everything."""
    tokens: Annotated[int, Field(gt=0)] | None = None
    card_hours: Annotated[Exact, Field(gt=0)] | None = None
    node_hours: Annotated[Exact, Field(gt=0)] | None = None
    cost: Annotated[Exact, Field(gt=0)] | None = None
    currency: Currency | None = None
    """Belongs to `cost`; what was paid in another currency does not count."""
    period: Period = "month"
    timezone: Zone = "UTC"
    """Where the days of the calendar begin, like Asia/Shanghai."""
    thresholds: Annotated[list[Share], Field(min_length=1)] = Field(default_factory=lambda: [50.0, 80.0, 100.0])
    """Shares of the amount; each is told once in a period."""
    forecast: bool = True
    """Whether it is told, once in a period, that at this rate the amount will be passed before its end."""

    @model_validator(mode="after")
    def _one_amount(self) -> BudgetOptions:
        given = [name for name in ("tokens", "card_hours", "node_hours", "cost") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one amount: tokens, card_hours, node_hours, or cost with its currency")
        if (self.currency is not None) != (self.cost is not None):
            raise ValueError("`cost` and `currency` belong together; write cost: 5000 and currency: CNY")
        if twice := next((each for each in self.thresholds if self.thresholds.count(each) > 1), None):
            raise ValueError(f"names the threshold {twice:g}% twice")
        return self
