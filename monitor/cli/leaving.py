"""For `check`: messages in the store that wait for a sink which the config does not name any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.settings import Settings
    from monitor.store import Store
    from monitor.store.vitals import Backlog


def waits_for_removed(settings: Settings) -> list[str]:
    """A sentence for each such sink: what waits for it is given up at the next reload or start. Nobody is contacted for
    it: a store on a server is not asked, and one that cannot be read tells nothing."""
    import asyncio

    from monitor.store.url import SqlitePlace, parse_place

    place = parse_place(settings.store, settings.state_dir)
    if not isinstance(place, SqlitePlace):
        return []
    try:
        if not place.path.exists():
            return []
        waiting = asyncio.run(_waiting(settings))
    except PermissionError:
        return []
    there = {name for sink in settings.sinks for name in (sink.name, sink.was)}
    return [_said(sink, waiting[sink].count) for sink in sorted(waiting.keys() - there)]


def _said(sink: str, count: int) -> str:
    waits, they, are = ("1 message waits", "it", "is") if count == 1 else (f"{count:,} messages wait", "they", "are")
    return f"{waits} for the sink {sink}, which is not in the config any more; {they} {are} given up with it"


async def _waiting(settings: Settings) -> Mapping[str, Backlog]:
    from monitor.store import StoreError, open_store
    from monitor.store.vitals import read_backlogs

    try:
        opened: Store = await open_store(settings.store, state_dir=settings.state_dir, lock=False)
        try:
            return await opened.read(read_backlogs)
        finally:
            await opened.aclose()
    except StoreError:
        return {}
