"""What the daemon has stored, read from beside it, on either database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text

from monitor import diff
from monitor.store import (
    Connection,
    SilenceRow,
    Store,
    add_silence,
    append_events,
    check,
    get_cursor,
    last_seq,
    open_store,
)

T = TypeVar("T")
OWED = "SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending')"


class Books:
    """Opened for each look, so that no connection outlives a server that is killed."""

    def __init__(self, url: str, state_dir: Path) -> None:
        self._url, self._state_dir = url, state_dir

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return await self.look(lambda conn: [tuple(row) for row in conn.execute(text(sql))])

    async def settled(self) -> bool:
        """Routing has read every event, and whatever was written for it is at its end."""

        def ask(conn: Connection) -> bool:
            return get_cursor(conn, "routing") == last_seq(conn) and not conn.execute(text(OWED)).scalar_one()

        return await self.look(ask)

    async def look(self, fn: Callable[[Connection], T]) -> T:
        store = await open_store(self._url, state_dir=self._state_dir, lock=False)
        try:
            return await store.read(fn)
        finally:
            await store.aclose()

    async def problems(self) -> tuple[str, ...]:
        """What `training-monitor db check` finds."""
        return (await check(self._url, self._state_dir)).problems

    async def silence(self, match: str, start: datetime, until: datetime) -> None:
        """As `training-monitor silences add` does beside a daemon."""
        said = {"match": match, "owner": "crash", "comment": "a silence to be killed in"}
        store = await open_store(self._url, state_dir=self._state_dir, lock=False)
        try:
            await store.write(lambda conn: _silence(conn, store, said, start, until))
        finally:
            await store.aclose()


def _silence(conn: Connection, store: Store, said: dict[str, str], start: datetime, until: datetime) -> None:
    add_silence(conn, SilenceRow(id="5" * 16, starts_at=start, ends_at=until, **said))
    draft = diff.silence_added("5" * 16, start=start, until=until, by="crash", now=start, **said)
    append_events(conn, store.epoch, [(draft, 1)])
