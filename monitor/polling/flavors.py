"""The poll plan of a catalogue: read it whole, pass over it when its bytes are the same, commit what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from xxhash import xxh3_64_intdigest

from monitor import diff, store
from monitor.diff import FlavorContext
from monitor.model import EventDraft, EventType, Flavor, KnownFlavor
from monitor.polling.ingest import own_drafts, strange_drafts
from monitor.polling.jobs import HEARTBEAT, goodness
from monitor.polling.learned import say_learned
from monitor.polling.surroundings import Surroundings
from monitor.providers.options import AccountOptions, WatchOptions
from monitor.providers.ports import Drift, FlavorPage, Malformed, Provider
from monitor.store import Connection, FlavorWrite, ScopeRow


@dataclass(slots=True)
class _Shelf:
    """What one reading of a catalogue gave."""

    flavors: dict[str, Flavor] = field(default_factory=dict)
    drift: dict[Drift, None] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    unnamed: bool = False
    """An item whose id could not be read: who is missing cannot be said."""


class FlavorScope:
    """Polls one catalogue. Not concurrent: one loop owns it."""

    def __init__(self, provider: Provider, options: AccountOptions, watch: WatchOptions, around: Surroundings) -> None:
        self.provider = provider
        self.options = options
        self.watch = watch
        self.around = around
        self.confirm: int = getattr(watch, "confirm", 1)
        self._digest: int | None = None
        self._settled = False
        """Whether the last reading left nothing that waits to be confirmed."""
        self._noted = 0.0
        self.decodes = 0

    async def open(self, row: ScopeRow) -> None:
        """Takes the scope as the store knows it; the first poll reads the known flavors inside its transaction."""
        self.row = row

    @property
    def baselined(self) -> bool:
        return self.row.baselined_at is not None

    @property
    def refreshing(self) -> bool:
        """Whether another parser version wrote what is known: what it reads otherwise is no change of the offer."""
        return self.row.parser_version not in (None, self.provider.parser_version)

    async def poll(self) -> None:
        """One reading of the catalogue. Raises wire.Fault or store.StoreError."""
        page = await self.provider.list_flavors(self.row.scope)
        digest = xxh3_64_intdigest(b"\0".join(sorted(page.items)))
        now = self.around.clock.now()
        unchanged = digest == self._digest and self._settled
        if unchanged and self.around.clock.monotonic() - self._noted < HEARTBEAT:
            self.row = replace(self.row, **goodness(now, page.date))
            return
        shelf = _Shelf() if unchanged else self._read(page)
        await self._commit(shelf, now, page.date, unchanged=unchanged)
        self._digest = digest

    def _read(self, page: FlavorPage) -> _Shelf:
        shelf = _Shelf()
        for raw in page.items:
            self.decodes += 1
            try:
                decoded = self.provider.decode_flavor(self.row.scope, raw)
            except Malformed as error:
                shelf.bad[error.item_id or f"{xxh3_64_intdigest(raw):016x}"] = str(error)
                shelf.unnamed = shelf.unnamed or error.item_id is None
                continue
            shelf.flavors[decoded.item.id] = decoded.item
            shelf.drift.update(dict.fromkeys(decoded.drift))
        return shelf

    async def _commit(self, shelf: _Shelf, now: datetime, date: datetime | None, *, unchanged: bool) -> None:
        told = goodness(now, date) | {"parser_version": self.provider.parser_version}
        own: list[EventDraft] = []
        if not self.baselined:
            own.append(self._baselined(shelf, now))
            told |= {"baselined_at": now, "baseline_from": date or now}
        batch = _Batch(
            scope=self.row,
            context=self._context(now, date),
            shelf=shelf,
            own=own,
            changes=told,
            unchanged=unchanged,
            refresh=self.refreshing,
        )
        done = await self.around.store.write(partial(_ingest, batch=batch, epoch=self.around.store.epoch))
        self.row = replace(self.row, **told)
        say_learned(self.provider.account.name, own)
        self._noted = self.around.clock.monotonic()
        self._settled = unchanged or done.settled
        if done.events:
            self.around.bell.ring()

    def _context(self, now: datetime, date: datetime | None) -> FlavorContext:
        return FlavorContext(
            account=self.provider.account,
            now=now,
            platform_now=date,
            previous_good=self.row.last_good_platform,
            gap=self.around.gap(self.row.last_good, now, self.watch),
            baselining=not self.baselined,
            first_run=self.options.first_run,
            confirm=self.confirm,
        )

    def _baselined(self, shelf: _Shelf, now: datetime) -> EventDraft:
        words = [word for flavor in shelf.flavors.values() for word in flavor.zones.values()]
        counts = {"flavors": len(shelf.flavors)} | {word: words.count(word) for word in sorted(set(words))}
        return diff.baselined(
            self.provider.account,
            watch=self.row.scope.watch,
            workspace=self.row.scope.workspace,
            counts=counts,
            now=now,
            first_run=self.options.first_run,
            since=self.row.made_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    scope: ScopeRow
    context: FlavorContext
    shelf: _Shelf
    own: Sequence[EventDraft]
    changes: dict[str, Any]
    unchanged: bool
    refresh: bool


@dataclass(frozen=True, slots=True)
class _Done:
    events: int
    settled: bool


def _ingest(conn: Connection, batch: _Batch, *, epoch: str) -> _Done:
    """Runs inside the writer's transaction: catalogue rows, events and the scope's row together."""
    drafts: list[tuple[EventDraft, int]] = []
    writes: list[FlavorWrite] = []
    if not batch.unchanged:
        known = store.load_flavors(conn, batch.scope.id)
        elsewhere = store.revisions_elsewhere(conn, batch.scope.id)  # an id of an event is never given twice
        for before, change in _changes(known, batch):
            revision = max(change.known.revision, elsewhere.get(change.known.flavor.id, 0) + 1)
            drafts.extend((draft, revision) for draft in change.drafts if _told(draft, batch))
            after = replace(change.known, revision=revision)
            writes.append(FlavorWrite(known=after, previous_revision=before.revision if before else None))
        store.save_flavors(conn, batch.scope.id, writes, now=batch.context.now)
        known |= {write.known.flavor.id: write.known for write in writes}
        settled = all(diff.is_settled(stock) for row in known.values() for stock in row.stock.values())
    else:
        settled = True
    account, shelf = batch.context.account, batch.shelf
    strange = strange_drafts(conn, account, batch.scope.scope.watch, shelf.drift, shelf.bad, now=batch.context.now)
    drafts += own_drafts(conn, account.name, [*strange, *batch.own])
    store.append_events(conn, epoch, drafts)
    store.update_scope(conn, batch.scope.id, **batch.changes)
    return _Done(sum(not draft.quiet for draft, _ in drafts), settled)


def _told(draft: EventDraft, batch: _Batch) -> bool:
    return not (batch.refresh and draft.type is EventType.FLAVOR_CHANGED)


def _changes(known: dict[str, KnownFlavor], batch: _Batch) -> list[tuple[KnownFlavor | None, diff.FlavorChange]]:
    found: list[tuple[KnownFlavor | None, diff.FlavorChange]] = []
    for flavor_id, flavor in batch.shelf.flavors.items():
        change = diff.diff_flavor(known.get(flavor_id), flavor, batch.context)
        if change is not None:
            found.append((known.get(flavor_id), change))
    if not batch.shelf.unnamed:
        for flavor_id, row in known.items():
            if flavor_id not in batch.shelf.flavors and flavor_id not in batch.shelf.bad:
                change = diff.flavor_delisted(row, batch.context)
                if change is not None:
                    found.append((row, change))
    return found
