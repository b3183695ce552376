"""What was used, in words: tokens, or the hours of nodes and cards, and the cost, or that there is no price."""

from __future__ import annotations

from decimal import Decimal

from monitor.model import Event, EventType
from monitor.rules.message.facts import Facts, amount, counted, joined

USAGE = frozenset({EventType.USAGE_RECORDED, EventType.USAGE_CORRECTED})
_MOST = 10**18
"""Tokens that are believed of an event of another version."""


def quantity(tokens: int | None, nodes: Decimal | None, cards: Decimal | None) -> str:
    """`12.5 node-hours, 100 card-hours`; what is None is left out."""
    return joined(
        counted(tokens, "token") if tokens is not None else "",
        _hours(nodes, "node-hour"),
        _hours(cards, "card-hour"),
        by=", ",
    )


def booked(usage: Facts, delta: bool = False) -> tuple[int | None, Decimal | None, Decimal | None]:
    """Tokens, node-hours and card-hours of an event's `usage`: what the job comes to, or what this booking adds."""
    tokens = usage.raw("delta" if delta else "tokens")
    if isinstance(tokens, bool) or not isinstance(tokens, int) or abs(tokens) >= _MOST:
        tokens = None
    nodes, cards = (amount(usage.raw(("delta_" if delta else "") + key)) for key in ("node_hours", "card_hours"))
    return tokens, nodes, cards


def in_all(usage: Facts) -> str:
    """`120,000 tokens (3.60 CNY)`; "" where nothing is told."""
    what = quantity(*booked(usage))
    cost = usage.money("total_cost") or usage.money("cost")
    return f"{what} ({cost or 'no price'})" if what else ""


def corrected(usage: Facts) -> str:
    """What a booking adds to what was booked before; "" where it is the first."""
    total, delta = booked(usage), booked(usage, delta=True)
    if delta == total or not any(part is not None for part in delta):
        return ""
    tokens, nodes, cards = delta
    sign = "less" if min(part for part in delta if part is not None) < 0 else "more"
    what = quantity(
        abs(tokens) if tokens is not None else None,
        abs(nodes) if nodes is not None else None,
        abs(cards) if cards is not None else None,
    )
    extra = usage.money("cost").lstrip("-")
    return f"{what} {sign} than recorded before" + (f" ({extra})" if extra else "")


def of_event(event: Event) -> str:
    """Of a usage event the difference, which the title has no room for; else what was booked with it, or the job's
    own figure."""
    data = Facts(event.data)
    usage = data.part("usage")
    if event.type in USAGE:
        return corrected(usage)
    return in_all(usage) or quantity(booked(data.part("job"))[0], None, None)


def _hours(hours: Decimal | None, one: str) -> str:
    if hours is None:
        return ""
    places = 2 if hours == 0 or abs(hours) >= Decimal("0.01") else 6
    text = f"{hours:,.{places}f}".rstrip("0").rstrip(".")
    return f"{text} {one if text == '1' else one + 's'}"
