"""When a sink's backlog is looked at, to tell its messages at once: at the start, when the sink is back, where more
waits than its rate lets through, and now and then while more waits than can be sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import structlog

from monitor.delivery import pace
from monitor.delivery.catch_up import Together, catch_up, overdue
from monitor.delivery.ledger import Turn
from monitor.fields import Clock
from monitor.sinks.options import SinkOptions
from monitor.store import Store

CATCH_UP_EVERY = 60.0
"""Seconds between two looks at the backlog while more waits than can be sent."""


class LookBack:
    """Of one sink."""

    def __init__(self, store: Store, options: SinkOptions, clock: Clock) -> None:
        self._store = store
        self._options = options
        self._clock = clock
        self._at: float | None = clock.monotonic()
        self._all = False
        self._log = structlog.get_logger("monitor.delivery").bind(sink=options.name)

    def due(self) -> bool:
        return self._at is not None and self._at <= self._clock.monotonic()

    def after(self, turn: Turn) -> None:
        """A turn says whether to look again, and when."""
        now = self._clock.monotonic()
        if turn.back:
            self._at = now  # what waits for long is told at once
        elif turn.overflow and self._options.rate is not None:
            at = pace.next_at(self._options.rate, turn.health.paced_to, self._clock.now())
            self._all, self._at = True, now + max(0.0, (at - self._clock.now()).total_seconds())
        elif turn.more and self._at is None:
            self._at = now + CATCH_UP_EVERY

    async def run(self, catch_up_after: float, names: Mapping[str, str], beat: Callable[[], None]) -> None:
        """A long backlog takes several transactions, so that nobody waits long for the store; nothing may be claimed
        before the last of them. Raises StoreError."""
        now, sink = self._clock.now(), self._options.name
        after = None if self._all else catch_up_after
        rules = await self._store.write(partial(overdue, sink=sink, after=after, now=now))
        made: dict[str, Together] = {}
        for rule in rules:
            part = partial(catch_up, sink=sink, rule=rule, now=now, names=names, made=made)
            while (one := await self._store.write(part)) is not None:
                made[one.delivery] = one
                beat()
        self._at, self._all = None, False
        if made:
            messages, events = (sum(getattr(each, what) for each in made.values()) for what in ("messages", "events"))
            self._log.info("a backlog is told at once", messages=messages, events=events, told_in=len(made))
