"""Which cleanup policies stand still and why, when each ran last, and whether people have heard of a job's end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select, update

from monitor.model import DeliveryState, EventType
from monitor.store.tables import cleanup_state, deliveries, events, notification_events, notifications
from monitor.store.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupRow:
    """A policy as last committed. `stopped_at`: since when it stands still, for `reason`; None: it does not.

    `form`: what it said when it ran last. `ran_at` None: it never did, or was let go on since."""

    policy: str
    ran_at: datetime | None = None
    stopped_at: datetime | None = None
    reason: str = ""
    form: str = ""


def load_cleanup(conn: Connection) -> dict[str, CleanupRow]:
    """By policy; one that never ran and never stopped has no row."""
    return {row.policy: _row(row) for row in conn.execute(select(cleanup_state))}


def cleanup_ran(conn: Connection, policy: str, at: datetime, form: str = "") -> None:
    _made(conn, policy)
    conn.execute(update(cleanup_state).where(cleanup_state.c.policy == policy).values(ran_at=at, form=form))


def stop_cleanup(conn: Connection, policy: str, reason: str, at: datetime) -> bool:
    """False where it stands still already; its reason stays then."""
    _made(conn, policy)
    going = (cleanup_state.c.policy == policy, cleanup_state.c.stopped_at.is_(None))
    return conn.execute(update(cleanup_state).where(*going).values(stopped_at=at, reason=reason)).rowcount == 1


def resume_cleanup(conn: Connection, policy: str) -> bool:
    """It is due at once. False where it did not stand still."""
    stopped = (cleanup_state.c.policy == policy, cleanup_state.c.stopped_at.is_not(None))
    return (
        conn.execute(update(cleanup_state).where(*stopped).values(ran_at=None, stopped_at=None, reason="")).rowcount
        == 1
    )


def end_was_told(conn: Connection, account: str, job_id: str, rule: str) -> bool:
    """Whether a message of the rule about the job's last end has arrived at a sink. What retention has removed
    has not."""
    finished = (events.c.subject == f"job/{job_id}", events.c.account == account)
    last = select(func.max(events.c.seq)).where(*finished, events.c.type == EventType.JOB_FINISHED.value)
    arrived = (
        select(1)
        .select_from(notification_events)
        .join(notifications, notifications.c.n == notification_events.c.notification)
        .join(deliveries, deliveries.c.notification == notifications.c.n)
        .where(notification_events.c.seq == last.scalar_subquery(), notifications.c.rule == rule)
        .where(deliveries.c.state == DeliveryState.DELIVERED.value)
    )
    return bool(conn.execute(select(exists(arrived))).scalar_one())


def _made(conn: Connection, policy: str) -> None:
    insert_new(conn, cleanup_state, {"policy": policy, "ran_at": None, "stopped_at": None, "reason": "", "form": ""})


def _row(row: Row[Any]) -> CleanupRow:
    return CleanupRow(policy=row.policy, ran_at=row.ran_at, stopped_at=row.stopped_at, reason=row.reason, form=row.form)
