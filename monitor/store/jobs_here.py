"""The jobs of an account that have not left their platform, decoded only where somebody may want to remove them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, null, select

from monitor.model import Job, JobState, KnownJob
from monitor.store.columns import EPOCH
from monitor.store.jobs import decode_job
from monitor.store.tables import jobs

AT_ONCE = 500
"""Rows that are read before others have their turn."""
_OVER = tuple(state.value for state in JobState if state.terminal)


@dataclass(frozen=True, slots=True)
class JobHere:
    """`whole`: all that is stored of it; else its id, name, state, model and creation, the rest is left out."""

    scope_id: int
    known: KnownJob
    whole: bool


def jobs_here(conn: Connection, account: str, *, made_by: datetime | None = None) -> Iterator[JobHere]:
    """Newest created first; a job without a create time comes last. `made_by`: only those are whole that are over and
    were not created later; None: all."""
    columns = (jobs.c.scope_id, jobs.c.job_id, jobs.c.name, jobs.c.state, jobs.c.model, jobs.c.created_at)
    doc: Any = jobs.c.doc
    if made_by is not None:
        doc = case((and_(jobs.c.state.in_(_OVER), jobs.c.created_at <= made_by), jobs.c.doc), else_=null())
    query = select(*columns, doc.label("doc")).where(jobs.c.account == account, jobs.c.gone.is_(False))
    found = conn.execute(
        query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).execution_options(yield_per=AT_ONCE)
    )
    for row in found:
        yield JobHere(row.scope_id, _part(row) if row.doc is None else decode_job(row.doc), row.doc is not None)


def _part(row: Any) -> KnownJob:
    made = None if row.created_at == EPOCH else row.created_at
    state = JobState(row.state)
    job = Job(id=row.job_id, name=row.name, state=state, provider_state="", base_model=row.model, created_at=made)
    return KnownJob(job=job, revision=0, state_since=made or EPOCH)
