"""Flavors as last committed, with their stock per zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from monitor.model import KnownFlavor, Scope
from monitor.store.columns import chunks
from monitor.store.errors import StaleWrite
from monitor.store.scopes import scope_of
from monitor.store.tables import flavors, scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorWrite:
    """A flavor to store. `previous_revision` None makes it; else the row must still have that revision."""

    known: KnownFlavor
    previous_revision: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorRecord:
    account: str
    scope: Scope
    known: KnownFlavor


DELISTED = "delisted"
_decode = msgspec.json.Decoder(KnownFlavor).decode
_UPDATE = update(flavors).where(
    flavors.c.scope_id == bindparam("in_scope"), flavors.c.flavor_id == bindparam("of_flavor")
)


def load_flavors(conn: Connection, scope_id: int) -> dict[str, KnownFlavor]:
    """All flavors of the scope, delisted ones included."""
    rows = conn.execute(select(flavors.c.flavor_id, flavors.c.doc).where(flavors.c.scope_id == scope_id))
    return {flavor_id: _decode(doc) for flavor_id, doc in rows}


def revisions_elsewhere(conn: Connection, scope_id: int) -> dict[str, int]:
    """How far the account's other catalogues have advanced the flavors that they share with this one, by id."""
    account = select(scopes.c.account).where(scopes.c.id == scope_id).scalar_subquery()
    query = select(flavors.c.flavor_id, func.max(flavors.c.revision)).where(
        flavors.c.account == account, flavors.c.scope_id != scope_id
    )
    return {str(flavor_id): int(revision) for flavor_id, revision in conn.execute(query.group_by(flavors.c.flavor_id))}


def save_flavors(conn: Connection, scope_id: int, writes: Sequence[FlavorWrite], *, now: datetime) -> None:
    """Stores the flavors by compare-and-set. Raises StaleWrite when any row has moved since it was read."""
    if not writes:
        return
    account = _guard(conn, scope_id, writes)
    new = [_columns(write, now) for write in writes if write.previous_revision is None]
    moved = [
        _columns(write, now) | {"in_scope": scope_id, "of_flavor": write.known.flavor.id}
        for write in writes
        if write.previous_revision is not None
    ]
    if new:
        same = {"scope_id": scope_id, "account": account}
        conn.execute(insert(flavors), [row | same for row in new])
    if moved:
        conn.execute(_UPDATE, moved)


def list_flavors(
    conn: Connection,
    *,
    account: str | None = None,
    zone: str | None = None,
    state: str | None = None,
    search: str | None = None,
    limit: int = 50,
) -> list[FlavorRecord]:
    """By account, watch and id. `zone` and `state` (a stock word) ask for one zone that has both; the state `delisted`
    asks for flavors that left their catalogue, which are not shown otherwise. A catalogue has some hundred entries."""
    columns = (scopes.c.account, scopes.c.watch, scopes.c.key, scopes.c.workspace, flavors.c.doc)
    query = select(*columns).join_from(flavors, scopes).where(flavors.c.listed.is_(state != DELISTED))
    if account is not None:
        query = query.where(flavors.c.account == account)
    found: list[FlavorRecord] = []
    for row in conn.execute(query.order_by(scopes.c.account, scopes.c.watch, flavors.c.flavor_id)):
        record = FlavorRecord(account=row.account, scope=scope_of(row), known=_decode(row.doc))
        if len(found) < limit and _wanted(record.known, zone, state, search):
            found.append(record)
    return found


def get_flavors(conn: Connection, account: str, flavor_id: str) -> list[FlavorRecord]:
    """The account's flavors with exactly this id, one for each scope that has seen it, delisted ones included."""
    columns = (scopes.c.account, scopes.c.watch, scopes.c.key, scopes.c.workspace, flavors.c.doc)
    query = select(*columns).join_from(flavors, scopes).where(flavors.c.account == account)
    rows = conn.execute(query.where(flavors.c.flavor_id == flavor_id).order_by(flavors.c.id))
    return [FlavorRecord(account=row.account, scope=scope_of(row), known=_decode(row.doc)) for row in rows]


def _wanted(known: KnownFlavor, zone: str | None, state: str | None, search: str | None) -> bool:
    flavor = known.flavor
    if search and search.lower() not in f"{flavor.id}\n{flavor.name or ''}\n{flavor.type or ''}".lower():
        return False
    zones = [stock for name, stock in known.stock.items() if zone in (None, name)]
    if state not in (None, DELISTED):
        return any(state in (stock.raw, stock.word) for stock in zones)
    return zone is None or bool(zones)


def _guard(conn: Connection, scope_id: int, writes: Sequence[FlavorWrite]) -> str:
    """Holds the rows and compares their revisions; gives the scope's account."""
    account: str = conn.execute(select(scopes.c.account).where(scopes.c.id == scope_id)).scalar_one()
    stored: dict[str, int] = {}
    for some in chunks(sorted({write.known.flavor.id for write in writes})):
        where = (flavors.c.scope_id == scope_id, flavors.c.flavor_id.in_(some))
        query = select(flavors.c.flavor_id, flavors.c.revision).where(*where).with_for_update()
        stored.update((flavor_id, revision) for flavor_id, revision in conn.execute(query))
    for write in writes:
        if stored.get(write.known.flavor.id) != write.previous_revision:
            raise StaleWrite(f"Flavor {write.known.flavor.id} of {account} has moved since it was read.")
    return account


def _columns(write: FlavorWrite, now: datetime) -> dict[str, Any]:
    known = write.known
    return {
        "flavor_id": known.flavor.id,
        "listed": known.listed,
        "revision": known.revision,
        "changed_at": now,
        "doc": msgspec.json.encode(known).decode(),
    }


def stock_of(conn: Connection, account: str, flavor: str) -> dict[str, str]:
    """Zone -> stock word of a flavor that is listed, over all catalogues of the account."""
    query = select(flavors.c.doc).where(
        flavors.c.account == account, flavors.c.flavor_id == flavor, flavors.c.listed.is_(True)
    )
    return {zone: stock.word for (doc,) in conn.execute(query) for zone, stock in _decode(doc).stock.items()}
