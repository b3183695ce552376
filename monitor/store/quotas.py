"""Quotas as last seen, and how much of each was told; and the jobs that count where the platform does not say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, tuple_

from monitor.model import Quota, Scope
from monitor.store.tables import jobs, quotas, scopes
from monitor.store.upsert import Upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaRow:
    """`told`: the highest threshold, in percent, that was told and has not eased since; 0: none."""

    account: str
    quota: Quota
    told: int = 0


_QUOTAS = Upsert(quotas)


def load_quotas(conn: Connection) -> list[QuotaRow]:
    """By account, those that left the config among them."""
    return [_row(row) for row in conn.execute(select(quotas).order_by(quotas.c.account, quotas.c.resource))]


def save_quota(conn: Connection, row: QuotaRow) -> None:
    """An account has one: what it had under the name of another resource is no more."""
    conn.execute(delete(quotas).where(quotas.c.account == row.account, quotas.c.resource != row.quota.resource))
    seen = row.quota
    cells = {"resource": seen.resource, "used": seen.used, "cap": seen.cap, "seen_at": seen.seen_at}
    _QUOTAS.many(conn, [{"account": row.account, **cells, "told": row.told}])


def keep_quotas(conn: Connection, accounts: Collection[str]) -> int:
    """Forgets those of all other accounts; how many those were."""
    return conn.execute(delete(quotas).where(quotas.c.account.not_in(accounts))).rowcount


def count_here(conn: Connection, looked_at: Sequence[Scope]) -> dict[str, int] | None:
    """By state, the jobs of these scopes that are not gone; None where one of them has no baseline yet, for then not
    all are known."""
    named = [(scope.account, scope.watch, scope.key) for scope in looked_at]
    found = conn.execute(
        select(scopes.c.id, scopes.c.baselined_at).where(
            tuple_(scopes.c.account, scopes.c.watch, scopes.c.key).in_(named)
        )
    ).all()
    if len(found) < len(named) or any(row.baselined_at is None for row in found):
        return None
    here = select(jobs.c.state, func.count()).where(
        jobs.c.account.in_({account for account, *_ in named}),
        jobs.c.gone.is_(False),
        jobs.c.scope_id.in_([row.id for row in found]),
    )
    return {str(state): int(count) for state, count in conn.execute(here.group_by(jobs.c.state))}


def _row(row: Row[Any]) -> QuotaRow:
    quota = Quota(resource=row.resource, used=row.used, cap=row.cap, seen_at=row.seen_at)
    return QuotaRow(account=row.account, quota=quota, told=row.told)
