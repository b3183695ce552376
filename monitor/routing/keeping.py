"""What the rules still refer to, which retention must leave: the events that their memory names, and how far back the
reports look that are yet to be made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from monitor.routing.memory import decode
from monitor.routing.router import CURSOR
from monitor.rules import RuleState
from monitor.rules.engine.reporting import LAG
from monitor.store import Connection, get_cursor, load_rule_state


@dataclass(frozen=True, slots=True)
class Referred:
    """`seqs`: events by number. `since`: all that was detected from then on is wanted, None: nothing of that kind.
    `routed`: the events up to this number are dealt with."""

    seqs: frozenset[int]
    since: datetime | None
    routed: int


def referred(conn: Connection) -> Referred:
    """As of this moment. What the rules will refer to later is among this, or is an event after `routed`."""
    state = decode(load_rule_state(conn))
    since = min((period.since - LAG for period in state.periods.values()), default=None)
    return Referred(frozenset(_seqs(state)), since, get_cursor(conn, CURSOR))


def _seqs(state: RuleState) -> Iterator[int]:
    for row in state.followed.values():
        yield row.since
        yield row.latest
        yield from (timer.seq for timer in row.timers.values())
        yield from (standing.seq for standing in row.standings.values())
    for pile in state.piles.values():
        for entry in pile.entries:
            yield entry.seq
            if entry.begun is not None:
                yield entry.begun
    yield from (flips.seq for flips in state.flips.values())
