"""The jobs that run now, how far their logs say that they are, and what jobs like them used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import Connection, and_, delete, or_, select

from monitor.model import JobState
from monitor.store.job_list import JobRecord, job_records, record_of
from monitor.store.tables import bookings, jobs, progress
from monitor.store.upsert import Upsert

RUNNING = (JobState.RUNNING.value, JobState.STOPPING.value)
"""The states in which a job uses something."""
_NEWEST = 1000
"""Bookings that `usual_tokens` looks at: its cost does not follow the history."""
_USUAL = 20
"""Jobs of a model that say what is usual."""
_PROGRESS = Upsert(progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob:
    """`seen_at`: when what is known of it was last written. `logged`: tokens that its log told of, at `logged_at`."""

    record: JobRecord
    seen_at: datetime
    logged: int | None
    logged_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressRow:
    """How far the log of a job was read, and what it has told of its tokens."""

    job_id: str
    lines: int = 0
    tokens: int | None = None


def running_jobs(conn: Connection, account: str | None = None) -> list[RunningJob]:
    """Newest created first."""
    about = and_(progress.c.scope_id == jobs.c.scope_id, progress.c.job_id == jobs.c.job_id)
    query = job_records().add_columns(jobs.c.changed_at, progress.c.tokens, progress.c.seen_at)
    query = query.outerjoin(progress, about).where(jobs.c.active.is_(True), jobs.c.state.in_(RUNNING))
    if account is not None:
        query = query.where(jobs.c.account == account)
    return [
        RunningJob(record=record_of(row), seen_at=row.changed_at, logged=row.tokens, logged_at=row.seen_at)
        for row in conn.execute(query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()))
    ]


def usual_tokens(conn: Connection) -> Mapping[tuple[str, str], int]:
    """By provider and base model: the median of the tokens of the last jobs, of those that were booked of late."""
    columns = (bookings.c.provider, bookings.c.model, bookings.c.scope_id, bookings.c.job_id, bookings.c.tokens)
    newest = select(*columns).order_by(bookings.c.at.desc(), bookings.c.id.desc()).limit(_NEWEST)
    found: dict[tuple[str, str], dict[tuple[int, str], int]] = {}
    for provider, model, scope, job, tokens in conn.execute(newest):
        if model is not None:
            sums = found.setdefault((provider, model), {})
            if (scope, job) in sums or len(sums) < _USUAL:
                sums[scope, job] = sums.get((scope, job), 0) + tokens
    figures = {key: [tokens for tokens in sums.values() if tokens > 0] for key, sums in found.items()}
    return {key: round(median(tokens)) for key, tokens in figures.items() if tokens}


def unread_logs(conn: Connection, scope_id: int, before: datetime) -> list[ProgressRow]:
    """The scope's jobs that run and whose logs were not read since `before`, the longest unread first."""
    about = and_(progress.c.scope_id == jobs.c.scope_id, progress.c.job_id == jobs.c.job_id)
    query = select(jobs.c.job_id, progress.c.lines, progress.c.tokens).outerjoin(progress, about)
    query = query.where(jobs.c.scope_id == scope_id, jobs.c.active.is_(True), jobs.c.state == JobState.RUNNING.value)
    query = query.where(or_(progress.c.seen_at.is_(None), progress.c.seen_at <= before))
    rows = conn.execute(query.order_by(progress.c.seen_at.is_not(None), progress.c.seen_at, jobs.c.id))
    return [ProgressRow(job_id=row.job_id, lines=row.lines or 0, tokens=row.tokens) for row in rows]


def save_progress(conn: Connection, scope_id: int, row: ProgressRow, *, now: datetime) -> None:
    """What is left of jobs of the scope that are over goes with it."""
    _PROGRESS.many(
        conn,
        [{"scope_id": scope_id, "job_id": row.job_id, "tokens": row.tokens, "lines": row.lines, "seen_at": now}],
    )
    here = select(jobs.c.job_id).where(jobs.c.scope_id == scope_id, jobs.c.active.is_(True))
    conn.execute(delete(progress).where(progress.c.scope_id == scope_id, progress.c.job_id.not_in(here)))
