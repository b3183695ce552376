"""The work of `sinks test`: a test message through the outbox, by the running daemon or, without one, by itself."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.sinks.options import SinkOptions
    from monitor.store import Store

LOOK_EVERY = 0.1
"""Seconds between two looks at the delivery."""
UNSETTLED = ("pending", "sending")


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a test message, as far as it was waited for. `delivery`: as the API tells it."""

    sink: str
    delivery: dict[str, Any]
    by_daemon: bool
    seconds: float

    @property
    def delivered(self) -> bool:
        return bool(self.delivery["state"] == "delivered")

    @property
    def last(self) -> str:
        """What the last attempt said."""
        attempts = self.delivery["attempts"]
        return str(attempts[-1]["detail"]) if attempts else ""

    def sentence(self) -> str:
        state, tries = self.delivery["state"], self.delivery["attempt"]
        who = "the running daemon" if self.by_daemon else "this command"
        if state not in UNSETTLED and (attempts := self.delivery["attempts"]):
            refused = attempts[-1]["outcome"] == "refused"
            return "The sink refused the test message." if refused else "The test message did not arrive in time."
        if state not in UNSETTLED:
            return "The test message was not tried."
        if tries == 0:
            return f"The test message still waits after {self.seconds:g} s; {who} has not tried it yet."
        return f"The test message was not delivered within {self.seconds:g} s; {who} tried {_times(tries)}."

    def lines(self) -> Iterator[str]:
        from monitor.telemetry.printable import printable

        for attempt in self.delivery["attempts"]:
            detail = f": {printable(attempt['detail'])}" if attempt["detail"] else ""
            yield f"attempt {attempt['attempt']}: {attempt['outcome'] or 'no answer yet'}{detail}"
        if self.delivered:
            who = "by the running daemon" if self.by_daemon else "through the outbox"
            yield f"The test message was delivered to {self.sink} {who}."

    def data(self) -> dict[str, Any]:
        attempts = [{key: each[key] for key in ("attempt", "outcome", "detail")} for each in self.delivery["attempts"]]
        return {
            "sink": self.sink,
            "state": self.delivery["state"],
            "delivery": self.delivery["id"],
            "attempts": attempts,
        }


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def test_sink(config: Path | None, name: str, seconds: float) -> Trial:
    """Writes the message and waits at most `seconds` until it is settled. Raises Failure, StoreError.

    Where a daemon runs it is the one that sends, and this command needs no secret.
    """
    from monitor.cli.sockets import live_socket

    if live_socket(config) is not None:
        return _by_daemon(config, name, seconds)
    from monitor.cli.opening import load_settings
    from monitor.settings import Only
    from monitor.telemetry.setup import set_up

    settings = load_settings(config, resolve=Only("sinks", name))
    options = next((sink for sink in settings.sinks if sink.name == name), None)
    if options is None:
        there = ", ".join(sink.name for sink in settings.sinks)
        raise Failure(f"No sink is named {name!r}.", f"There are: {there}.", code=USAGE)
    set_up(sys.stderr, level="error")  # what came of it is told by the trial
    return asyncio.run(try_sink(settings, options, seconds))


def _by_daemon(config: Path | None, name: str, seconds: float) -> Trial:
    from monitor.cli.asking import beside, segment

    end = time.monotonic() + seconds
    with beside(config) as ask:
        path = f"/api/v1/deliveries/{ask.post(f'/api/v1/sinks/{segment(name)}/test')['delivery']}"
        while (found := ask.get(path))["state"] in UNSETTLED and time.monotonic() < end:
            time.sleep(LOOK_EVERY)
    return Trial(name, found, True, seconds)


async def try_sink(settings: Settings, options: SinkOptions, seconds: float) -> Trial:
    """As `test_sink`, through the store: this process takes the lock and sends what waits for this sink, and nothing
    for any other. Where the lock is taken the daemon that has it sends. Raises StoreError."""
    from monitor.delivery import send_test
    from monitor.fields import SystemClock
    from monitor.store import StoreLocked, open_store
    from monitor.store.state_dir import make_state_dir

    make_state_dir(settings.state_dir)
    try:
        store, by_daemon = await open_store(settings.store, state_dir=settings.state_dir, lock=True), False
    except StoreLocked:
        store, by_daemon = await open_store(settings.store, state_dir=settings.state_dir, lock=False), True
    try:
        delivery = await send_test(store, options.name, SystemClock())
        if by_daemon:
            found = await _settled(store, settings, delivery, seconds)
        else:
            found = await _deliver(store, settings, options, delivery, seconds)
    finally:
        await store.aclose()
    return Trial(options.name, found, by_daemon, seconds)


async def _settled(store: Store, settings: Settings, delivery: str, seconds: float) -> dict[str, Any]:
    """The delivery once it is settled, or as it is when the time is over."""
    import json

    from monitor.fields import SystemClock
    from monitor.web.api import Api, Inside, Request

    api = Api(Inside(store=store, clock=SystemClock(), settings=settings))
    end = time.monotonic() + seconds
    while True:
        reply = await api.answer(Request(path=f"/api/v1/deliveries/{delivery}"))
        found: dict[str, Any] = json.loads(reply.body)
        if found["state"] not in UNSETTLED or time.monotonic() >= end:
            return found
        await asyncio.sleep(LOOK_EVERY)


async def _deliver(
    store: Store, settings: Settings, options: SinkOptions, delivery: str, seconds: float
) -> dict[str, Any]:
    import anyio

    from monitor.delivery.deliverer import Deliverer
    from monitor.fields import SystemClock
    from monitor.fields.bell import Bell
    from monitor.sinks import registry
    from monitor.wire import Http, new_session

    clock = SystemClock()
    async with new_session() as session:
        sink = registry.builder(getattr(options, "type", ""))(options, Http(session), clock)
        deliverer = Deliverer(store, sink, options, clock, Bell(), catch_up_after=settings.catch_up_after)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(lambda: deliverer.run(grace=1.0))
                found = await _settled(store, settings, delivery, seconds)
                deliverer.stop()
        finally:
            await sink.aclose()
    return found
