"""Jobs as people ask for them: lists and look-ups by id, prefix or name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from monitor.model import KnownJob, Scope
from monitor.store.columns import like_any
from monitor.store.jobs import decode_job
from monitor.store.scopes import scope_of
from monitor.store.tables import jobs, scopes


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
    query = _records()
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


def _find(conn: Connection, condition: ColumnElement[bool], account: str | None) -> list[JobRecord]:
    query = _records().where(condition)
    if account is not None:
        query = query.where(jobs.c.account == account)
    return _fetch(conn, query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(20))


def _records() -> Select[tuple[object, ...]]:
    columns = (scopes.c.account, scopes.c.watch, scopes.c.key, scopes.c.workspace, jobs.c.doc)
    return select(*columns).join_from(jobs, scopes)


def _fetch(conn: Connection, query: Select[tuple[object, ...]]) -> list[JobRecord]:
    return [
        JobRecord(account=row.account, scope=scope_of(row), known=decode_job(row.doc)) for row in conn.execute(query)
    ]
