"""A sink that answers as the test says, for stories that last for days: no wire, and each attempt is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import anyio

from monitor.delivery import SinkEntry
from monitor.model import Delivery, Outcome, Receipt
from monitor.sinks.webhook.options import Options
from tests.kit.outbox import SteppedClock

Verdict = Callable[[Delivery], Receipt]


def well(delivery: Delivery) -> Receipt:
    return Receipt(outcome=Outcome.DELIVERED, detail="answered 200")


def down(delivery: Delivery) -> Receipt:
    return Receipt(outcome=Outcome.RETRY, detail="answered 503")


def wrong(delivery: Delivery) -> Receipt:
    return Receipt(outcome=Outcome.REFUSED, detail="answered 404")


class Scripted:
    """`answer` may be exchanged at any time."""

    def __init__(self, clock: SteppedClock, answer: Verdict = well) -> None:
        self.answer = answer
        self.tried: list[tuple[datetime, Delivery]] = []
        self.took: list[Delivery] = []
        self.most = 0
        self._clock = clock
        self._busy = 0

    async def send(self, delivery: Delivery) -> Receipt:
        self.tried.append((self._clock.now(), delivery))
        self._busy += 1
        self.most = max(self.most, self._busy)
        await anyio.sleep(0)
        self._busy -= 1
        receipt = self.answer(delivery)
        if receipt.outcome is Outcome.DELIVERED:
            self.took.append(delivery)
        return receipt

    async def aclose(self) -> None: ...

    def titles(self) -> list[str]:
        return [delivery.notification.text.title for _, delivery in self.tried]

    def taken(self) -> list[str]:
        return [delivery.notification.text.title for delivery in self.took]

    def entry(self, name: str, **options: Any) -> SinkEntry:
        made = Options(**{"name": name, "type": "webhook", "url": "http://127.0.0.1:9/in", **options})
        return SinkEntry(sink=self, options=made)


async def idle(on: Any, loops: int = 1) -> None:
    """Until every loop of a sink waits for its time, and nothing is under way."""

    def still() -> bool:
        now, sleepers = on.clock.now(), on.clock._sleepers
        return len(sleepers) == loops and all(at > now for at, _ in sleepers)

    async def stays() -> bool:
        for _ in range(12):  # a turn or an attempt that has just begun shows itself
            if not still():
                return False
            await anyio.sleep(0)
        return True

    with anyio.fail_after(60):
        while not await stays():
            await anyio.sleep(0.001)


async def passes(on: Any, seconds: float, step: float, loops: int = 1) -> None:
    """Lets that time pass in steps; the sinks do in between what they have to."""
    left = seconds
    while left > 0:
        on.clock.advance(min(step, left))
        left -= step
        await idle(on, loops)
