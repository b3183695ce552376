"""What the daemon is asked for while a generation works: to end, or to go on with the config as it now is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf

import anyio
import structlog

from monitor.app.reload import problems, sentences
from monitor.app.systemd import Systemd
from monitor.fields.bell import Bell
from monitor.settings import ConfigErrors, Settings

GRACE = 8.0
"""Seconds that deliveries in flight have to be settled at the end; the whole stop takes at most ten."""
_LEAST = 4.0
"""Seconds in which a generation may end, even if the one before took all of the time."""

_log = structlog.get_logger("app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """`asked` returns whenever a reload is wanted; `load` reads the config file anew, takes its time and raises
    ConfigErrors."""

    asked: Callable[[], Awaitable[None]]
    load: Callable[[], Settings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Why a generation ends. `settings`: those of the next one; None: the daemon ends."""

    reason: str
    settings: Settings | None = None


class Wishes:
    """Hears both wishes at any time; the end goes before a reload."""

    def __init__(
        self,
        stop: Callable[[], Awaitable[str]],
        reload: Reload | None,
        *,
        systemd: Systemd,
        refused: Callable[[list[str]], Awaitable[None]],
    ) -> None:
        """`systemd` is told what begins, `refused` what is wrong with a config: the one before holds."""
        self.ending = anyio.Event()
        self._stop = stop
        self._reload = reload
        self._systemd = systemd
        self._refused = refused
        self._end_by = inf
        self._reason = ""
        self._news = Bell()
        self._wanted = False
        self._thread = anyio.CancelScope()

    async def listen(self) -> None:
        """Runs beside the generations, until cancelled."""
        async with anyio.create_task_group() as group:
            if self._reload is not None:
                group.start_soon(self._hear, self._reload.asked)
            self._reason = await self._stop()
            _log.info("stopping", reason=self._reason)
            self._systemd.stopping(self._reason)
            self._end_by = anyio.current_time() + GRACE + 1.0
            self.ending.set()
            self._thread.cancel()  # the end need not wait until a file is read
            self._news.ring()

    async def next(self, current: Settings) -> Wish:
        """Returns when the generation at work has to end; a config that is no better than `current` does not end it."""
        while not self.ending.is_set():
            if self._wanted and self._reload is not None:
                self._wanted = False
                fresh = await self._read(current, self._reload.load)
                if fresh is not None and not self.ending.is_set():
                    return Wish(reason="reload", settings=fresh)
            else:
                await self._news.wait()
        return Wish(reason=self._reason)

    async def bound(self, scope: anyio.CancelScope) -> None:
        """Once the end is wished, what lives in `scope` has no longer than that."""
        await self.ending.wait()
        scope.deadline = max(self._end_by, anyio.current_time() + _LEAST)

    async def _hear(self, asked: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asked()
            self._wanted = True
            self._news.ring()

    async def _read(self, current: Settings, load: Callable[[], Settings]) -> Settings | None:
        _log.info("reading the config anew", file=str(current.path))
        self._systemd.reloading()
        with anyio.CancelScope() as self._thread:
            try:
                fresh = await anyio.to_thread.run_sync(load, abandon_on_cancel=True)
                wrong = problems(current, fresh, self._systemd.restart)
            except ConfigErrors as error:
                wrong = sentences(error)
            if not wrong:
                return fresh
            _log.error("the config was rejected; the one before goes on", problems=wrong[:5], count=len(wrong))
            await self._refused(wrong)
        return None
