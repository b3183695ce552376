"""The loop of one sink: settle what ended, claim what is due, send it; no other sink and no poll ever waits for it."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime

import anyio
import structlog

from monitor.delivery import breaker
from monitor.delivery.ledger import Ended, Room, Turn, next_look, release_unsure, take_turn
from monitor.delivery.look_back import LookBack
from monitor.delivery.policy import Policy
from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.fields.pulse import Pulse
from monitor.model import Delivery, DeliveryState, Outcome, Receipt
from monitor.sinks.options import SinkOptions
from monitor.sinks.ports import Sink
from monitor.store import Connection, Store, StoreError
from monitor.store.backlog import from_ahead
from monitor.store.sink_health import SinkHealth, bring_forward, load_sink_health, probe_now
from monitor.telemetry.meter import NO_METER, Meter
from monitor.telemetry.trouble import store_trouble

TICK = 5.0
"""Seconds after which the store is asked anyway: another process may have written a delivery (`sinks test`)."""
SET_BACK = 30.0
"""Seconds by which the wall clock may fall behind the time that passed before what waits for a time is due at once."""
STORE_PAUSE = 5.0
"""Seconds after a write that failed."""
PATIENCE = 120.0
"""Seconds that one turn may take."""


class Deliverer:
    """Sends the deliveries of one sink, at most `options.concurrency` at once.

    `events` is rung when a message was given up, which is an event. `bell` wakes it.
    """

    def __init__(
        self,
        store: Store,
        sink: Sink,
        options: SinkOptions,
        clock: Clock,
        events: Bell,
        *,
        catch_up_after: float,
        names: Mapping[str, str] | None = None,
        meter: Meter = NO_METER,
        anew: bool = False,
    ) -> None:
        """`anew`: the config says something new of the sink, so that it is tried at once, whatever came before."""
        self.bell = Bell()
        self.pulse = Pulse(clock, patience=PATIENCE)
        self._store = store
        self._sink = sink
        self._options = options
        self._clock = clock
        self._events = events
        self._catch_up_after = catch_up_after
        self._names = names or {}
        self._meter = meter
        self._policy = Policy(retry_for=options.retry_for)
        self._roll: Callable[[], float] = random.random
        self._in_hand: dict[str, Delivery] = {}
        self._ended: list[Ended] = []
        self._anew = anew
        self._health: SinkHealth | None = None
        self._last: Turn | None = None
        self._failing = False
        self._width = options.concurrency
        self._back = LookBack(store, options, clock)
        self._skew = self._drift()
        self._unsure = False
        self._stopping = False
        self._grace: float | None = None
        self._draining = False
        self._log = structlog.get_logger("monitor.delivery").bind(sink=options.name)
        self._storeless = store_trouble("monitor.delivery", "delivery", sink=options.name)

    @property
    def name(self) -> str:
        """That of its sink."""
        return self._options.name

    async def run(self, *, grace: float = 8.0) -> None:
        """Runs until `stop`; then what is in flight has `grace` seconds to be settled. What is not stays marked as
        being sent and is taken up by the next start, as is everything when this is cancelled."""
        async with anyio.create_task_group() as sending:

            def send(turn: Turn | None) -> Turn | None:
                for delivery in turn.claimed if turn else ():
                    sending.start_soon(self._attempt, delivery, turn.health.failures if turn else 0)
                return turn

            self.pulse.beat()  # the first turn can hang as well as any other
            turn = send(await self._turn())
            while not self._stopping:
                self.pulse.beat()
                rung = await self.bell.wait_at_most(self._clock, self._pause(turn))
                turn = send(await (self._turn() if rung or turn is None else self._look()))
            if not self._failing:
                send(await self._turn())  # the news of the end itself
            self._draining = True
            await self._drain(grace if self._grace is None else self._grace)
            sending.cancel_scope.cancel()

    def stop(self, grace: float | None = None) -> None:
        """What is due now and has a free slot is still sent, where the sink takes messages; nothing after it. `run`
        returns when that is settled. `grace`: another one than `run` was given."""
        self._grace = grace
        self._stopping = True
        self.bell.ring()

    def retell(self, *, catch_up_after: float, names: Mapping[str, str]) -> None:
        """What a backlog is told by from now on; nothing that is under way changes."""
        self._catch_up_after, self._names = catch_up_after, names

    async def _attempt(self, delivery: Delivery, failures: int) -> None:
        begun = self._clock.monotonic()
        try:
            receipt = await self._sink.send(delivery)
        except Exception as error:  # a sink that raises has a bug; the message must not be lost for it
            # Not its text and not the whole trace: a sink's errors may hold its URL.
            name, frame = type(error).__name__, traceback.extract_tb(error.__traceback__)[-1]
            at = f"{frame.filename}:{frame.lineno}"
            self._log.error("a sink broke; this is a bug", delivery=delivery.id, error=name, at=at)
            receipt = Receipt(outcome=Outcome.RETRY, detail=f"the sink failed by itself ({name})")
        now = self._clock.now()
        before = [(each.delivery, each.receipt) for each in self._ended]
        receipt = breaker.judged(self._health or SinkHealth(sink=self.name), delivery, receipt, before)
        settlement = self._policy.settle(delivery, receipt, now, self._roll())
        ended = Ended(delivery=delivery, receipt=receipt, at=now, settlement=settlement, failures=failures)
        self._ended.append(ended)
        self._note(receipt)
        self._measure(self._ended[-1], self._clock.monotonic() - begun)
        self.bell.ring()

    def _measure(self, ended: Ended, seconds: float) -> None:
        sink, outcome = self._options.name, ended.receipt.outcome
        self._meter.attempted(sink, outcome.value, seconds)
        facts = {"delivery": ended.delivery.id, "attempt": ended.delivery.attempt, "reason": ended.receipt.detail}
        self._log.debug("a message was tried", outcome=outcome.value, **facts)
        if ended.settlement.state in (DeliveryState.DEAD, DeliveryState.REFUSED):
            self._meter.given_up(sink)
            refused = outcome is Outcome.REFUSED
            text = "a sink refused a message for good" if refused else "a message was given up"
            self._log.warning(text, delivery=ended.delivery.id, reason=ended.receipt.detail)
        if outcome is Outcome.DELIVERED and (events := ended.delivery.notification.events):
            newest = max(event.detected_at for event in events)
            self._meter.delivered(sink, max(0.0, (ended.at - newest).total_seconds()))

    def _note(self, receipt: Receipt) -> None:
        """A sink that comes back is not run over: with each message that arrives there may be twice as many at once."""
        self._failing = _failed(receipt)
        self._width = 1 if self._failing else min(self._options.concurrency, self._width * 2)

    def _free(self) -> int:
        """A sink that does not take messages is tried with one at a time; the rest waits, unharmed."""
        closed = self._draining or (self._stopping and self._failing)
        limit = 0 if closed else 1 if self._failing else self._width
        return max(0, limit - (len(self._in_hand) - len(self._ended)))

    async def _look(self) -> Turn | None:
        """Nobody rang, so a read comes first: an idle sink writes nothing."""
        now = self._clock.now()
        try:
            due, health = await self._store.read(lambda conn: self._next(conn, now))
        except StoreError as error:
            self._storeless.met(reason=str(error))
            return None
        if self._drift() < self._skew - SET_BACK or (due is not None and due <= now):
            return await self._turn()
        return Turn(claimed=(), due=due, told=False, health=health)

    def _next(self, conn: Connection, now: datetime) -> tuple[datetime | None, SinkHealth]:
        health = load_sink_health(conn, self.name)
        return next_look(conn, self._options, health, now), health

    async def _turn(self) -> Turn | None:
        """One transaction; None where the store did not take it, and then nothing is forgotten."""
        try:
            if self._health is None:
                self._begin(await self._store.write(self._first))
            ended, free, now = tuple(self._ended), self._free(), self._clock.now()
            if not ended and not free and not self._stopping and not self._unsure:
                return Turn(claimed=(), due=None, told=False, health=self._health or SinkHealth(sink=self.name))
            if self._unsure:
                held = set(self._in_hand)
                await self._store.write(lambda conn: release_unsure(conn, self._options.name, held, now))
                self._unsure = False
            if self._drift() < self._skew - SET_BACK:
                await self._store.write(lambda conn: bring_forward(conn, self.name, now))
            self._skew = self._drift()
            if free and not self._failing and self._back.due():
                await self._back.run(self._catch_up_after, self._names, self.pulse.beat)
            room = Room(width=self._width, busy=len(self._in_hand) - len(ended), claims=free > 0)
            epoch, options, roll, last = self._store.epoch, self._options, self._roll(), self._last
            turn = await self._store.write(
                lambda conn: take_turn(conn, epoch, options, ended=ended, room=room, now=now, roll=roll, last=last)
            )
        except Exception as error:  # this loop must outlive whatever one turn runs into
            self._unsure = True
            if isinstance(error, StoreError):
                self._storeless.met(reason=str(error))
            else:
                self._log.exception("a turn of delivery broke; this is a bug", error=type(error).__name__)
            return None
        self._storeless.over()
        self._after(turn, ended)
        return turn

    def _first(self, conn: Connection) -> SinkHealth:
        """What is known of the sink from before. Where the clock was set back while nobody looked, what waits for a
        time that is a long way off now waits for nothing."""
        now = self._clock.now()
        if self._anew:
            probe_now(conn, [self.name], now)
        if from_ahead(conn, self.name, now):
            bring_forward(conn, self.name, now)
        return load_sink_health(conn, self.name)

    def _begin(self, health: SinkHealth) -> None:
        self._health = health
        self._failing = health.since is not None
        self._width = 1 if self._failing else self._width

    def _drift(self) -> float:
        """Falls when the wall clock is set back."""
        return self._clock.now().timestamp() - self._clock.monotonic()

    def _after(self, turn: Turn, ended: tuple[Ended, ...]) -> None:
        for each in ended:
            self._in_hand.pop(each.delivery.id, None)
        del self._ended[: len(ended)]
        self._in_hand |= {delivery.id: delivery for delivery in turn.claimed}
        if turn.told:
            self._events.ring()
        self._tell(turn.health)
        self._last = turn
        self._health, self._failing = turn.health, turn.health.since is not None or self._fails()
        self._back.after(turn)

    def _fails(self) -> bool:
        """What ended while others were being settled."""
        return any(_failed(each.receipt) for each in self._ended)

    def _tell(self, health: SinkHealth) -> None:
        was = self._health is not None and self._health.since is not None
        if health.since is not None and not was:
            self._log.warning("a sink takes no messages; they wait", reason=health.detail)
        if health.since is None and was:
            self._log.info("a sink takes messages again")

    def _pause(self, turn: Turn | None) -> float:
        if turn is None:
            return STORE_PAUSE
        if turn.due is None:
            return TICK
        return min(TICK, max(0.0, (turn.due - self._clock.now()).total_seconds()))

    async def _drain(self, grace: float) -> None:
        end = self._clock.monotonic() + grace
        while self._in_hand and (left := end - self._clock.monotonic()) > 0:
            if not self._ended:
                await self.bell.wait_at_most(self._clock, left)
            if self._ended and await self._turn() is None:
                await self._clock.sleep(min(1.0, left))
        if self._in_hand:
            text = "the end came while messages were being sent; the next start takes them up"
            self._log.warning(text, count=len(self._in_hand))


def _failed(receipt: Receipt) -> bool:
    return receipt.outcome in (Outcome.RETRY, Outcome.UNKNOWN) and not receipt.partly
