"""Which of the daemon's loops live: what health and, later, the watchdog ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from anyio.abc import TaskGroup


class Liveness:
    """Starts loops by name and remembers which have ended."""

    def __init__(self) -> None:
        self._living: dict[str, bool] = {}

    def start(self, group: TaskGroup, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Starts `run` in `group`; what it raises ends the group as ever."""
        self._living[name] = True

        async def watched() -> None:
            try:
                await run()
            finally:
                self._living[name] = False

        group.start_soon(watched, name=name)

    def dead(self) -> list[str]:
        """Loops that were started and have ended."""
        return [name for name, living in self._living.items() if not living]
