"""The one supervised loop that runs every watch: poll, judge what came of it, sweep and read logs in the time that is
left, wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from math import floor
from zlib import crc32

import structlog

from monitor import store
from monitor.fields.bell import Bell
from monitor.fields.pulse import Pulse
from monitor.model import Scope, sweep_name
from monitor.polling.backoff import CRAWL
from monitor.polling.baseline import take_baseline
from monitor.polling.flavors import FlavorScope
from monitor.polling.freshness import Freshness
from monitor.polling.health import REFUSALS, AccountHealth
from monitor.polling.jobs import JobsScope
from monitor.polling.progress import ProgressReads
from monitor.polling.surroundings import Surroundings
from monitor.polling.sweep import Sweep
from monitor.providers.options import WatchOptions
from monitor.store import StaleWrite, StoreError
from monitor.telemetry.trouble import store_trouble
from monitor.wire import Fault, FaultKind

STORE_PAUSE = 5.0
"""Seconds between two tries while the store cannot be written."""
PATIENCE = 300.0
"""Seconds from one answer of the platform to the next, or to the poll's end, after which a watch counts as hung."""
MEMORY = "give the daemon more (MemoryMax= of the unit), or look at what else takes it"

_log = structlog.get_logger("polling")

Watched = JobsScope | FlavorScope


