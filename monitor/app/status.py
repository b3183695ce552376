"""The one line that `systemctl status` shows of the daemon, and the loops that keep systemd informed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import anyio
import structlog

from monitor.app.liveness import Liveness
from monitor.app.systemd import Systemd
from monitor.fields import Clock, format_duration
from monitor.store import StoreError

LONGEST = 240
"""Characters; the reasons of troubles are longer than a line should be."""
NAMED = 3
"""Sinks that take nothing and are named."""
LOOK_EVERY = 5.0
SAY_EVERY = 30.0

_log = structlog.get_logger("app")


def status_line(
    *,
    accounts: int,
    active: int,
    waiting: int,
    last_good: datetime | None,
    now: datetime,
    troubles: Sequence[str],
    held: Sequence[str] = (),
) -> str:
    """`3 accounts, 12 active jobs, last good poll 8 s ago, 2 messages waiting; llm/jobs is unauthorized`. `held`: sinks
    that take nothing."""
    age = max(0.0, (now - last_good).total_seconds()) if last_good is not None else None
    parts = [
        _counted(accounts, "account"),
        _counted(active, "active job"),
        "no good poll yet" if age is None else f"last good poll {format_duration(age) if age >= 1 else '0 s'} ago",
        f"{_counted(waiting, 'message')} waiting",
    ]
    more = f" and {len(troubles) - 1} more" if len(troubles) > 1 else ""
    told = [", ".join(parts), *(trouble.partition(": ")[0] + more for trouble in troubles[:1])]
    if held:
        more = f" and {_counted(len(held) - NAMED, 'more sink')}" if len(held) > NAMED else ""
        told.append(f"{', '.join(held[:NAMED])}{more} {'takes' if len(held) == 1 else 'take'} no messages")
    return "; ".join(told)[:LONGEST]


def _counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


class Supervision:
    """Tells systemd how the daemon is, and that it lives, as long as its loops do."""

    def __init__(
        self,
        systemd: Systemd,
        live: Liveness,
        clock: Clock,
        *,
        status: Callable[[], Awaitable[str]],
        troubles: Callable[[], Sequence[str]],
    ) -> None:
        self._systemd = systemd
        self._live = live
        self._clock = clock
        self._status = status
        self._troubles = troubles

    async def ready(self, news: str = "") -> None:
        """It works, with the config of the start or of a reload, be it that the one before goes on. `news`: what came
        of the reload, to stand before the rest until that is said anew."""
        if self._systemd.listening:
            line = await self._line()
            self._systemd.ready(f"{news}; {line}"[:LONGEST] if news else line)

    async def run(self) -> None:
        """Until cancelled; returns at once where no systemd listens."""
        if not self._systemd.listening:
            return
        async with anyio.create_task_group() as group:
            if (every := self._systemd.watchdog_every) is not None:
                group.start_soon(self._feed, every)
            group.start_soon(self._say)

    async def _feed(self, every: float) -> None:
        """The watchdog hears nothing while a loop hangs; one that comes back in time is forgiven."""
        before: list[str] = []
        while True:
            dead = self._live.dead()
            if dead and dead != before:
                _log.error("a loop hangs; the watchdog is not fed", loops=dead)
            if not dead:
                self._systemd.alive()
            before = dead
            await self._clock.sleep(min(1.0, every) if dead else every)

    async def _say(self) -> None:
        """Every half minute, and soon after a trouble came or went."""
        before, since = [*self._live.dead(), *self._troubles()], 0.0
        while True:
            await self._clock.sleep(LOOK_EVERY)
            since += LOOK_EVERY
            troubles = [*self._live.dead(), *self._troubles()]
            if troubles != before or since >= SAY_EVERY:
                self._systemd.status(await self._line())
                before, since = troubles, 0.0

    async def _line(self) -> str:
        try:
            return await self._status()
        except StoreError as error:
            return f"The store cannot be read: {error}"[:LONGEST]
