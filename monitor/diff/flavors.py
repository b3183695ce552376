"""Observed flavor x known flavor -> what to save and what to tell. The one place that polling asks about catalogues."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from monitor.diff.context import FlavorChange, FlavorContext
from monitor.diff.drafts import draft
from monitor.diff.flavor_data import flavor_changes, flavor_data, turn_data
from monitor.diff.stock import Turn, forget_pending, see_word, turn
from monitor.model import SOLD_OUT, Catalogue, EventDraft, EventType, Flavor, KnownFlavor, KnownStock

_PREFIX = {Catalogue.TRAINING: "training-flavor", Catalogue.RESOURCE: "resource-flavor"}


def diff_flavor(known: KnownFlavor | None, flavor: Flavor, ctx: FlavorContext) -> FlavorChange | None:
    """None: nothing differs and nothing waits, nothing to write.

    The stock of a zone, or of a whole flavor, that leaves the catalogue is remembered: if it comes back with the other
    of the two words, that is told too, for somebody may be waiting for it.
    """
    stock = _stock(known, flavor, ctx)
    if known is None:
        fresh = KnownFlavor(flavor=flavor, revision=1, stock=stock)
        told = not ctx.baselining or ctx.first_run == "full"
        return FlavorChange(known=fresh, drafts=(_listed(fresh, {}, ctx),) if told else ())
    changes = flavor_changes(known.flavor, flavor)
    if known.listed and not changes and stock == known.stock:
        return None
    after = replace(known, flavor=flavor, revision=known.revision + 1, listed=True, stock=stock)
    drafts: list[EventDraft] = []
    if not known.listed:
        drafts.append(_listed(after, changes, ctx))
    elif changes:
        drafts.append(_catalogue_event(EventType.FLAVOR_CHANGED, after, ctx, changes=changes))
    turns = (turn(zone, known.stock.get(zone), stock[zone]) for zone in flavor.zones)
    drafts.extend(_stock_event(turned, after, ctx) for turned in turns if turned is not None)
    return FlavorChange(known=after, drafts=tuple(drafts))


def flavor_delisted(known: KnownFlavor, ctx: FlavorContext) -> FlavorChange | None:
    """A complete catalogue does not have it. None when that is known already."""
    if not known.listed:
        return None
    stock = {zone: forget_pending(word) for zone, word in known.stock.items()}
    after = replace(known, revision=known.revision + 1, listed=False, stock=stock)
    return FlavorChange(known=after, drafts=(_catalogue_event(EventType.FLAVOR_DELISTED, after, ctx),))


def _stock(known: KnownFlavor | None, flavor: Flavor, ctx: FlavorContext) -> dict[str, KnownStock]:
    before = known.stock if known is not None else {}
    left = {zone: forget_pending(word) for zone, word in before.items() if zone not in flavor.zones}
    seen = {
        zone: see_word(before.get(zone), word, confirm=ctx.confirm, now=ctx.now) for zone, word in flavor.zones.items()
    }
    return left | seen


def _listed(known: KnownFlavor, changes: dict[str, list[Any]], ctx: FlavorContext) -> EventDraft:
    return _catalogue_event(EventType.FLAVOR_LISTED, known, ctx, changes=changes)


def _catalogue_event(
    type: EventType, known: KnownFlavor, ctx: FlavorContext, *, changes: dict[str, list[Any]] | None = None
) -> EventDraft:
    flavor = known.flavor
    return draft(
        type,
        account=ctx.account,
        subject=f"{_PREFIX[flavor.catalogue]}/{flavor.id}",
        now=ctx.now,
        late=ctx.gap,
        data={"flavor": flavor_data(known), "changes": changes or {}},
    )


def _stock_event(turned: Turn, known: KnownFlavor, ctx: FlavorContext) -> EventDraft:
    return draft(
        EventType.FLAVOR_SOLD_OUT if turned.word == SOLD_OUT else EventType.FLAVOR_RESTOCKED,
        account=ctx.account,
        subject=f"flavor/{known.flavor.id}/{turned.zone}",
        now=ctx.now,
        late=ctx.gap,
        data={"flavor": flavor_data(known, zone=turned.zone)},
        previous=turn_data(turned, known),
    )
