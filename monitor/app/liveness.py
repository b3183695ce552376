"""Whether the daemon's loops live: what the health page answers and what systemd's watchdog is fed by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from anyio.abc import TaskGroup

from monitor.fields import Clock
from monitor.store import Store, StoreError

PROBE_EVERY = 15.0
PROBE_PATIENCE = 60.0
"""Seconds that an empty write may take. A database that is full or away answers at once or within its time-out; what
does not answer at all is a writer that hangs."""


class Liveness:
    """Knows loops by name: which have ended, and which say of themselves that something in them hangs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._living: dict[str, bool] = {}
        self._hung: dict[str, Callable[[], Iterable[str]]] = {}
        self._probing_since: float | None = None

    def start(
        self,
        group: TaskGroup,
        name: str,
        run: Callable[[], Awaitable[None]],
        hung: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Starts `run` in `group`; what it raises ends the group as ever. `hung` names what in it was not heard of for
        longer than its work takes."""
        self._living[name] = True
        self._hung[name] = hung

        async def watched() -> None:
            try:
                await run()
            finally:
                if name in self._living:
                    self._living[name] = False

        group.start_soon(watched, name=name)

    def forget(self, *names: str) -> None:
        """These end because they are meant to: a reload."""
        for name in names:
            self._living.pop(name, None)
            self._hung.pop(name, None)

    def dead(self) -> list[str]:
        """Loops that were started and have ended, or hang."""
        ended = [name for name, living in self._living.items() if not living]
        hung = [each for name in self._hung if self._living[name] for each in self._hung[name]()]
        return [*ended, *hung, *self._store()]

    async def probe(self, store: Store) -> None:
        """Writes nothing, again and again: a writer that hangs is found by nobody else."""
        while True:
            self._probing_since = self._clock.monotonic()
            with suppress(StoreError):  # it answers; what is wrong with it is told by whoever needs it
                await store.write(_nothing)
            self._probing_since = None
            await self._clock.sleep(PROBE_EVERY)

    def _store(self) -> list[str]:
        since = self._probing_since
        hangs = since is not None and self._clock.monotonic() - since > PROBE_PATIENCE
        return ["the store's writer"] if hangs else []


def _nothing(connection: object) -> None:
    """An empty write: it commits without touching the disk."""
