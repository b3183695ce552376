"""Which cleanup policies stand still and why, and when each ran last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from monitor.store.tables import cleanup_state
from monitor.store.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRow:
    """A policy as last committed. `stopped_at`: since when it stands still, for `reason`; None: it does not."""

    policy: str
    ran_at: datetime | None = None
    stopped_at: datetime | None = None
    reason: str = ""


def load_cleanup(conn: Connection) -> dict[str, CleanupRow]:
    """By policy; one that never ran and never stopped has no row."""
    return {row.policy: _row(row) for row in conn.execute(select(cleanup_state))}


def cleanup_ran(conn: Connection, policy: str, at: datetime) -> None:
    _made(conn, policy)
    conn.execute(update(cleanup_state).where(cleanup_state.c.policy == policy).values(ran_at=at))


def stop_cleanup(conn: Connection, policy: str, reason: str, at: datetime) -> bool:
    """False where it stands still already; its reason stays then."""
    _made(conn, policy)
    going = (cleanup_state.c.policy == policy, cleanup_state.c.stopped_at.is_(None))
    return conn.execute(update(cleanup_state).where(*going).values(stopped_at=at, reason=reason)).rowcount == 1


def resume_cleanup(conn: Connection, policy: str) -> bool:
    """False where it did not stand still."""
    stopped = (cleanup_state.c.policy == policy, cleanup_state.c.stopped_at.is_not(None))
    return conn.execute(update(cleanup_state).where(*stopped).values(stopped_at=None, reason="")).rowcount == 1


def _made(conn: Connection, policy: str) -> None:
    insert_new(conn, cleanup_state, {"policy": policy, "ran_at": None, "stopped_at": None, "reason": ""})


def _row(row: Row[Any]) -> CleanupRow:
    return CleanupRow(policy=row.policy, ran_at=row.ran_at, stopped_at=row.stopped_at, reason=row.reason)
