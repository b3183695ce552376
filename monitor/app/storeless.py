"""A store that cannot be written cannot say so: when it can be again, that is told once, with how long, and why."""

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
_CURSOR = "probe"

_log = structlog.get_logger("app")


async def watch_store(store: Store, clock: Clock, tell: Callable[[EventDraft], Awaitable[None]]) -> None:
    """Until cancelled. Looks whether somebody's write has failed, and if so writes a little itself, again and again."""
    while True:
        await clock.sleep(LOOK_EVERY)
        failed = store.take_failure()
        if failed is not None:
            await _outlast(store, clock, tell, str(failed))


async def _outlast(store: Store, clock: Clock, tell: Callable[[EventDraft], Awaitable[None]], what: str) -> None:
    """Returns when the store can be written again, and that was told where it is worth it. The first failure is the
    cause that is told: what comes after it may be its consequence."""
    begun = bad = clock.monotonic()
    while True:
        well = await _writable(store)
        if store.take_failure() is not None or not well:
            bad = clock.monotonic()
        elif clock.monotonic() - bad >= CALM:
            if bad - begun < GRACE:
                break
            now = clock.now()
            since = now - timedelta(seconds=clock.monotonic() - begun)
            try:
                await tell(diff.store_degraded(what=_plain(what), since=since, now=now))
                break
            except StoreError as error:
                bad = clock.monotonic()
                _log.debug("the store cannot tell yet that it is back", reason=str(error))
        await clock.sleep(LOOK_EVERY)


async def _writable(store: Store) -> bool:
    """Whether a row can be written; an empty write would not touch the disk."""

    def write(conn: Connection) -> None:
        set_cursor(conn, _CURSOR, 0)

    try:
        await store.write(write)
    except StoreError:
        return False
    return True


def _plain(sentence: str) -> str:
    """As a part of another sentence."""
    return sentence.strip().rstrip(".")
