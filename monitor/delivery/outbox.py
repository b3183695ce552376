"""All sinks of the config at work beside each other; what the app starts, rings and stops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf

import anyio
import structlog
from anyio.abc import TaskGroup

from monitor.delivery.deliverer import PATIENCE, STORE_PAUSE, Deliverer
from monitor.delivery.removed import end_removed
from monitor.delivery.running import Running
from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.fields.pulse import Pulse
from monitor.sinks.options import SinkOptions
from monitor.sinks.ports import Sink
from monitor.store import Connection, Store, StoreError, recover_claims
from monitor.telemetry.meter import NO_METER, Meter
from monitor.telemetry.trouble import store_trouble

CUT = "a reload came before the answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkEntry:
    """A built sink and what the config says of it."""

    sink: Sink
    options: SinkOptions


class Outbox:
    """Delivers what routing wrote. `events` is rung when a delivery was given up, which is an event.

    `names`: what people are called, by `<provider>:<id>`.
    """

    def __init__(
        self,
        store: Store,
        sinks: Iterable[SinkEntry],
        clock: Clock,
        *,
        events: Bell,
        catch_up_after: float = 900.0,
        names: Mapping[str, str] | None = None,
        meter: Meter = NO_METER,
    ) -> None:
        self._store = store
        self._clock = clock
        self._events = events
        self._pulse = Pulse(clock, patience=PATIENCE)
        self._stopped = anyio.Event()
        self._grace: float | None = None
        self._group: TaskGroup | None = None
        self._log = structlog.get_logger("monitor.delivery")
        self._storeless = store_trouble("monitor.delivery", "delivery")
        self._meter = meter
        self._sinks: dict[str, Running] = {}
        self.take(sinks, catch_up_after=catch_up_after, names=names or {})

    def ring(self, sinks: Iterable[str] | None = None) -> None:
        """Deliveries were written, for these sinks or for any."""
        for name in self._sinks if sinks is None else sinks:
            if name in self._sinks:
                self._sinks[name].deliverer.bell.ring()

    async def run(self, *, grace: float = 8.0) -> None:
        """First takes up what the last run left, then delivers until `stop` or cancellation. The sinks stay open.

        A store that cannot be used is waited for, as it is later on: the disk may be full at a start.
        """
        while not await self._took_up():
            if self._stopped.is_set():
                return
            await self._pause()
        self._pulse.beat(inf)  # from here on each sink has its own
        async with anyio.create_task_group() as self._group:
            for sink in self._sinks.values():
                sink.start(self._group)
            await self._stopped.wait()
            for sink in self._sinks.values():
                sink.deliverer.stop(grace if self._grace is None else self._grace)

    def stop(self, grace: float | None = None) -> None:
        """What is due is sent once more where there is a free slot, and then nothing; `run` returns when what is in
        flight is settled, or its grace (that of `run`, unless another one is given) is over."""
        self._grace = grace
        self._stopped.set()

    async def part(self, sinks: Collection[str], grace: float) -> None:
        """Returns when nothing is sent to these any more: what was in flight is settled, or its grace over. They may be
        closed then. What is written for them meanwhile waits."""
        async with anyio.create_task_group() as group:
            for sink in [self._sinks[name] for name in sinks if name in self._sinks]:
                group.start_soon(sink.end, grace)

    def take(self, sinks: Iterable[SinkEntry], *, catch_up_after: float, names: Mapping[str, str]) -> None:
        """Exactly these sinks are delivered to from now on. Those that were at work go on without an interruption; to
        each other one what waits for it is sent."""
        found: dict[str, Running] = {}
        for entry in sinks:
            running = self._sinks.get(entry.options.name)
            if running is None or running.sink is not entry.sink:
                running = Running(self._deliverer(entry, catch_up_after, names), entry.sink)
                if self._group is not None:
                    running.start(self._group)
            running.deliverer.retell(catch_up_after=catch_up_after, names=names)
            found[entry.options.name] = running
        self._sinks = found

    def left(self, conn: Connection, parted: Collection[str]) -> None:
        """What the parted sinks were sending when their grace ended is due again."""
        recover_claims(conn, now=self._clock.now(), sinks=parted, why=CUT)

    def hung(self) -> list[str]:
        """Sinks whose loop was not heard of for too long."""
        beginning = ["delivery"] if self._pulse.missed() else []
        return beginning + [f"delivery {name}" for name, sink in self._sinks.items() if sink.hung]

    async def _took_up(self) -> bool:
        """What the last run left is ready to be sent, or ended; False where the store did not take that."""
        self._pulse.beat()
        now = self._clock.now()
        try:
            left = await self._store.write(lambda conn: recover_claims(conn, now=now))
            if left:
                text = "messages that the last run was sending are sent again; they may come twice"
                self._log.warning(text, count=left)
            if await self._store.write(lambda conn: self.end_removed(conn, self._sinks)):
                self._events.ring()
        except Exception as error:  # a daemon must outlive this as it does whatever comes later
            if isinstance(error, StoreError):
                self._storeless.met(reason=str(error))
            else:
                self._log.exception("delivery could not begin; this is a bug", error=type(error).__name__)
            return False
        self._storeless.over()
        return True

    async def _pause(self) -> None:
        async with anyio.create_task_group() as group:

            async def stopped() -> None:
                await self._stopped.wait()
                group.cancel_scope.cancel()

            group.start_soon(stopped)
            await self._clock.sleep(STORE_PAUSE)
            group.cancel_scope.cancel()

    def _deliverer(self, entry: SinkEntry, catch_up_after: float, names: Mapping[str, str]) -> Deliverer:
        return Deliverer(
            self._store,
            entry.sink,
            entry.options,
            self._clock,
            self._events,
            catch_up_after=catch_up_after,
            names=names,
            meter=self._meter,
            anew=self._group is not None,
        )

    def end_removed(self, conn: Connection, wanted: Collection[str]) -> int:
        """See `delivery.removed`."""
        return end_removed(conn, self._store.epoch, wanted, self._clock.now())
