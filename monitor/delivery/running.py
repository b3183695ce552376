"""A sink at work in the outbox: started in its group, ended by itself while the others go on."""

from __future__ import annotations

import anyio
from anyio.abc import TaskGroup

from monitor.delivery.deliverer import Deliverer
from monitor.sinks.ports import Sink


class Running:
    """Its loop is started at most once."""

    def __init__(self, deliverer: Deliverer, sink: Sink) -> None:
        self.deliverer = deliverer
        self.sink = sink
        self._name = f"delivery {deliverer.name}"
        self._ended: anyio.Event | None = None

    @property
    def hung(self) -> bool:
        over = self._ended is not None and self._ended.is_set()
        return not over and self.deliverer.pulse.missed()

    def start(self, group: TaskGroup) -> None:
        self._ended = anyio.Event()
        group.start_soon(self._run, self._ended, name=self._name)

    async def end(self, grace: float) -> None:
        """Returns when what is in flight is settled, or its grace over."""
        self.deliverer.stop(grace)
        if self._ended is not None:
            await self._ended.wait()

    async def _run(self, ended: anyio.Event) -> None:
        try:
            await self.deliverer.run()
        finally:
            ended.set()
