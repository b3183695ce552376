"""The rules as one pure function: an event, a tick or a jump of the clock in, effects and the new state out.

The daemon, the lab and the back-test drive the engine behind it over many of them (`drive`). Time is what the item
says: the detection of an event, the moment of a tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from monitor.model import Event
from monitor.rules.compile import RuleSet
from monitor.rules.effects import Effect, Jump, Tick
from monitor.rules.engine import Engine
from monitor.rules.holding import SEEN_QUIET
from monitor.rules.recall import Heard, Recall
from monitor.rules.state import RuleState


def step(
    ruleset: RuleSet, state: RuleState, item: Event | Tick | Jump, recall: Recall | None = None
) -> tuple[RuleState, list[Effect]]:
    """What one item comes to. Never raises, whatever an event's data. What fell due before an event was detected is
    told before it. `recall` must know the events that the state remembers."""
    known = recall if recall is not None else Heard([item] if isinstance(item, Event) else [])
    engine = Engine(ruleset, state, known)
    effects: list[Effect] = []
    if isinstance(item, Jump):
        engine.jump(item.by)
    elif isinstance(item, Tick):
        effects += engine.advance(item.now, unseen=item.unseen)
    else:
        effects += drive(engine, [item])
    return engine.state(), effects


def drive(
    engine: Engine,
    events: Iterable[Event],
    until: datetime | None = None,
    *,
    unseen: Iterable[str] = (),
    wall: datetime | None = None,
) -> Iterator[Effect]:
    """Takes the events in order, each after all that was due before it, then what falls due until `until`."""
    blind = frozenset(unseen)
    for event in events:
        if not event.quiet or event.type in SEEN_QUIET:
            yield from engine.advance(event.detected_at, before=True, unseen=blind, wall=wall)
            yield from engine.take(event)
    if until is not None:
        yield from engine.advance(until, unseen=blind, wall=wall)
