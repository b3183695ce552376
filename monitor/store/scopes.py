"""Scopes: what has a baseline of its own, and how far its polls have come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from monitor.model import Scope
from monitor.store.errors import StoreError
from monitor.store.tables import scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRow:
    """A scope as last committed. Times are aware UTC."""

    id: int
    scope: Scope
    baseline_from: datetime | None = None
    """The platform's clock at the start of the first baseline walk."""
    baselined_at: datetime | None = None
    last_good: datetime | None = None
    """Our clock at the last good poll."""
    last_good_platform: datetime | None = None
    swept_at: datetime | None = None
    paging: str | None = None
    total_gap: int | None = None
    parser_version: str | None = None
    shrunk: str | None = None
    made_at: datetime | None = None
    """Our clock when somebody first looked at it."""


_CHANGEABLE = frozenset(ScopeRow.__dataclass_fields__) - {"id", "scope", "made_at"}
_FIND = select(scopes).where(
    scopes.c.account == bindparam("account"), scopes.c.watch == bindparam("watch"), scopes.c.key == bindparam("key")
)


def ensure_scope(conn: Connection, scope: Scope, *, now: datetime) -> ScopeRow:
    """The scope's row, made if it is not there yet."""
    key = {"account": scope.account, "watch": scope.watch, "key": scope.key}
    row = conn.execute(_FIND, key).one_or_none()
    if row is None:
        conn.execute(insert(scopes).values(**key, workspace=scope.workspace, made_at=now))
        row = conn.execute(_FIND, key).one()
    return _scope_row(row)


def update_scope(conn: Connection, scope_id: int, **changes: Any) -> None:
    """Sets fields of ScopeRow by their names. Raises StoreError where there is no such scope."""
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise TypeError(f"a scope has no {', '.join(sorted(unknown))}")
    if changes and conn.execute(update(scopes).where(scopes.c.id == scope_id).values(**changes)).rowcount != 1:
        raise StoreError(f"There is no scope {scope_id} in the store.")


def list_scopes(conn: Connection) -> list[ScopeRow]:
    """All scopes, in the order they were made."""
    return [_scope_row(row) for row in conn.execute(select(scopes).order_by(scopes.c.id))]


def _scope_row(row: Row[Any]) -> ScopeRow:
    facts = {name: getattr(row, name) for name in _CHANGEABLE}
    return ScopeRow(id=row.id, scope=scope_of(row), made_at=row.made_at, **facts)


def scope_of(row: Any) -> Scope:
    """The Scope in a row that holds the columns `account`, `watch`, `key` and `workspace`."""
    return Scope(account=row.account, watch=row.watch, key=row.key, workspace=row.workspace)
