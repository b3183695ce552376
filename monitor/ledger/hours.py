"""The time that a finished job's nodes ran -> what is new of it since it was booked last. In whole milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from monitor.model import BookedTime, Job, Usage

_MOST = 10**15
"""Milliseconds of cards that are believed: some thirty thousand years. More is a platform's slip, and would not fit
into the sums of a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a booking of time makes of what was booked: the new state, and what it adds (a correction may take away)."""

    booked: BookedTime
    delta: Usage


def figure(job: Job) -> Usage | None:
    """The time of the job's nodes and cards: how long it ran x its nodes x the cards of each. None while it is not
    over, and where the platform does not tell."""
    if not job.state.terminal or job.ran is None or not job.nodes:
        return None
    nodes = round(job.ran * 1000) * job.nodes
    cards = None
    if job.accelerators is not None:
        cards = int((Decimal(nodes) * Decimal(str(job.accelerators))).to_integral_value(ROUND_HALF_EVEN))
    if not 0 <= nodes <= _MOST or not 0 <= (cards or 0) <= _MOST:
        return None
    return Usage(node_ms=nodes, card_ms=cards)


def advance(booked: BookedTime | None, attempt: int, now: Usage) -> Step | None:
    """None: that figure is booked already.

    Whether the platform counts on or anew when a job that had ended runs again is not documented. A further attempt
    with a figure below what is booked can only have been counted anew: what was booked is kept, and the figure added.
    """
    assert now.node_ms is not None
    if booked is None:
        fresh = BookedTime(attempt=attempt, node_ms=now.node_ms, card_ms=now.card_ms)
        return Step(booked=fresh, delta=now)
    before, cards_before = booked.before_node_ms, booked.before_card_ms
    if attempt > booked.attempt and before + now.node_ms < booked.node_ms:
        before, cards_before = booked.node_ms, booked.card_ms
    nodes = before + now.node_ms
    cards = booked.card_ms if now.card_ms is None else (cards_before or 0) + now.card_ms
    if (nodes, cards) == (booked.node_ms, booked.card_ms):
        return None
    after = BookedTime(
        attempt=attempt, node_ms=nodes, card_ms=cards, before_node_ms=before, before_card_ms=cards_before
    )
    more_cards = None if cards is None else cards - (booked.card_ms or 0)
    return Step(booked=after, delta=Usage(node_ms=nodes - booked.node_ms, card_ms=more_cards))
