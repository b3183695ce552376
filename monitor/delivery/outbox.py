"""All sinks of the config at work beside each other; what the app starts, rings and stops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf

import anyio
import structlog

from monitor.delivery.deliverer import PATIENCE, STORE_PAUSE, Deliverer
from monitor.diff import delivery_dead
from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.fields.pulse import Pulse
from monitor.model import DeliveryState
from monitor.sinks.options import SinkOptions
from monitor.sinks.ports import Sink
from monitor.store import (
    Connection,
    Store,
    StoreError,
    append_events,
    kill_sink,
    list_deliveries,
    next_revision,
    recover_claims,
)
from monitor.telemetry.meter import NO_METER, Meter
from monitor.telemetry.trouble import store_trouble

REMOVED = "the sink was removed from the config"


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
        self._stopped = Bell()
        self._stopping = False
        self._log = structlog.get_logger("monitor.delivery")
        self._storeless = store_trouble("monitor.delivery", "delivery")
        self._deliverers: Mapping[str, Deliverer] = {
            entry.options.name: Deliverer(
                store,
                entry.sink,
                entry.options,
                clock,
                events,
                catch_up_after=catch_up_after,
                names=names,
                meter=meter,
            )
            for entry in sinks
        }

    def ring(self, sinks: Iterable[str] | None = None) -> None:
        """Deliveries were written, for these sinks or for any."""
        for name in self._deliverers if sinks is None else sinks:
            if name in self._deliverers:
                self._deliverers[name].bell.ring()

    async def run(self, *, grace: float = 8.0) -> None:
        """First takes up what the last run left, then delivers until `stop` or cancellation. The sinks stay open.

        A store that cannot be used is waited for, as it is later on: a reload may come while the disk is full.
        """
        while not await self._took_up():
            if self._stopping:
                return
            await self._stopped.wait_at_most(self._clock, STORE_PAUSE)
        self._pulse.beat(inf)  # from here on each sink has its own
        async with anyio.create_task_group() as group:
            for name, deliverer in self._deliverers.items():
                group.start_soon(partial(deliverer.run, grace=grace), name=f"delivery {name}")

    def stop(self, grace: float | None = None) -> None:
        """What is due is sent once more where there is a free slot, and then nothing; `run` returns when what is in
        flight is settled, or its grace (that of `run`, unless another one is given) is over."""
        self._stopping = True
        self._stopped.ring()
        for deliverer in self._deliverers.values():
            deliverer.stop(grace)

    def hung(self) -> list[str]:
        """Sinks whose loop was not heard of for too long."""
        beginning = ["delivery"] if self._pulse.missed() else []
        sinks = self._deliverers.items()
        return beginning + [f"delivery {name}" for name, deliverer in sinks if deliverer.pulse.missed()]

    async def _took_up(self) -> bool:
        """What the last run left is ready to be sent, or ended; False where the store did not take that."""
        self._pulse.beat()
        now = self._clock.now()
        try:
            left = await self._store.write(lambda conn: recover_claims(conn, now=now))
            if left:
                text = "messages that the last run was sending are sent again; they may come twice"
                self._log.warning(text, count=left)
            if await self._store.write(self._end_removed):
                self._events.ring()
        except Exception as error:  # a daemon must outlive this as it does whatever comes later
            if isinstance(error, StoreError):
                self._storeless.met(reason=str(error))
            else:
                self._log.exception("delivery could not begin; this is a bug", error=type(error).__name__)
            return False
        self._storeless.over()
        return True

    def _end_removed(self, conn: Connection) -> int:
        """What waits for a sink that the config no longer names goes dead, with one event per sink."""
        now = self._clock.now()
        open_ = (DeliveryState.PENDING, DeliveryState.SENDING)
        waiting = {row.sink for state in open_ for row in list_deliveries(conn, state=state, limit=1_000_000)}
        for sink in sorted(waiting - self._deliverers.keys()):
            count = kill_sink(conn, sink, REMOVED, now)
            title = "1 message" if count == 1 else f"{count} messages"
            draft = delivery_dead(sink, rule=None, title=title, attempts=0, detail=REMOVED, now=now)
            append_events(conn, self._store.epoch, [(draft, next_revision(conn, None, draft.subject))])
        return len(waiting - self._deliverers.keys())
