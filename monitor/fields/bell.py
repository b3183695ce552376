"""Wakes the next stage in this process at once, so that nothing waits for a tick. Carries no data: the store does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from monitor.fields.clock import Clock


class Bell:
    """Level-triggered and coalescing: rings before a wait are not lost, many rings wake once. One listener."""

    def __init__(self) -> None:
        self._rung = anyio.Event()

    def ring(self) -> None:
        """Wakes whoever waits, or the next one who does. Never blocks."""
        self._rung.set()

    async def wait(self) -> None:
        """Returns at once when it was rung since the last return, else when it is."""
        await self._rung.wait()
        self._rung = anyio.Event()

    async def wait_at_most(self, clock: Clock, seconds: float) -> bool:
        """Returns when it is rung (True), or after that many of the clock's seconds (False)."""
        heard = False
        async with anyio.create_task_group() as group:

            async def rung() -> None:
                nonlocal heard
                await self.wait()
                heard = True
                group.cancel_scope.cancel()

            group.start_soon(rung)
            await clock.sleep(seconds)
            group.cancel_scope.cancel()
        return heard


class Broadcast(Bell):
    """A bell with further listeners: one ring wakes its own one and each that listens. For streams beside a stage."""

    def __init__(self) -> None:
        super().__init__()
        self._others: set[Bell] = set()

    def ring(self) -> None:
        super().ring()
        for bell in self._others:
            bell.ring()

    @contextmanager
    def listening(self) -> Iterator[Bell]:
        """A bell of one's own, rung with this one while the block runs."""
        bell = Bell()
        self._others.add(bell)
        try:
            yield bell
        finally:
            self._others.discard(bell)
