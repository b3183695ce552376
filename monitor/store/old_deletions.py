"""What retention may remove of deletions: the jobs that were archived for them, their own rows, and how far the logs of
jobs were read that are over. As `old` does, it reads only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from monitor.model import ActionState
from monitor.store.old import WINDOW, Window
from monitor.store.tables import actions, jobs, progress

_SAID_NO = (ActionState.REFUSED.value, ActionState.FAILED.value)
_any = actions.alias("any_of_it")
_later = actions.alias("later")
_SAME_JOB = (_later.c.account == actions.c.account, _later.c.job_id == actions.c.job_id)
_LAST = ~exists(select(1).where(*_SAME_JOB, _later.c.n > actions.c.n))


def deletion_needs(before: datetime) -> ColumnElement[bool]:
    """Whether a job has a deletion that is open, or that ended at `before` or later."""
    late = or_(_any.c.settled_at.is_(None), _any.c.settled_at >= before)
    return exists(select(1).where(_any.c.account == jobs.c.account, _any.c.job_id == jobs.c.job_id, late))


def old_archived(conn: Connection, before: datetime, limit: int = WINDOW) -> list[tuple[int, str, str]]:
    """Number, account and id of jobs that were archived and have been gone from their platform since before then, the
    last deletion of which had ended by then, and each other one: what stays is not found again and again."""
    same = and_(jobs.c.job_id == actions.c.job_id, jobs.c.account == actions.c.account)
    gone = (jobs.c.gone.is_(True), jobs.c.archived_at.is_not(None), jobs.c.changed_at < before)
    query = select(jobs.c.id, jobs.c.account, jobs.c.job_id).select_from(actions).join(jobs, same)
    query = query.where(actions.c.settled_at < before, _LAST, *gone, ~deletion_needs(before))
    query = query.order_by(actions.c.settled_at, actions.c.n).limit(limit)
    return [(n, account, job) for n, account, job in conn.execute(query)]


def free_action(before: datetime, refused_before: datetime) -> ColumnElement[bool]:
    """Whether nothing needs the deletion any more. As long as its job is known, the last one says what became of it,
    and whatever may have reached the platform says who made it leave."""
    said_no = actions.c.state.in_(_SAID_NO)
    ended = or_(actions.c.settled_at < refused_before, and_(actions.c.settled_at < before, ~said_no))
    known = exists(select(1).where(jobs.c.account == actions.c.account, jobs.c.job_id == actions.c.job_id))
    return and_(ended, or_(~known, and_(actions.c.state == ActionState.REFUSED.value, ~_LAST)))


def old_actions(
    conn: Connection,
    before: datetime,
    refused_before: datetime,
    behind: int,
    going: Collection[tuple[str, str]] = frozenset(),
) -> Window:
    """Deletions that ended before then; `refused_before`: those that came to nothing, by which policies go. `going`:
    (account, subject) of jobs that are counted as removed already."""
    columns = (actions.c.n, actions.c.account, actions.c.job_id, actions.c.requested_at, actions.c.state)
    query = select(*columns, actions.c.settled_at, free_action(before, refused_before).label("free"))
    rows = conn.execute(query.where(actions.c.n > behind).order_by(actions.c.n).limit(WINDOW)).all()

    def free(row: Any) -> bool:
        limit = refused_before if row.state in _SAID_NO else before
        left = (row.account, f"job/{row.job_id}") in going and row.settled_at is not None and row.settled_at < limit
        return bool(row.free) or left

    more = len(rows) == WINDOW and rows[-1].requested_at < before
    return Window(tuple(row.n for row in rows if free(row)), rows[-1].n if more else None)


OVER_PROGRESS = ~exists(
    select(1).where(jobs.c.scope_id == progress.c.scope_id, jobs.c.job_id == progress.c.job_id, jobs.c.active.is_(True))
)
"""Whether the job does not run any more."""


def has_old_progress(conn: Connection) -> bool:
    return conn.execute(select(progress.c.job_id).where(OVER_PROGRESS).limit(1)).first() is not None
