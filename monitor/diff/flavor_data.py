"""A flavor as it stands in `data`, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.diff.drafts import moment
from monitor.diff.stay import seconds_between
from monitor.diff.stock import Turn
from monitor.model import Flavor, KnownFlavor


def flavor_data(known: KnownFlavor, *, zone: str | None = None) -> dict[str, Any]:
    """The offer as it now is. `zone` and `stock` are set where the event is about one zone; `zones` holds the believed
    word of every zone that the catalogue lists."""
    flavor = known.flavor
    zones = {name: known.stock[name].raw for name in flavor.zones if name in known.stock}
    return {
        "id": flavor.id,
        "name": flavor.name,
        "catalogue": flavor.catalogue.value,
        "type": flavor.type,
        "zone": zone,
        "stock": zones.get(zone) if zone is not None else None,
        "zones": zones,
        "max_nodes": flavor.max_nodes,
        "specification": dict(flavor.specification),
        "billing": dict(flavor.billing),
    }


def turn_data(turned: Turn, known: KnownFlavor) -> dict[str, Any]:
    """The former stock, and how long it lasted, in seconds; at least so long where nobody saw it begin."""
    after = known.stock[turned.zone]
    return {
        "stock": turned.before.word,
        "since": moment(turned.before.since),
        "duration": seconds_between(turned.before.since, after.since),
        "at_least": not turned.before.proven,
    }


def flavor_changes(old: Flavor, new: Flavor) -> dict[str, list[Any]]:
    """Field -> [old, new], None where it was or is absent; `specification.<key>` and `billing.<key>` one by one, zones
    by their names. Stock words are no change of the offer."""
    facts: dict[str, list[Any]] = {
        "name": [old.name, new.name],
        "type": [old.type, new.type],
        "max_nodes": [old.max_nodes, new.max_nodes],
        "zones": [sorted(old.zones), sorted(new.zones)],
    }
    changes = {name: pair for name, pair in facts.items() if pair[0] != pair[1]}
    changes |= _keys("specification", old.specification, new.specification)
    changes |= _keys("billing", old.billing, new.billing)
    return changes


def _keys(prefix: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[Any]]:
    names = sorted(old.keys() | new.keys())
    return {f"{prefix}.{name}": [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)}
