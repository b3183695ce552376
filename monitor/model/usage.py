"""What a job used: tokens where the platform counts them, else the time of its nodes and cards. Sums are exact, in
whole milliseconds; hours are made of them only where somebody reads them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

_HOUR = Decimal(3_600_000)
_NINTH = Decimal("0.000000001")
"""Of an hour: 3.6 microseconds, so that the milliseconds can be had back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """An amount used, or the difference of two. None: the platform does not tell (which is not 0)."""

    tokens: int | None = None
    node_ms: int | None = None
    """Milliseconds of nodes: two nodes for a second are 2000."""
    card_ms: int | None = None
    """The same of cards."""


def hours(milliseconds: int) -> Decimal:
    """To nine places, without zeros at the end."""
    exact = (Decimal(milliseconds) / _HOUR).quantize(_NINTH, rounding=ROUND_HALF_EVEN)
    return exact.normalize() if exact else Decimal(0)


def hours_text(milliseconds: int | None) -> str | None:
    """As `hours`, in plain digits; None of None."""
    return format(hours(milliseconds), "f") if milliseconds is not None else None
