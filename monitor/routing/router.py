"""The loop between the event log and the outbox: reads by a durable cursor, commits what the rules said with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio
import structlog

from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.fields.pulse import Pulse
from monitor.model import Event, EventType
from monitor.routing.decide import Writes, writes
from monitor.routing.links import Links
from monitor.routing.memory import Rows, decode
from monitor.routing.recall import Stored
from monitor.rules import Engine, RuleSet, drive
from monitor.rules.holding import SEEN_QUIET
from monitor.store import (
    Connection,
    Store,
    StoreError,
    append_events,
    end_silence,
    get_cursor,
    last_seq,
    load_rule_state,
    next_revision,
    read_events,
    save_rule_state,
    set_cursor,
    write_hidden,
    write_notifications,
)
from monitor.store.answers import link_key
from monitor.telemetry.meter import NO_METER, Meter
from monitor.telemetry.trouble import store_trouble

CURSOR = "routing"
BATCH = 256
"""Events per transaction."""
TICK = 5.0
"""Seconds after which the log is read anyway: another process may have written an event."""
STORE_PAUSE = 5.0
"""Seconds after a transaction that failed."""
CLOCK_SET = 60.0
"""Seconds by which the wall clock may drift from the time that really passes before somebody must have set it."""
PATIENCE = 120.0
"""Seconds that one turn may take."""
_DELETED = {
    EventType.JOB_DELETED: "deleted",
    EventType.DELETION_REFUSED: "refused",
    EventType.DELETION_FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one look at the log came to, and where the cursor stands once that is dealt with. `last`: no more waits."""

    events: list[Event]
    cursor: int
    last: bool
    made: Writes


@dataclass(slots=True)
class _Position:
    """How far the log was read, and the rules as they stand there. It is given up when a turn fails."""

    cursor: int
    engine: Engine
    rows: Rows
    fresh: bool = True
    """No turn was made of it yet."""
    forsaken: frozenset[str] = frozenset()
    """Watches that nobody polls any more: what the rules remember of them waits until somebody does."""


