"""What the store holds for a config: brought to its names, and read, in one transaction at a start and at a reload."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from monitor import store
from monitor.fields.strict import Named
from monitor.model import EventDraft
from monitor.routing.links import Links
from monitor.routing.renaming import rename_in_memory
from monitor.settings import Settings
from monitor.store import Connection, Health, Rename, Store
from monitor.store.answers import make_link_key
from monitor.store.names import Kind

_log = structlog.get_logger("app")

Tell = Callable[[Sequence[Rename]], EventDraft]
"""The event that is written with it, given what was renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`renamed`: what bears another name from now on. `health`: of all accounts. `links`: None where nobody could
    follow them. `given_up`: how many messages waited for each sink that is gone."""

    renamed: Sequence[Rename]
    health: dict[tuple[str, str], Health]
    links: Links | None
    epoch: str
    given_up: Mapping[str, int] = field(default_factory=dict)

    def words(self) -> dict[str, str]:
        """For the log and for who asked, beside what changed."""
        told = [f"{number} that waited for {sink}" for sink, number in sorted(self.given_up.items())]
        return {"messages given up": ", ".join(told)} if told else {}

    def begin(self, opened: Store) -> None:
        """After the commit."""
        opened.epoch = self.epoch
        for each in self.renamed:
            _log.info("renamed; all that is known is kept", kind=each.kind, before=each.before, now=each.after)


def keep(conn: Connection, settings: Settings, tell: Tell | None = None) -> Kept:
    renamed = [each for each in wanted_renames(settings) if _rename(conn, each)]
    epoch = store.epoch_of(conn)
    if tell is not None:
        draft = tell(renamed)
        store.append_events(conn, epoch, [(draft, store.next_revision(conn, None, draft.subject))])
    return Kept(renamed=renamed, health=store.load_health(conn), links=_links(conn, settings), epoch=epoch)


def _rename(conn: Connection, wish: Rename) -> bool:
    try:
        stored = store.rename(conn, wish)
    except ValueError as error:
        _log.warning("not renamed; remove `was`", kind=wish.kind, before=wish.before, now=wish.after, reason=str(error))
        return False
    return rename_in_memory(conn, wish) or stored


def wanted_renames(settings: Settings) -> list[Rename]:
    """Those that the file asks for, whether they were done long ago or not."""
    sections: tuple[tuple[Kind, Sequence[Named]], ...] = (
        ("account", settings.accounts),
        ("sink", settings.sinks),
        ("rule", settings.rules),
        ("budget", settings.budgets),
        ("cleanup", settings.cleanup),
    )
    return [
        Rename(kind=kind, before=each.was, after=each.name)
        for kind, entries in sections
        for each in entries
        if each.was is not None
    ]


def _links(conn: Connection, settings: Settings) -> Links | None:
    if settings.http.public_url is None or settings.http.listen is None:
        return None
    return Links(make_link_key(conn), settings.http.public_url)
