"""The work of `sinks test`: a test message through the outbox, by the running daemon or, without one, by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from monitor.fields import SystemClock
from monitor.fields.bell import Bell

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.sinks.options import SinkOptions
    from monitor.store import DeliveryRecord, Store

LOOK_EVERY = 0.1
"""Seconds between two looks at the delivery."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a test message, as far as it was waited for."""

    sink: str
    record: DeliveryRecord
    by_daemon: bool
    seconds: float

    @property
    def delivered(self) -> bool:
        return self.record.row.state.value == "delivered"

    def sentence(self) -> str:
        row = self.record.row
        who = "the running daemon" if self.by_daemon else "this command"
        if row.state.settled:
            return f"The test message was not delivered: {row.state.value}."
        if row.attempt == 0:
            return f"The test message still waits after {self.seconds:g} s; {who} has not tried it yet."
        return f"The test message was not delivered within {self.seconds:g} s; {who} tried {row.attempt} times."

    def lines(self) -> Iterator[str]:
        from monitor.telemetry.printable import printable

        for attempt in self.record.attempts:
            outcome = attempt.outcome.value if attempt.outcome else "no answer yet"
            detail = f": {printable(attempt.detail)}" if attempt.detail else ""
            yield f"attempt {attempt.attempt}: {outcome}{detail}"
        if self.delivered:
            who = "by the running daemon" if self.by_daemon else "through the outbox"
            yield f"The test message was delivered to {self.sink} {who}."

    def data(self) -> dict[str, Any]:
        row = self.record.row
        attempts = [
            {"attempt": each.attempt, "outcome": each.outcome and each.outcome.value, "detail": each.detail}
            for each in self.record.attempts
        ]
        return {"sink": self.sink, "state": row.state.value, "delivery": row.id, "attempts": attempts}


async def try_sink(settings: Settings, options: SinkOptions, seconds: float) -> Trial:
    """Writes the message and waits at most `seconds` until it is settled. Raises StoreError.

    Where a daemon holds the store it is the one that sends; else this process takes the lock and sends what waits for
    this sink, and nothing for any other.
    """
    from monitor.delivery import send_test
    from monitor.store import StoreLocked, open_store

    settings.state_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    try:
        store, by_daemon = await open_store(settings.store, state_dir=settings.state_dir, lock=True), False
    except StoreLocked:
        store, by_daemon = await open_store(settings.store, state_dir=settings.state_dir, lock=False), True
    try:
        delivery = await send_test(store, options.name, SystemClock())
        if by_daemon:
            record = await _settled(store, delivery, seconds)
        else:
            record = await _deliver(store, settings, options, delivery, seconds)
    finally:
        await store.aclose()
    return Trial(options.name, record, by_daemon, seconds)


async def _settled(store: Store, delivery: str, seconds: float) -> DeliveryRecord:
    """The delivery once it is settled, or as it is when the time is over."""
    from monitor.store import get_delivery

    end = time.monotonic() + seconds
    while True:
        record = await store.read(lambda conn: get_delivery(conn, delivery))
        assert record is not None
        if record.row.state.settled or time.monotonic() >= end:
            return record
        await anyio.sleep(LOOK_EVERY)


async def _deliver(
    store: Store, settings: Settings, options: SinkOptions, delivery: str, seconds: float
) -> DeliveryRecord:
    from monitor.delivery.deliverer import Deliverer
    from monitor.sinks import registry
    from monitor.wire import Http, new_session

    clock = SystemClock()
    async with new_session() as session:
        sink = registry.builder(getattr(options, "type", ""))(options, Http(session), clock)
        deliverer = Deliverer(store, sink, options, clock, Bell(), catch_up_after=settings.catch_up_after)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(lambda: deliverer.run(grace=1.0))
                record = await _settled(store, delivery, seconds)
                deliverer.stop()
        finally:
            await sink.aclose()
    return record
