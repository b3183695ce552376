"""Stock over time: when each flavor was to be had in each zone, out of the event log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from monitor import store
from monitor.model import NORMAL, SOLD_OUT, Catalogue, Event, EventType, rfc3339
from monitor.store import Connection, FlavorRecord
from monitor.web.api.cursor import pack, places
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time, When, moment
from monitor.web.api.route import Answer, Listed, Page, Route, Word

LIST = "stock history"
ALL = 1_000_000
MOST_CHANGES = 50_000
"""Changes that are looked at, the newest."""
DELISTED = "delisted"
_TYPES = (
    EventType.FLAVOR_SOLD_OUT,
    EventType.FLAVOR_RESTOCKED,
    EventType.FLAVOR_LISTED,
    EventType.FLAVOR_DELISTED,
)
Offer = tuple[str, str, str, str]
"""Account, catalogue, id, zone."""


class StockAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    since: When
    until: When | None = None
    account: Word | None = None
    search: Annotated[str, msgspec.Meta(min_length=1, description="Part of a flavor's id, name or type.")] | None = None


class StockChange(Answer, frozen=True, kw_only=True):
    """`stock` is how it was from then on; `delisted` where it left the catalogue."""

    at: Time
    stock: str
    seq: int


class StockItem(Answer, frozen=True, kw_only=True):
    """A flavor in one zone over the time that was asked for."""

    account: str
    catalogue: Catalogue
    id: str
    zone: str
    listed: bool
    at_start: Annotated[str | None, msgspec.Meta(description="The stock at `since`; null where it is not known.")]
    changes: list[StockChange]


def _list(conn: Connection, inside: Inside, asked: StockAsked) -> Page[StockItem]:
    now = inside.clock.now()
    since, until = moment("since", asked.since, now), moment("until", asked.until, now)
    assert since is not None
    offers = _offers(conn, asked)
    after = places(LIST, asked.cursor, str, 4)
    keys = sorted(key for key in offers if after is None or key > after)
    shown = keys[: asked.limit]
    changes = _changes(conn, shown, since)
    last = shown[-1] if len(keys) > len(shown) else None
    items = [_item(key, offers[key], changes[key], since, until) for key in shown]
    return Page(items=items, next=None if last is None else pack(LIST, *last))


def _offers(conn: Connection, asked: StockAsked) -> dict[Offer, FlavorRecord]:
    """What has a stock; where an offer was seen in two ways, as it is listed now."""
    offers: dict[Offer, FlavorRecord] = {}
    for state in (DELISTED, None):
        found = store.list_flavors(conn, account=asked.account, search=asked.search, state=state, limit=ALL)
        for record in found:
            flavor = record.known.flavor
            offers |= {(record.account, flavor.catalogue.value, flavor.id, zone): record for zone in record.known.stock}
    return offers


def _changes(conn: Connection, offers: Iterable[Offer], since: datetime) -> dict[Offer, list[tuple[Event, str, str]]]:
    """By offer, oldest first: the event, the stock before it and after it."""
    changes: dict[Offer, list[tuple[Event, str, str]]] = {offer: [] for offer in offers}
    found = store.read_events(conn, types=_TYPES, since=since, newest_first=True, limit=MOST_CHANGES)
    for event in reversed(found):
        flavor = event.data.get("flavor")
        if not isinstance(flavor, Mapping):
            continue
        same = (event.account or "", str(flavor.get("catalogue")), str(flavor.get("id")))
        for zone, before, after in _turns(event, flavor):
            if (turns := changes.get((*same, zone))) is not None:
                turns.append((event, before, after))
    return changes


def _turns(event: Event, flavor: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Zone, stock before, stock after."""
    if event.type is EventType.FLAVOR_SOLD_OUT:
        yield str(flavor.get("zone")), NORMAL, SOLD_OUT
    elif event.type is EventType.FLAVOR_RESTOCKED:
        yield str(flavor.get("zone")), SOLD_OUT, NORMAL
    else:
        zones = flavor.get("zones")
        for zone, word in zones.items() if isinstance(zones, Mapping) else ():
            pair = (DELISTED, str(word)) if event.type is EventType.FLAVOR_LISTED else (str(word), DELISTED)
            yield str(zone), *pair


def _item(
    offer: Offer,
    record: FlavorRecord,
    turns: Sequence[tuple[Event, str, str]],
    since: datetime,
    until: datetime | None,
) -> StockItem:
    account, catalogue, id_, zone = offer
    shown = [turn for turn in turns if until is None or turn[0].detected_at < until]
    changes = [StockChange(at=rfc3339(event.time), stock=after, seq=event.seq) for event, _, after in shown]
    seen = _first_seen(turns[0][0]) if turns else None
    if seen is not None and seen > since:
        changes.insert(0, StockChange(at=rfc3339(seen), stock=turns[0][1], seq=turns[0][0].seq))
        at_start = None
    else:
        at_start = turns[0][1] if turns else _held(record, zone, since)
    return StockItem(
        account=account,
        catalogue=Catalogue(catalogue),
        id=id_,
        zone=zone,
        listed=record.known.listed,
        at_start=at_start,
        changes=changes,
    )


def _first_seen(event: Event) -> datetime | None:
    """Since when the stock before this change is known; before that nobody had looked."""
    previous = event.data.get("previous")
    since = previous.get("since") if isinstance(previous, Mapping) else None
    return datetime.fromisoformat(since) if isinstance(since, str) else None


def _held(record: FlavorRecord, zone: str, since: datetime) -> str | None:
    """The stock that nothing has changed since; None where it was first seen later."""
    stock = record.known.stock[zone]
    if not record.known.listed:
        return DELISTED
    return stock.raw if stock.since <= since else None


ROUTES = (
    Route(
        path="/api/v1/stock-history",
        summary="Stock of each flavor and zone over a time.",
        fn=_list,
        asked=StockAsked,
        answer=Page[StockItem],
    ),
)
