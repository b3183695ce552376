"""Other jobs of an account that show, by being seen, that it still looks at the place in which a job was deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, exists, func, literal, or_, select

from monitor.model import Action, Event, EventType, JobState, Scope
from monitor.store.events import event_of
from monitor.store.scopes import scope_of
from monitor.store.tables import actions, events, jobs, scopes

_ACTIVE = frozenset(state.value for state in JobState if not state.terminal)


def witnesses(conn: Connection, of: Action, looked_at: Collection[int], limit: int) -> list[tuple[Scope, str]]:
    """Jobs that were known before the deletion's request went out, and of which nobody knows that they have left or
    will: who sees one of them looks at the same place. Of these scopes, its own first, the newest first."""
    own = select(jobs.c.id).where(jobs.c.scope_id == of.scope_id, jobs.c.job_id == of.job_id).scalar_subquery()
    subject = literal("job/").concat(jobs.c.job_id)
    told = exists(
        select(1).where(
            events.c.account == jobs.c.account, events.c.subject == subject, events.c.detected_at <= of.sent_at
        )
    )
    before = or_(jobs.c.changed_at <= of.sent_at, jobs.c.id < own, told)
    found = _others(conn, of, looked_at, before, limit)
    if len(found) < limit:
        moved = _others(conn, of, looked_at, ~before & (scopes.c.baselined_at <= of.sent_at), limit - len(found))
        first = _first_told(conn, of, [row.job_id for row in moved])
        found += [row for row in moved if _was_known(first.get(row.job_id))]
    return [(scope_of(row), row.job_id) for row in found]


def _others(conn: Connection, of: Action, looked_at: Collection[int], which: Any, limit: int) -> list[Row[Any]]:
    leaving = select(actions.c.job_id).where(actions.c.account == of.account, actions.c.settled_at.is_(None))
    there = (jobs.c.gone.is_(False), jobs.c.missing_since.is_(None), jobs.c.job_id != of.job_id)
    query = select(jobs.c.job_id, scopes.c.account, scopes.c.watch, scopes.c.key, scopes.c.workspace)
    query = query.join_from(jobs, scopes).where(jobs.c.account == of.account, jobs.c.scope_id.in_(looked_at), *there)
    query = query.where(which, jobs.c.job_id.not_in(leaving))
    query = query.order_by((jobs.c.scope_id != of.scope_id), jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
    return list(conn.execute(query))


def _first_told(conn: Connection, of: Action, job_ids: Collection[str]) -> Mapping[str, Event]:
    """By job: the first that was told of it since the request went out."""
    since = (events.c.account == of.account, events.c.detected_at > of.sent_at)
    subjects = [f"job/{job_id}" for job_id in job_ids]
    first = select(func.min(events.c.seq)).where(events.c.subject.in_(subjects), *since).group_by(events.c.subject)
    rows = conn.execute(select(events).where(events.c.seq.in_(first))) if subjects else ()
    return {event.subject.removeprefix("job/"): event for event in map(event_of, rows)}


def _was_known(first: Event | None) -> bool:
    """Whether what was told first says that the job was known as one that runs. What runs is told where it is seen for
    the first time, but at the baseline; what was over by then is not, and its later moves prove nothing."""
    if first is None:
        return False
    previous = first.data.get("previous")
    return first.type is EventType.JOB_CHECKPOINT or (isinstance(previous, dict) and previous.get("state") in _ACTIVE)
