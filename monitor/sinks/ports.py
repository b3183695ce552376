"""What delivery asks of a sink: send one message once and say honestly what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from monitor.fields import Clock
from monitor.model import Delivery, Receipt
from monitor.wire import Http


class Sink(Protocol):
    """One configured sink. Retry, order and pacing are delivery's business, never the sink's."""

    async def send(self, delivery: Delivery) -> Receipt:
        """One attempt. Expected failures come back as a Receipt; what it raises is a bug and counts as `retry`.

        Bounded in time by itself: the sink's `timeout`, or a stated multiple of it where a library blocks a thread:
        no slot is free before its thread is back. May be called concurrently up to the sink's `concurrency`.
        """
        ...

    async def aclose(self) -> None:
        """Gives back what it holds; sends nothing."""
        ...


Build = Callable[[Any, Http, Clock], Sink]
"""Each kind's `sink.py` has `build(options, http, clock) -> Sink`."""
