"""Flavors by zone, as they were last seen, and what happened to each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from monitor import store
from monitor.model import Catalogue, KnownStock
from monitor.store import Connection, FlavorRecord
from monitor.web.api.cursor import number, pack, places
from monitor.web.api.events import EventItem, item
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time, When, moment, told
from monitor.web.api.route import Answer, Listed, Page, Route, Word

LIST = "flavors"
HISTORY = "flavor history"
ALL = 1_000_000
DELISTED = "delisted"
_KINDS = {Catalogue.TRAINING: "training", Catalogue.RESOURCE: "resource"}
Key = tuple[str, str, str, str, str]


class FlavorsAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: Word | None = None
    zone: Word | None = None
    stock: Annotated[str, msgspec.Meta(min_length=1, examples=["normal", "soldout", "delisted"])] | None = None
    search: Annotated[str, msgspec.Meta(min_length=1, description="Part of an id, a name or a type.")] | None = None
    catalogue: Catalogue | None = None


class HistoryAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    account: Word
    id: Word
    zone: Word | None = None
    since: When | None = None


class FlavorItem(Answer, frozen=True, kw_only=True):
    """A flavor in one zone; `zone` and `stock` are null where the catalogue knows no stock."""

    id: str
    name: str | None
    type: str | None
    account: str
    catalogue: Catalogue
    listed: bool
    max_nodes: int | None
    zone: str | None
    stock: Annotated[str | None, msgspec.Meta(description="`normal`, `soldout`, the platform's word, or `delisted`.")]
    since: Annotated[Time | None, msgspec.Meta(description="Since when the stock is so, as far as it was seen.")]


def _list(conn: Connection, inside: Inside, asked: FlavorsAsked) -> Page[FlavorItem]:
    found = store.list_flavors(
        conn, account=asked.account, zone=asked.zone, state=asked.stock, search=asked.search, limit=ALL
    )
    after = places(LIST, asked.cursor, str, 5)
    rows = {
        _key(record, row): row
        for record in found
        if asked.catalogue in (None, record.known.flavor.catalogue)
        for row in _rows(record)
        if _wanted(row, asked)
    }
    keys = sorted(key for key in rows if after is None or key > after)
    last = keys[asked.limit - 1] if len(keys) > asked.limit else None
    return Page(items=[rows[key] for key in keys[: asked.limit]], next=None if last is None else pack(LIST, *last))


def _key(record: FlavorRecord, row: FlavorItem) -> Key:
    return (record.account, record.scope.watch, row.id, record.scope.key, row.zone or "")


def _rows(record: FlavorRecord) -> Iterator[FlavorItem]:
    """One per zone; a catalogue that knows no stock gives one without."""
    known = record.known
    stocks: list[tuple[str | None, KnownStock | None]] = [*known.stock.items()] or [(None, None)]
    for zone, stock in stocks:
        yield FlavorItem(
            id=known.flavor.id,
            name=known.flavor.name,
            type=known.flavor.type,
            account=record.account,
            catalogue=known.flavor.catalogue,
            listed=known.listed,
            max_nodes=known.flavor.max_nodes,
            zone=zone,
            stock=(stock.raw if stock else None) if known.listed else DELISTED,
            since=told(stock.since) if stock else None,
        )


def _wanted(row: FlavorItem, asked: FlavorsAsked) -> bool:
    if asked.zone is not None and row.zone != asked.zone:
        return False
    return asked.stock is None or row.stock == asked.stock


def _history(conn: Connection, inside: Inside, asked: HistoryAsked) -> Page[EventItem]:
    since = moment("since", asked.since, inside.clock.now())
    behind = number(HISTORY, asked.cursor) or 0
    found = {
        event.seq: event
        for subject in _subjects(conn, asked)
        for event in store.read_events(
            conn,
            account=asked.account,
            subject=subject,
            since=since,
            after=behind,
            limit=asked.limit + 1,
        )
    }
    seqs = sorted(found)
    last = seqs[asked.limit - 1] if len(seqs) > asked.limit else None
    return Page(
        items=[item(found[seq]) for seq in seqs[: asked.limit]], next=None if last is None else pack(HISTORY, last)
    )


def _subjects(conn: Connection, asked: HistoryAsked) -> Sequence[str]:
    """Raises Problem where the flavor is not known."""
    known = store.get_flavors(conn, asked.account, asked.id)
    if not known:
        hint = "GET /api/v1/flavors lists those that are known."
        raise Problem(404, "Not found", f"No flavor {asked.id!r} is known in the account {asked.account!r}.", hint)
    if asked.zone is not None:
        return [f"flavor/{asked.id}/{asked.zone}"]
    entries = [f"{_KINDS[record.known.flavor.catalogue]}-flavor/{asked.id}" for record in known]
    zones = [f"flavor/{asked.id}/{zone}" for record in known for zone in record.known.stock]
    return list(dict.fromkeys([*entries, *zones]))


ROUTES = (
    Route(
        path="/api/v1/flavors",
        summary="Flavors by zone, with their stock.",
        fn=_list,
        asked=FlavorsAsked,
        answer=Page[FlavorItem],
    ),
    Route(
        path="/api/v1/flavors/{account}/{id}/history",
        summary="What happened to a flavor, oldest first.",
        fn=_history,
        asked=HistoryAsked,
        answer=Page[EventItem],
        errors={404: "No such flavor is known."},
    ),
)
