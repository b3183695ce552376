"""The loop of `events follow`: reads the log by its numbers, beside a running daemon, until its reader has enough."""

from __future__ import annotations

import asyncio
import select
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.model import Event
    from monitor.settings import Settings
    from monitor.store import Connection

TICK = 0.5
"""Seconds between two looks of `follow`."""
PAGE = 500


@dataclass(frozen=True, slots=True)
class Filter:
    types: list[str] | None
    account: str | None
    subject: str | None
    since: datetime | None


async def following(settings: Settings, wanted: Filter, limit: int, show: Callable[[Event], None]) -> None:
    """Shows the last `limit` events, then each as it is stored. Raises StoreError."""
    from monitor import store

    opened = await store.open_store(settings.store, state_dir=settings.state_dir, lock=False)
    try:
        latest, after = await opened.read(lambda conn: _latest(conn, wanted, limit))
        while True:
            for event in latest:
                show(event)
            sys.stdout.flush()
            if not latest:
                if _reader_is_gone():
                    return
                await asyncio.sleep(TICK)
            latest, after = await opened.read(lambda conn, after=after: _next(conn, wanted, after))  # type: ignore[misc]
    finally:
        await opened.aclose()


def _latest(conn: Connection, wanted: Filter, limit: int) -> tuple[list[Event], int]:
    from monitor import store

    end = store.last_seq(conn)
    if limit == 0:
        return [], end
    found = store.read_events(
        conn,
        before=end + 1,
        types=wanted.types,
        account=wanted.account,
        subject=wanted.subject,
        since=wanted.since,
        newest_first=True,
        limit=limit,
    )
    return found[::-1], end


def _next(conn: Connection, wanted: Filter, after: int) -> tuple[list[Event], int]:
    """What was stored after `after`, and how far that is read."""
    from monitor import store

    end = store.last_seq(conn)
    if end == after:
        return [], after
    found = store.read_events(
        conn,
        after=after,
        before=end + 1,
        types=wanted.types,
        account=wanted.account,
        subject=wanted.subject,
        limit=PAGE,
    )
    return found, found[-1].seq if len(found) == PAGE else end


def _reader_is_gone() -> bool:
    """Whether stdout is a pipe that nobody reads any more; without this a quiet `follow` would outlive its reader."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return False
    return any(flags & select.POLLERR for _, flags in poll.poll(0))
