"""What the lint takes for given by an event's type is so in the events that the diff makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from monitor.lab.run import Outcome
from monitor.model import EventType
from monitor.rules import fixed
from monitor.rules.view import view

PATHS = (("job", "state"), ("job", "outcome"), ("previous", "state"), ("flavor", "stock"), ("previous", "stock"))
STEPS = """
- job: a, queues
- job: a, starts
- job: a, writes a checkpoint
- job: a, is preempted
- job: a, restarts
- job: a, is stopping
- job: a, is canceled
- job: a, reopens
- job: a, fails
- job: a, is gone
- job: b, is submitted
- job: b, starts
- job: c, fails
- job: b, is preempted
- flavor: f, is listed
- flavor: f in z, sells out
- repeat: 4
  steps:
    - flavor: f in z, comes back
    - flavor: f in z, sells out
- flavor: f, is delisted
- account: north, is unreachable
- account: north, recovers
- usage: a, 1200000 tokens, 36.00 CNY
- wait: 3h
- silence: {match: "true", for: 2h}
- stop
- start
"""


def test_what_a_type_says_beforehand_is_so_in_every_event(played: Callable[..., Outcome]) -> None:
    outcome = played(STEPS)
    assert not outcome.error
    types = {event.type for event in outcome.events}
    assert types >= {EventType.JOB_REQUEUED, EventType.JOB_REOPENED, EventType.JOB_GONE, EventType.FLAVOR_FLAPPING}
    for event in outcome.events:
        values = view(event)
        for path in (*PATHS, ("severity",), ("event", "type")):
            value: Any = values
            for part in path:
                value = None if value is None else value.get(part)
            known = fixed.values(path, event.type)
            assert value is None or known is None or value in known, (event.type, path, value, known)
