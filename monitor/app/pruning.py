"""Retention at work: what is over for long is removed a little at a time, between the writes that somebody waits for.

The daemon does it by itself once an hour; `db prune` does the same by hand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from monitor.actions.policies import LONGEST
from monitor.fields import Clock
from monitor.routing.keeping import Referred, referred
from monitor.store import Connection, Store, StoreError
from monitor.store.old import Going, Window, old_events, old_hidden, old_jobs, old_messages, old_silences
from monitor.store.old_deletions import has_old_progress, old_actions, old_archived
from monitor.store.options import RetentionOptions
from monitor.store.prune import (
    PIECE,
    Pruned,
    count_deliveries_of,
    drop_actions,
    drop_events,
    drop_hidden,
    drop_jobs,
    drop_messages,
    drop_progress,
    drop_silences,
)
from monitor.telemetry.meter import NO_METER, Meter

FIRST = 300.0
"""Seconds after the start: what begins then has other things to do first."""
EVERY = 3600.0
SHARE = 20
"""The pause after each piece is so many times as long as the piece took …"""
LEAST = 0.05
"""… and so many seconds at least."""
ALL = 1 << 31

T = TypeVar("T")
_log = structlog.get_logger("app")


@dataclass(frozen=True, slots=True)
class Limits:
    """What was over before these moments may go."""

    events: datetime
    deliveries: datetime

    @classmethod
    def of(cls, retention: RetentionOptions, now: datetime) -> Limits:
        return cls(now - timedelta(seconds=retention.events), now - timedelta(seconds=retention.deliveries))

    def detected(self, kept: Referred) -> datetime:
        """The limit of events: no report that is yet to be made misses one."""
        return min(self.events, kept.since) if kept.since is not None else self.events

    def refused(self, before: datetime) -> datetime:
        """The limit of deletions that came to nothing: policies go by them for a while."""
        return before - timedelta(seconds=2 * LONGEST)


class Pruning:
    """One walk through all that may go. `rest` is awaited after each write with the seconds that it took."""

    def __init__(self, store: Store, limits: Limits, clock: Clock, rest: Callable[[float], Awaitable[None]]) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock
        self._rest = rest
        self._done = Pruned()

    async def run(self) -> Pruned:
        """Removes. What it has removed stays so when it is cut short. Raises StoreError."""
        kept = await self._store.read(referred)
        before, settled = self._limits.detected(kept), self._limits.deliveries
        async for window in self._windows(partial(old_messages, before=settled, keep=kept.seqs)):
            await self._pieces(window.numbers, partial(drop_messages, before=settled))
        async for window in self._windows(partial(old_hidden, before=before)):
            await self._pieces(window.numbers, drop_hidden)
        while silences := await self._store.read(partial(old_silences, before=before)):
            await self._pieces(silences, drop_silences)
        for find in (old_jobs, old_archived):
            while gone := await self._store.read(partial(find, before=before)):
                await self._pieces([number for number, *_ in gone], partial(drop_jobs, before=before))
        refused = self._limits.refused(before)
        async for window in self._windows(partial(old_actions, before=before, refused_before=refused)):
            await self._pieces(window.numbers, partial(drop_actions, before=before, refused_before=refused))
        if await self._store.read(has_old_progress):
            await self._store.write(drop_progress)
        events = partial(old_events, before=before, routed=kept.routed, keep=kept.seqs, going=Going())
        async for window in self._windows(events):
            await self._pieces(window.numbers, drop_events)
        return self._done

    async def look(self) -> Pruned:
        """What `run` would remove; changes nothing. Raises StoreError."""
        kept, going, found = await self._store.read(referred), Going(), Pruned()
        before = self._limits.detected(kept)
        async for window in self._windows(partial(old_messages, before=self._limits.deliveries, keep=kept.seqs)):
            going.messages.update(window.numbers)
            sent = await self._store.read(partial(count_deliveries_of, numbers=window.numbers))
            found += Pruned(messages=len(window.numbers), deliveries=sent)
        silences = await self._store.read(partial(old_silences, before=before, limit=ALL))
        gone = await self._store.read(partial(old_jobs, before=before, limit=ALL))
        gone += await self._store.read(partial(old_archived, before=before, limit=ALL))
        going.subjects |= {("", f"silence/{name}") for _, name in silences}
        going.subjects |= {(account, f"job/{job}") for _, account, job in gone}
        found += Pruned(silences=len(silences), jobs=len(gone))
        refused = self._limits.refused(before)
        ended = partial(old_actions, before=before, refused_before=refused, going=going.subjects)
        async for window in self._windows(ended):
            found += Pruned(deletions=len(window.numbers))
        events = partial(old_events, before=before, routed=kept.routed, keep=kept.seqs, going=going)
        async for window in self._windows(events):
            found += Pruned(events=len(window.numbers))
        return found

    async def _windows(self, find: Callable[..., Window]) -> AsyncIterator[Window]:
        behind: int | None = 0
        while behind is not None:
            window = await self._store.read(partial(find, behind=behind))
            yield window
            behind = window.end

    async def _pieces(self, found: Sequence[T], drop: Callable[[Connection, Sequence[T]], Pruned]) -> None:
        for start in range(0, len(found), PIECE):
            begun, piece = self._clock.monotonic(), found[start : start + PIECE]
            self._done += await self._store.write(lambda conn: drop(conn, piece))  # noqa: B023 - it is awaited here
            await self._rest(self._clock.monotonic() - begun)


async def keep_pruning(
    store: Store, retention: Callable[[], RetentionOptions], clock: Clock, meter: Meter = NO_METER
) -> None:
    """Once an hour, until cancelled. What cannot be removed now is tried again then."""

    async def rest(took: float) -> None:
        await clock.sleep(max(LEAST, SHARE * took))

    await clock.sleep(FIRST)
    while True:
        begun = clock.monotonic()
        try:
            done = await Pruning(store, Limits.of(retention(), clock.now()), clock, rest).run()
        except StoreError as error:
            _log.warning("old records could not be removed", reason=str(error))
        except Exception as error:  # nothing that is only tidying up may end the daemon
            _log.exception("removing old records broke; this is a bug", error=type(error).__name__)
        else:
            meter.pruned(sum(done.counts().values()), clock.now().timestamp())
            if done:
                _log.info("old records were removed", **done.counts())
        await clock.sleep(max(LEAST, EVERY - (clock.monotonic() - begun)))
