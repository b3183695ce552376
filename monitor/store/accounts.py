"""What the daemon knows of its accounts across restarts: health, bad signatures, words seen for the first time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select

from monitor.store.tables import bad_signatures as signatures
from monitor.store.tables import first_sights
from monitor.store.tables import health as health_table
from monitor.store.upsert import Upsert, insert_new

_HEALTH = Upsert(health_table)
_SIGNATURES = Upsert(signatures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one watch of an account does. `since`: when it entered `state`."""

    state: Literal["ok", "unreachable", "unauthorized"]
    failures: int
    since: datetime
    reason: str


def load_health(conn: Connection) -> dict[tuple[str, str], Health]:
    """By (account, watch)."""
    return {
        (row.account, row.watch): Health(state=row.state, failures=row.failures, since=row.since, reason=row.reason)
        for row in conn.execute(select(health_table))
    }


def save_health(conn: Connection, account: str, watch: str, health: Health) -> None:
    _HEALTH.many(
        conn,
        [
            {
                "account": account,
                "watch": watch,
                "state": health.state,
                "failures": health.failures,
                "since": health.since,
                "reason": health.reason,
            }
        ],
    )


def bad_signatures(conn: Connection, fingerprint: str) -> int | None:
    """How many answers in a row said that this credential's signature is bad; `fingerprint` is no secret.

    None: the credential was never tried. 0: it was good when it was last tried.
    """
    query = select(signatures.c.count).where(signatures.c.fingerprint == fingerprint)
    count: int | None = conn.execute(query).scalar_one_or_none()
    return count


def signatures_changed_at(conn: Connection, fingerprint: str) -> datetime | None:
    """When that count was last written, by our clock; None: never."""
    query = select(signatures.c.changed_at).where(signatures.c.fingerprint == fingerprint)
    at: datetime | None = conn.execute(query).scalar_one_or_none()
    return at


def set_bad_signatures(conn: Connection, fingerprint: str, count: int, *, now: datetime) -> None:
    _SIGNATURES.many(conn, [{"fingerprint": fingerprint, "count": count, "changed_at": now}])


def first_sight(conn: Connection, account: str, kind: str, word: str) -> bool:
    """True once per (account, kind, word), for what is to be reported only once."""
    return insert_new(conn, first_sights, {"account": account, "kind": kind, "word": word})
