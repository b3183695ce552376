"""For `check` and `rules lint`: former names (`was`) in the config file that may go, for the store has taken them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.settings import Settings
    from monitor.settings.problems import Problem
    from monitor.store import Rename, Store


def taken(settings: Settings) -> list[Problem]:
    """With their places. Nobody is contacted for it: a store on a server is not asked, and one that cannot be read
    knows of none."""
    named = (*settings.accounts, *settings.sinks, *settings.rules, *settings.budgets, *settings.cleanup)
    if all(each.was is None for each in named):
        return []
    import asyncio

    from monitor.app.keeping import wanted_renames
    from monitor.store.url import SqlitePlace, parse_place

    wanted = wanted_renames(settings)
    place = parse_place(settings.store, settings.state_dir)
    if not isinstance(place, SqlitePlace) or not place.path.exists():
        return []
    return _placed(settings, asyncio.run(_done(settings, wanted)))


async def _done(settings: Settings, wanted: Sequence[Rename]) -> list[Rename]:
    from monitor.routing.renaming import is_taken
    from monitor.store import StoreError, open_store

    try:
        opened: Store = await open_store(settings.store, state_dir=settings.state_dir, lock=False)
        try:
            return await opened.read(lambda conn: [each for each in wanted if is_taken(conn, each)])
        finally:
            await opened.aclose()
    except StoreError:
        return []


def _placed(settings: Settings, done: Sequence[Rename]) -> list[Problem]:
    from monitor.settings.document import read_document
    from monitor.settings.source import read_text

    if not done:
        return []
    document = read_document(str(settings.path), read_text(settings.path))
    found = []
    for rename in done:
        section = rename.kind if rename.kind == "cleanup" else f"{rename.kind}s"
        names = [each.name for each in getattr(settings, section)]
        message = f"{rename.before} is called {rename.after} in the store by now; `was` may go"
        found.append(document.problem((section, names.index(rename.after), "was"), message, at_key=True))
    return sorted(found)