class WatchLoop:
    """Owns one scope. Nothing but cancellation ends `run`: a fault, a full disk or a bug is logged and outlived."""

    def __init__(
        self,
        scope: Scope,
        make: Callable[[], Watched],
        options: WatchOptions,
        health: AccountHealth,
        around: Surroundings,
        *,
        rate: float,
    ) -> None:
        self.scope = scope
        self.name = scope.name
        self.sweep_name = sweep_name(self.name)
        """Under which its health is kept: a sweep that is refused something must not make a well watch look ill."""
        self._make = make
        self._options = options
        self._health = health
        self._around = around
        self.pulse = Pulse(around.clock, patience=PATIENCE)
        self._pause = 2.0 / rate
        self._stepped = float("-inf")
        self._well = False
        self._crawling = False
        self._hurry = Bell()
        self.seen = False
        """Whether the last poll went well: what is known is how things are."""
        self.watched: Watched | None = None
        self.sweep: Sweep | None = None
        self.progress: ProgressReads | None = None
        self._storeless = store_trouble("polling", "polling", account=scope.account, watch=self.name)
        self.tried = False
        """Whether one poll was tried, well or not: what readiness asks."""
        self.last_good: datetime | None = None
        """The last good poll, those of earlier runs included; None where there was none."""

    async def run(self) -> None:
        """Polls until it is cancelled; the first poll is tried at once, later ones at the scope's own offset."""
        clock = self._around.clock
        begun = clock.monotonic()
        while True:
            self.pulse.beat()
            crawl = await self.turn()
            self.tried = True
            due = clock.monotonic() + crawl if crawl else self._next(begun, clock.monotonic())
            self.pulse.beat(due - clock.monotonic())
            await self._sweep_until(due)
            await self._read_logs_until(due)
            await self._rest(due - clock.monotonic(), crawling=crawl >= CRAWL)

    def hasten(self) -> None:
        """Where it keeps away from something that a poll cannot mend, it looks at once."""
        if self._crawling:
            self._hurry.ring()

    async def _rest(self, seconds: float, *, crawling: bool) -> None:
        self._crawling = crawling
        if crawling:
            await self._hurry.wait_at_most(self._around.clock, seconds)
        else:
            await self._around.clock.sleep(seconds)
        self._crawling = False

    def _next(self, begun: float, now: float) -> float:
        """The next beat of this scope's own rhythm: a stable offset of its name keeps watches from bunching."""
        interval = self._interval()
        offset = crc32(f"{self.scope.account}/{self.scope.key}".encode()) / 2**32
        return begun + (floor((now - begun) / interval - offset) + 1 + offset) * interval

    def _interval(self) -> float:
        busy = self.watched is None or not isinstance(self.watched, JobsScope) or self.watched.busy
        return self._options.every if busy else (self._options.idle_every or self._options.every)

    def freshness(self) -> Freshness:
        """How old what it knows is, and may be."""
        return Freshness(
            watch=f"{self.scope.account}/{self.name}",
            last_good=self.last_good,
            late_after=self._options.late_after,
            reported=self._health.reported(self.name),
        )

    async def turn(self) -> float:
        """One poll. Returns 0, or the seconds to keep away from something that a poll cannot mend."""
        around, begun = self._around, self._around.clock.monotonic()
        outcome, crawl = await self._judged()
        around.meter.polled(self.scope.account, self.name, outcome, around.clock.monotonic() - begun)
        return crawl

    async def _judged(self) -> tuple[str, float]:
        """What came of a poll, in the words of `Meter.polled`, and what `turn` returns."""
        self._well = False
        try:
            await self._poll()
            await self._health.good(self.name)
            self._well = self.seen = True
            self._storeless.over()
            self.last_good = self._around.clock.now()
            return "good", 0.0
        except Fault as fault:
            self.seen = False
            return fault.kind.value, await self._failed(self.name, fault)
        except StaleWrite:
            self.watched = None  # another writer was faster: read again what is known, poll again
            return "stale", 0.0
        except StoreError as error:
            self._storeless.met(**_why(error))
            return "store", STORE_PAUSE
        except Exception as error:
            return "bug", await self._broke(self.name, error)

    async def _poll(self) -> None:
        if self.watched is None:
            await self._open()
        watched = self.watched
        if isinstance(watched, JobsScope) and not watched.baselined:
            await take_baseline(watched)
        elif watched is not None:
            await watched.poll()

    async def _open(self) -> None:
        around = self._around
        row = await around.store.write(partial(store.ensure_scope, scope=self.scope, now=around.clock.now()))
        watched = self._make()
        await watched.open(row)
        self.last_good = self.last_good or row.last_good
        self.sweep = Sweep(watched) if isinstance(watched, JobsScope) else None
        self.progress = ProgressReads(watched) if isinstance(watched, JobsScope) else None
        self.watched = watched

    async def _failed(self, watch: str, fault: Fault) -> float:
        _log.debug("a poll failed", account=self.scope.account, watch=watch, kind=fault.kind, reason=fault.message)
        try:
            await self._health.failed(watch, fault)
        except StoreError as error:
            self._storeless.met(**_why(error))
        return CRAWL if fault.kind in REFUSALS and fault.kind is not FaultKind.BAD_SIGNATURE else 0.0

    async def _broke(self, watch: str, error: Exception) -> float:
        """A bug: what is known is read again before the next try, and people hear of it as of any other trouble."""
        self.watched, self.seen = None, False
        if isinstance(error, MemoryError):
            return await self._failed(watch, Fault(FaultKind.TRANSIENT, "this machine has no memory left", hint=MEMORY))
        _log.exception("a poll broke; this is a bug", account=self.scope.account, watch=watch)
        text = f"this program failed while it polled ({type(error).__name__})"
        return await self._failed(watch, Fault(FaultKind.SENSELESS, text, hint="the log says where; please report it"))

    async def _sweep_until(self, due: float) -> None:
        """Spends the time until the next poll on the sweep, at half the budget, so that no poll waits for it. Where a
        poll has just failed a sweep would too."""
        sweep = self.sweep
        if not self._well or sweep is None or self.watched is None:
            return
        try:
            while (sweep.running or sweep.due()) and await self._room(due):
                self._stepped = self._around.clock.monotonic()
                if not await sweep.step():
                    await self._health.good(self.sweep_name)
                    return
        except Fault as fault:
            self._stepped += await self._failed(self.sweep_name, fault)
        except StaleWrite:
            self.watched = None
        except StoreError as error:
            self._storeless.met(**_why(error))
        except Exception as error:
            self._stepped += await self._broke(self.sweep_name, error)

    async def _read_logs_until(self, due: float) -> None:
        """The same once no sweep needs the time. A log that cannot be read is no trouble of the watch."""
        progress = self.progress
        if not self._well or progress is None or self.watched is None or (self.sweep and self.sweep.running):
            return
        try:
            while progress.due() and await self._room(due):
                self._stepped = self._around.clock.monotonic()
                await progress.step()
        except StoreError as error:
            self._storeless.met(**_why(error))
        except Exception as error:
            self._stepped += await self._broke(self.sweep_name, error)

    async def _room(self, due: float) -> bool:
        """Waits for the next step's turn, if that leaves a step's time before the next poll."""
        now = self._around.clock.monotonic()
        turn = max(now, self._stepped + self._pause)
        if turn + min(self._pause, self._interval() / 2) > due:
            return False
        await self._around.clock.sleep(turn - now)
        return True


def _why(error: StoreError) -> dict[str, str]:
    """For the log, with the remedy where there is one."""
    return {"reason": str(error)} | ({"hint": error.hint} if error.hint else {})
