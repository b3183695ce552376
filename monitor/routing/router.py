"""The loop between the event log and the outbox: reads by a durable cursor, commits what the rules said with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.fields.pulse import Pulse
from monitor.model import Event
from monitor.routing.decide import Writes, decide, writes
from monitor.routing.memory import changes, decode
from monitor.rules import RuleSet, RuleState, next_due
from monitor.store import (
    Connection,
    Store,
    StoreError,
    append_events,
    get_cursor,
    last_seq,
    load_rule_state,
    next_revision,
    read_events,
    save_rule_state,
    set_cursor,
    write_notifications,
)
from monitor.store.event_query import load_events
from monitor.telemetry.meter import NO_METER, Meter
from monitor.telemetry.trouble import store_trouble

CURSOR = "routing"
BATCH = 256
"""Events per transaction."""
TICK = 5.0
"""Seconds after which the log is read anyway: another process may have written an event."""
STORE_PAUSE = 5.0
"""Seconds after a transaction that failed."""
PATIENCE = 120.0
"""Seconds that one turn may take."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Events after the cursor, and where the cursor stands once they are dealt with. `last`: no more are stored."""

    events: list[Event]
    cursor: int
    last: bool


@dataclass(frozen=True, slots=True)
class _Position:
    cursor: int
    state: RuleState


class Router:
    """Turns events into notifications and deliveries, each event once, in the order of `seq`.

    `bell` is rung by whoever commits events. `wake` is called with the sinks that deliveries were written for.
    """

    def __init__(
        self,
        store: Store,
        ruleset: RuleSet,
        clock: Clock,
        *,
        bell: Bell,
        wake: Callable[[Iterable[str]], None],
        meter: Meter = NO_METER,
    ) -> None:
        self._store = store
        self._ruleset = ruleset
        self._clock = clock
        self._bell = bell
        self._wake = wake
        self._meter = meter
        self.pulse = Pulse(clock, patience=PATIENCE)
        self._at: _Position | None = None
        self._stopping = False
        self._log = structlog.get_logger("monitor.routing")
        self._storeless = store_trouble("monitor.routing", "routing")

    async def run(self) -> None:
        """Routes until `stop` or cancellation; a transaction that has begun is always ended."""
        while not self._stopping:
            self.pulse.beat()
            try:
                more = await self.turn()
            except Exception as error:  # this loop must outlive whatever one turn runs into
                self._at = None  # what was committed is read back from the store
                if isinstance(error, StoreError):
                    self._storeless.met(reason=str(error))
                else:
                    self._log.exception("a turn of routing broke; this is a bug", error=type(error).__name__)
                await self._clock.sleep(STORE_PAUSE)
                continue
            self._storeless.over()
            if not more and not self._stopping:
                await self._bell.wait_at_most(self._clock, self._pause())

    def hung(self) -> list[str]:
        """Itself, where it was not heard of for too long."""
        return ["routing"] if self.pulse.missed() else []

    def stop(self) -> None:
        """`run` returns after the turn it is in."""
        self._stopping = True
        self._bell.ring()

    async def turn(self) -> bool:
        """Routes one batch; True where more waits. Raises StoreError, and then nothing of the batch was decided."""
        at: _Position = self._at if self._at is not None else await self._store.read(_position)
        now, begun = self._clock.now(), self._clock.monotonic()
        page = await self._store.read(lambda conn: _page(conn, at.cursor))
        due = next_due(at.state)
        tick = now if page.last and due is not None and due <= now else None
        if page.cursor == at.cursor and tick is None:
            self._at = at
            return False
        decided = decide(self._ruleset, at.state, page.events, tick)
        grouped = await self._store.read(lambda conn: load_events(conn, decided.seqs)) if decided.seqs else {}
        made = writes(self._ruleset, decided.effects, grouped, self._store.epoch, now)
        after = _Position(page.cursor, decided.state)
        await self._store.write(lambda conn: _commit(conn, self._store.epoch, made, at, after))
        self._at = after
        types, rules = [event.type.value for event in page.events], [each.rule for each in made.notifications]
        self._meter.routed(types, rules, self._clock.monotonic() - begun)
        if made.sinks:
            self._wake(made.sinks)
        return not page.last or bool(made.failures)

    def _pause(self) -> float:
        due = next_due(self._at.state) if self._at else None
        return TICK if due is None else min(TICK, max(0.0, _until(due, self._clock.now())))


def _until(due: datetime, now: datetime) -> float:
    return (due - now).total_seconds()


def _position(conn: Connection) -> _Position:
    return _Position(get_cursor(conn, CURSOR), decode(load_rule_state(conn)))


def _page(conn: Connection, cursor: int) -> _Page:
    """Quiet events are stepped over without being read: a baseline of 10,000 jobs costs nothing here."""
    newest = last_seq(conn)
    events = read_events(conn, after=cursor, before=newest + 1, limit=BATCH, quiet=False) if newest > cursor else []
    if len(events) == BATCH:
        return _Page(events, events[-1].seq, events[-1].seq == newest)
    return _Page(events, max(cursor, newest), True)


def _commit(conn: Connection, epoch: str, made: Writes, before: _Position, after: _Position) -> None:
    write_notifications(conn, made.notifications)
    append_events(conn, epoch, [(draft, next_revision(conn, None, draft.subject)) for draft in made.failures])
    save_rule_state(conn, changes(before.state, after.state))
    if after.cursor != before.cursor:
        set_cursor(conn, CURSOR, after.cursor)