class Router:
    """Turns events into notifications and deliveries, each event once, in the order of `seq`.

    `bell` is rung by whoever commits events. `wake` is called with the sinks that deliveries were written for.
    `unseen` names the watches of which it is not known how they are at the moment, `watched` all that are polled (None:
    every one is). `links` makes the links by which people answer messages; None: there are none.
    """

    def __init__(
        self,
        store: Store,
        ruleset: RuleSet,
        clock: Clock,
        *,
        bell: Bell,
        wake: Callable[[Iterable[str]], None],
        unseen: Callable[[], Iterable[str]] = tuple,
        watched: Callable[[], Collection[str]] | None = None,
        links: Links | None = None,
        meter: Meter = NO_METER,
    ) -> None:
        self._store = store
        self._ruleset = ruleset
        self._clock = clock
        self._bell = bell
        self._wake = wake
        self._unseen = unseen
        self._watched = watched
        self._links = links
        self._meter = meter
        self.pulse = Pulse(clock, patience=PATIENCE)
        self._at: _Position | None = None
        self._offset: float | None = None
        self._blind: frozenset[str] = frozenset()
        """What was unseen at some moment since all that was in the log had been routed: the events that end a state may
        be in the very batch that comes with the sight, and what fell due in the dark is judged only after them."""
        self._stopping = False
        self._turning = anyio.Lock()
        self._log = structlog.get_logger("monitor.routing")
        self._storeless = store_trouble("monitor.routing", "routing")

    async def run(self) -> None:
        """Routes until `stop` or cancellation; a transaction that has begun is always ended."""
        while not self._stopping:
            self.pulse.beat()
            try:
                async with self._turning:
                    more = not self._stopping and await self.turn()
            except Exception as error:  # this loop must outlive whatever one turn runs into
                self._at = None  # what was committed is read back from the store
                if isinstance(error, StoreError):
                    self._storeless.met(reason=str(error))
                else:
                    self._log.exception("a turn of routing broke; this is a bug", error=type(error).__name__)
                await self._rest(STORE_PAUSE)
                continue
            self._storeless.over()
            if not more and not self._stopping:
                await self._bell.wait_at_most(self._clock, self._pause())

    async def _rest(self, seconds: float) -> None:
        """Only `stop` ends it sooner; a ring, of which there may be many, does not."""
        end = self._clock.monotonic() + seconds
        while not self._stopping and (left := end - self._clock.monotonic()) > 0:
            await self._bell.wait_at_most(self._clock, left)

    def hung(self) -> list[str]:
        """Itself, where it was not heard of for too long."""
        return ["routing"] if self.pulse.missed() else []

    def stop(self) -> None:
        """`run` returns after the turn it is in."""
        self._stopping = True
        self._bell.ring()

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """`run` makes no turn while the block runs; what is in the log waits, and who holds it up says `pulse.beat`."""
        async with self._turning:
            yield
            self._bell.ring()

    def follow(self, ruleset: RuleSet, links: Links | None) -> None:
        """Other rules hold from the next turn on; to be called while it rests. What is remembered is read anew from the
        store, and what the rules before had begun is ended there as at a start."""
        self._ruleset, self._links, self._at = ruleset, links, None

    async def turn(self) -> bool:
        """Routes one batch; True where more waits. Raises StoreError, and then nothing of the batch was decided."""
        unseen = frozenset(self._unseen())  # before the log is read: what is seen by now has its events in it
        at = self._at if self._at is not None else await self._store.read(self._position)
        unseen |= at.forsaken
        self._blind |= unseen
        self._at = None  # what is decided from here on holds only once it is committed
        now, begun = self._clock.now(), self._clock.monotonic()
        self._mind_the_clock(at.engine, now, begun)
        turn = await self._store.read(lambda conn: self._decided(conn, at, now, unseen))
        changed = at.rows.encode(at.engine.memory.changes())
        if turn.made or changed or turn.cursor != at.cursor:
            await self._store.write(lambda conn: _commit(conn, self._store.epoch, turn, changed))
            at.engine.memory.settle()
            types, rules = [event.type.value for event in turn.events], [each.rule for each in turn.made.notifications]
            self._meter.routed(types, rules, self._clock.monotonic() - begun)
            for event in turn.events:
                if (outcome := _DELETED.get(event.type)) is not None and event.account is not None:
                    self._meter.deletion(event.account, outcome)
        self._at = _Position(turn.cursor, at.engine, at.rows, fresh=False, forsaken=at.forsaken)
        if turn.last:
            self._blind = unseen
        if turn.made.sinks:
            self._wake(turn.made.sinks)
        return not turn.last or bool(turn.made.events)

    def _decided(self, conn: Connection, at: _Position, now: datetime, unseen: frozenset[str]) -> _Turn:
        """Takes what the log has, then what is due by now. Changes the engine."""
        newest = last_seq(conn)
        due = at.engine.next_due()
        if newest == at.cursor and not at.fresh and not at.engine.waiting and (due is None or due > now):
            return _Turn([], at.cursor, True, Writes())
        events, last = _events(conn, at.cursor, newest)
        at.engine.recalling(Stored(conn))
        effects = list(drive(at.engine, events, unseen=self._blind, wall=now))
        if last:
            effects += drive(at.engine, (), now, unseen=unseen, wall=now)
        made = writes(effects, self._store.epoch, now, self._links and self._links.of(link_key(conn)))
        if (broken := at.engine.broken) is not None:
            at.engine.broken = None
            self._log.error("the rules broke; this is a bug", exc_info=broken)
        return _Turn(events, newest if last else events[-1].seq, last, made)

    def _position(self, conn: Connection) -> _Position:
        state = decode(load_rule_state(conn))
        known = {row.watch for row in state.followed.values() if row.watch is not None}
        engine, forsaken = Engine(self._ruleset, state, Stored(conn)), frozenset[str]()
        if self._watched is not None:
            watched = self._watched()
            engine.forsake({watch.partition("|")[0] for watch in watched})
            forsaken = frozenset(known.difference(watched))
        return _Position(get_cursor(conn, CURSOR), engine, Rows(state), forsaken=forsaken)

    def _mind_the_clock(self, engine: Engine, now: datetime, monotonic: float) -> None:
        """A wall clock that was set moves all that is measured in passed time."""
        offset = now.timestamp() - monotonic
        by = offset - self._offset if self._offset is not None else 0.0
        self._offset = offset
        if abs(by) > CLOCK_SET:
            self._log.warning("the clock was set", by=round(by))
            engine.jump(timedelta(seconds=by))

    def _pause(self) -> float:
        due = self._at.engine.next_due() if self._at else None
        return TICK if due is None else min(TICK, max(0.0, (due - self._clock.now()).total_seconds()))


def _events(conn: Connection, cursor: int, newest: int) -> tuple[list[Event], bool]:
    """The next events, and whether they are the last. Quiet ones are stepped over without being read (a baseline of
    10,000 jobs costs nothing here), but for those that the rules look at."""
    if newest <= cursor:
        return [], True
    events = read_events(conn, after=cursor, before=newest + 1, limit=BATCH, quiet=False)
    last = len(events) < BATCH or events[-1].seq == newest
    end = newest if last else events[-1].seq
    types = [each.value for each in SEEN_QUIET]
    seen = read_events(conn, after=cursor, before=end + 1, limit=end - cursor, types=types)
    return sorted([*events, *(event for event in seen if event.quiet)], key=lambda event: event.seq), last


def _commit(conn: Connection, epoch: str, turn: _Turn, changed: Mapping[str, bytes | None]) -> None:
    made = turn.made
    write_notifications(conn, made.notifications)
    write_hidden(conn, made.hidden)
    append_events(conn, epoch, [(draft, next_revision(conn, draft.account, draft.subject)) for draft in made.events])
    for silence, at in made.over:
        end_silence(conn, silence, at, None)
    save_rule_state(conn, changed)
    set_cursor(conn, CURSOR, turn.cursor)
