"""Jobs as people ask for them: lists and look-ups by id, prefix or name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from monitor.model import KnownJob, Scope
from monitor.store.columns import like_any
from monitor.store.jobs import decode_job
from monitor.store.scopes import scope_of
from monitor.store.tables import jobs, scopes
from monitor.store.walk import unindexed

REACH = 1000
"""Jobs that a word may mean, of which the newest are told: `f` may begin the ids of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    account: str
    scope: Scope
    known: KnownJob


def list_jobs(
    conn: Connection,
    *,
    account: str | None = None,
    state: str | None = None,
    active: bool | None = None,
    include_gone: bool = False,
    search: str | None = None,
    limit: int = 50,
) -> list[JobRecord]:
    """Newest created first; a job without a create time comes last. `search`: part of an id or a name, in any case."""
    query = job_records()
    if account is not None:
        query = query.where(jobs.c.account == account)
    if state is not None:
        query = query.where(jobs.c.state == state)
    if active is not None:
        query = query.where(jobs.c.active.is_(active))
    if not include_gone:
        query = query.where(jobs.c.gone.is_(False))
    if search:
        pattern = like_any(search)
        query = query.where(or_(jobs.c.name.ilike(pattern, escape="\\"), jobs.c.job_id.ilike(pattern, escape="\\")))
    return _fetch(conn, query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit))


def find_job(conn: Connection, wanted: str, account: str | None = None) -> list[JobRecord]:
    """The jobs that the word means: those with this id; else those with this name; else those whose id begins so
    (at most 20). Newest created first."""
    for condition in (
        jobs.c.job_id == wanted,
        jobs.c.name == wanted,
        and_(jobs.c.job_id >= wanted, jobs.c.job_id < wanted + "\U0010ffff"),
    ):
        found = _find(conn, condition, account)
        if found:
            return found
    return []


def get_jobs(conn: Connection, account: str, job_id: str) -> list[JobRecord]:
    """The jobs of the account with exactly this id: one for each scope that has seen it, those that are not gone
    first, then by what was seen last."""
    query = job_records().where(jobs.c.job_id == job_id, unindexed(jobs.c.account) == account)
    return _fetch(conn, query.order_by(jobs.c.gone, jobs.c.changed_at.desc(), jobs.c.id.desc()))


def _find(conn: Connection, condition: ColumnElement[bool], account: str | None) -> list[JobRecord]:
    some = select(jobs.c.id).where(condition)
    if account is not None:
        some = some.where(unindexed(jobs.c.account) == account)
    query = job_records().where(jobs.c.id.in_(some.limit(REACH)))
    return _fetch(conn, query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(20))


def job_records() -> Select[tuple[object, ...]]:
    """The columns that `record_of` reads."""
    columns = (scopes.c.account, scopes.c.watch, scopes.c.key, scopes.c.workspace, jobs.c.doc)
    return select(*columns).join_from(jobs, scopes)


def record_of(row: Row[Any]) -> JobRecord:
    """The record in a row of `job_records`."""
    return JobRecord(account=row.account, scope=scope_of(row), known=decode_job(row.doc))


def _fetch(conn: Connection, query: Select[tuple[object, ...]]) -> list[JobRecord]:
    return [record_of(row) for row in conn.execute(query)]
