"""The loop beside routing: reads what is new in the ledger, and commits what is to be told of budgets with marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import anyio
import structlog

from monitor.budgets.counting import PAGE, Counting, give, start_of
from monitor.budgets.judging import Judgement, Marks, by_period, judge, retire
from monitor.fields import Clock
from monitor.fields.bell import Broadcast
from monitor.fields.pulse import Pulse
from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.periods import period_of
from monitor.store import Connection, Store, StoreError, append_events, next_revision
from monitor.store.budgets import (
    Booked,
    add_marks,
    bookings_behind,
    bookings_since,
    drop_marks,
    last_booking,
    load_marks,
)
from monitor.telemetry.trouble import store_trouble

TICK = 60.0
"""Seconds after which budgets are looked at anyway: time passes, and some of the ledger is written without an event."""
STORE_PAUSE = 5.0
"""Seconds after the store could not be used."""
SET_BACK = timedelta(seconds=60)
"""A clock that goes back further has shown periods that were not there yet; what fell out of sight then is missed."""
PATIENCE = 120.0
"""Seconds that one turn may take, and each page of a long ledger."""


class Budgets:
    """The stage. Its sums live in memory; they are made anew at a start and when the budgets change."""

    def __init__(self, store: Store, options: Sequence[BudgetOptions], clock: Clock, bell: Broadcast) -> None:
        self._store = store
        self._options = tuple(options)
        self._clock = clock
        self._bell = bell
        self._countings: list[Counting] | None = None
        self._marks: dict[str, Marks] = {}
        self._read = 0
        self._latest: datetime | None = None
        """The moment at which budgets were held against the ledger last."""
        self._turning = anyio.Lock()
        self.pulse = Pulse(clock, patience=PATIENCE)
        self._log = structlog.get_logger("monitor.budgets")
        self._storeless = store_trouble("monitor.budgets", "the watch over budgets")

    async def run(self) -> None:
        """Until cancelled; a transaction that has begun is always ended."""
        with self._bell.listening() as heard:
            while True:
                self.pulse.beat()
                pause = await self._guarded()
                self.pulse.beat(pause)
                await heard.wait_at_most(self._clock, pause)

    def hung(self) -> list[str]:
        """Itself, where it was not heard of for too long."""
        return ["budgets"] if self.pulse.missed() else []

    def take(self, options: Sequence[BudgetOptions]) -> None:
        """Other budgets hold from the next turn on; to be called while it rests. All is counted anew, for a reload may
        have renamed what is counted."""
        self._options, self._countings = tuple(options), None

    def countings(self) -> list[Counting] | None:
        """As last counted; None where that is yet to be done."""
        return self._countings

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """`run` makes no turn while the block runs: names may change in the store."""
        async with self._turning:
            yield
            self._bell.ring()

    async def turn(self) -> None:
        """Counts what is new and tells what is to be told. Raises StoreError; what was not told is told by the next."""
        async with self._turning:
            if self._latest is not None and self._clock.now() < self._latest - SET_BACK:
                self._countings = None
            if self._countings is None:
                self._countings = await self._counted(self._options)
            else:
                await self._more(self._countings)
            now = self._latest = self._clock.now()
            for counting in self._countings:
                found = partial(judge, counting.standing(now), counting.before(now), now=now)
                await self._settle(counting.options.name, found)

    async def _guarded(self) -> float:
        """A turn that fails costs a pause, never the loop. Seconds until the next look."""
        try:
            await self.turn()
        except StoreError as error:
            self._storeless.met(reason=str(error))
            return STORE_PAUSE
        except Exception as error:  # what one turn runs into must not end the daemon
            self._countings = None
            self._log.exception("a turn of the budgets broke; this is a bug", error=type(error).__name__)
            return STORE_PAUSE
        self._storeless.over()
        return self._pause()

    def _pause(self) -> float:
        now, known = self._clock.now(), self._countings or ()
        ends = [period_of(each.options, now).end for each in known if isinstance(each.options.period, str)]
        return min([TICK, *((end - now).total_seconds() for end in ends)])

    async def _counted(self, options: Sequence[BudgetOptions]) -> list[Counting]:
        """All sums made anew, and what was told of those that are no more brought to its end."""
        marks = defaultdict(list)
        for mark in await self._store.read(load_marks):
            marks[mark.budget].append(mark)
        self._marks = {name: by_period(each) for name, each in marks.items()}
        now = self._clock.now()
        for name in self._marks.keys() - {each.name for each in options}:
            await self._settle(name, partial(retire, name, now=now))
        countings = [Counting(each) for each in options]
        self._read = await self._store.read(last_booking)
        if countings:
            await self._walk(countings, start_of(countings, now))
            self._doubt(countings)
        return countings

    async def _walk(self, countings: Sequence[Counting], since: datetime) -> None:
        page: list[Booked] = []
        while True:
            behind = page[-1].place if page else None
            page = await self._store.read(
                partial(bookings_since, since=since, upto=self._read, behind=behind, limit=PAGE)
            )
            give(countings, page)
            self.pulse.beat()
            if len(page) < PAGE:
                return

    async def _more(self, countings: Sequence[Counting]) -> None:
        while countings:
            page = await self._store.read(partial(bookings_behind, id=self._read, limit=PAGE))
            give(countings, page)
            self._read = page[-1].id if page else self._read
            if len(page) < PAGE:
                return
            self.pulse.beat()

    async def _settle(self, name: str, judged: Callable[[Marks], Judgement]) -> None:
        """Judged by what is remembered, and where that finds something, again by what is stored: only that counts."""
        if not judged(self._marks.get(name, {})):
            return
        made, told = await self._store.write(partial(self._write, name=name, judged=judged))
        self._marks[name] = made
        if told:
            self._bell.ring()

    def _write(self, conn: Connection, name: str, judged: Callable[[Marks], Judgement]) -> tuple[Marks, bool]:
        found = judged(by_period(load_marks(conn, name)))
        for period, thresholds in found.drop:
            drop_marks(conn, name, period, thresholds)
        add_marks(conn, found.add)
        for draft in found.drafts:
            append_events(conn, self._store.epoch, [(draft, next_revision(conn, None, draft.subject))])
        return by_period(load_marks(conn, name)), bool(found.drafts)

    def _doubt(self, countings: Sequence[Counting]) -> None:
        for each in countings:
            if each.idle:
                hint = "see what it is an amount of, its `scope` and its `currency`"
                self._log.warning(
                    "a budget counts nothing of what was used in the last 90 days", budget=each.options.name, hint=hint
                )
