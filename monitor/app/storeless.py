"""A store that cannot be written: known to who asks how the daemon is, and told once it can be again, with how long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from monitor import diff
from monitor.fields import Clock
from monitor.model import EventDraft
from monitor.store import Connection, Store, StoreError, set_cursor

GRACE = 60.0
"""Seconds for which a store may be away without a word: a backup, a fail-over of the server, a moment's lock."""
LOOK_EVERY = 5.0
CALM = 15.0
"""Seconds without a failure after which it is over. On a disk that is almost full small writes go well in between."""
MOST_CAUSES = 3
_CURSOR = "probe"

_log = structlog.get_logger("app")


class Storeless:
    """Looks whether somebody's write has failed, and if so writes a little itself, again and again."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._failing: StoreError | None = None

    def failing(self) -> StoreError | None:
        """Why the store cannot be written. A write that failed counts until none has failed for a while: where there is
        room for a row of a probe there may be none for what the daemon has to write."""
        return self._store.failure or self._failing

    def troubles(self) -> list[str]:
        """The same, beside other troubles."""
        error = self.failing()
        return [] if error is None else [unwritable(error)]

    async def run(self, tell: Callable[[EventDraft], Awaitable[None]]) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(LOOK_EVERY)
            self._failing = self._store.take_failure()
            if self._failing is not None:
                await self._outlast(self._failing, tell)
                self._failing = None

    async def _outlast(self, first: StoreError, tell: Callable[[EventDraft], Awaitable[None]]) -> None:
        """Returns when the store can be written again, and that was told where it is worth it. What is told is the time
        without a store, not what lay between two such times, and each cause, the first one first."""
        clock, causes = self._clock, [_plain(first)]
        begun = bad = looked = clock.monotonic()
        down, quiet = LOOK_EVERY, 0
        while True:
            before, looked = looked, clock.monotonic()
            failed = await self._failed()
            if failed is not None:
                self._failing = failed
                causes += [_plain(failed)] if _plain(failed) not in causes else []
                down += looked - (bad if quiet < 2 else before)  # a single good look is luck, not a working store
                bad, quiet = looked, 0
            elif looked - bad < CALM:
                quiet += 1
            elif down < GRACE:
                return
            else:
                now = clock.now()
                since = now - timedelta(seconds=clock.monotonic() - begun)
                what = "; then: ".join(causes[:MOST_CAUSES])
                try:
                    await tell(diff.store_degraded(what=what, since=since, down=down, now=now))
                    return
                except StoreError as error:
                    bad = clock.monotonic()
                    _log.debug("the store cannot tell yet that it is back", reason=str(error))
            await clock.sleep(LOOK_EVERY)

    async def _failed(self) -> StoreError | None:
        """Why a write failed since the last look, be it only this one of a row; an empty write would not touch the
        disk."""

        def write(conn: Connection) -> None:
            set_cursor(conn, _CURSOR, 0)

        error: StoreError | None = None
        try:
            await self._store.write(write)
        except StoreError as own:
            error = own
        return self._store.take_failure() or error


def unwritable(error: StoreError) -> str:
    """The trouble, in words."""
    return f"the store cannot be written: {_plain(error)}"


def _plain(error: StoreError) -> str:
    """As a part of another sentence."""
    return str(error).strip().rstrip(".")
