"""A back-test beside what was really sent: rows by rule, by day and by sink, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from monitor.lab.backtest import Span, Tally
from monitor.model import rfc3339

SENT, CURRENT, PROPOSED = "sent", "current", "proposed"
"""What was sent; what the current and the proposed rules would have sent."""


@dataclass(frozen=True, slots=True)
class Row:
    """Something that is counted. `days`: by side, one number for each day of the span."""

    name: str
    days: Mapping[str, Sequence[int]]
    shadow: Mapping[str, int]
    hidden: Mapping[str, int]

    def total(self, side: str) -> int:
        return sum(self.days[side])


@dataclass(frozen=True, slots=True)
class Comparison:
    """`sides`: those that there are, in their order."""

    span: Span
    days: Sequence[date]
    sides: tuple[str, ...]
    events: int
    rules: Sequence[Row]
    sinks: Sequence[tuple[str, Mapping[str, int]]]

    def total(self, side: str) -> int:
        return sum(row.total(side) for row in self.rules)

    def on(self, index: int, side: str) -> int:
        """Messages of one day."""
        return sum(row.days[side][index] for row in self.rules)


def compare(span: Span, events: int, tallies: Mapping[str, Tally], order: Iterable[str]) -> Comparison:
    """`order`: the rules in the order of the file; others come behind them."""
    sides = tuple(side for side in (SENT, CURRENT, PROPOSED) if side in tallies)
    there = {rule for tally in tallies.values() for rule in tally.rules()}
    named = list(dict.fromkeys(order))
    rules = [*named, *sorted(there - set(named))]
    sinks = sorted({sink for tally in tallies.values() for sink in tally.sinks})
    days = span.days()
    return Comparison(
        span=span,
        days=days,
        sides=sides,
        events=events,
        rules=[_row(rule, days, {side: tallies[side] for side in sides}) for rule in rules],
        sinks=[(sink, {side: tallies[side].sinks[sink] for side in sides}) for sink in sinks],
    )


def _row(rule: str, days: Sequence[date], tallies: Mapping[str, Tally]) -> Row:
    return Row(
        name=rule,
        days={side: [tally.days[rule, day] for day in days] for side, tally in tallies.items()},
        shadow={side: sum(tally.shadow[rule, day] for day in days) for side, tally in tallies.items()},
        hidden={side: tally.hidden[rule] for side, tally in tallies.items()},
    )


def document(found: Comparison) -> dict[str, Any]:
    """The whole of it, JSON-ready."""
    return {
        "since": rfc3339(found.span.since),
        "until": rfc3339(found.span.until),
        "events": found.events,
        "totals": {side: found.total(side) for side in found.sides},
        "rules": [
            {
                "rule": row.name,
                **{side: row.total(side) for side in found.sides},
                "shadow": {side: count for side, count in row.shadow.items() if count},
                "hidden": {side: count for side, count in row.hidden.items() if count},
                "days": [
                    {"day": day.isoformat(), **{side: row.days[side][index] for side in found.sides}}
                    for index, day in enumerate(found.days)
                    if any(row.days[side][index] for side in found.sides)
                ],
            }
            for row in found.rules
        ],
        "days": [
            {"day": day.isoformat(), **{side: found.on(index, side) for side in found.sides}}
            for index, day in enumerate(found.days)
        ],
        "sinks": [{"sink": sink, **counts} for sink, counts in found.sinks],
    }


def lines(found: Comparison) -> Iterator[dict[str, Any]]:
    """A row for each rule and day on which any side has a message, for spreadsheets."""
    for row in found.rules:
        for index, day in enumerate(found.days):
            counts = {side: row.days[side][index] for side in found.sides}
            if any(counts.values()):
                yield {"rule": row.name, "day": day.isoformat(), **counts}
