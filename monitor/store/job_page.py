"""Jobs a page at a time, newest created first, and how many there are in each state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select

from monitor.store.columns import like_any
from monitor.store.job_list import JobRecord, job_records, record_of
from monitor.store.tables import job_counts, jobs
from monitor.store.walk import Place, unindexed, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Jobs that `creator` made, in these accounts or (None) in any."""

    creator: str
    accounts: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """`owners`: of any of these. `model`: the base model, else the model. `search`: part of an id or a name, in any
    case. `since`: created then or later."""

    account: str | None = None
    state: str | None = None
    active: bool | None = None
    gone: bool = False
    """Also jobs that have left the platform."""
    search: str | None = None
    owners: Sequence[Owned] | None = None
    model: str | None = None
    since: datetime | None = None


def page_jobs(
    conn: Connection, wanted: JobFilter, *, after: Place | None = None, limit: int = 50
) -> tuple[list[JobRecord], Place | None]:
    """Jobs behind `after`, and where the next page begins; a job without a create time comes last."""
    narrow, filters = _conditions(wanted)
    key = (jobs.c.created_at, jobs.c.id)
    found = walk(conn, job_records(), key, narrow=narrow, filters=filters, after=after, limit=limit)
    return [record_of(row) for row in found.rows], found.next


def count_jobs(conn: Connection) -> Mapping[str, Mapping[str, int]]:
    """Account -> state -> how many of its jobs are not gone; states without any are left out."""
    counts: dict[str, dict[str, int]] = {}
    for account, state, count in conn.execute(select(job_counts).order_by(job_counts.c.account, job_counts.c.state)):
        if count:
            counts.setdefault(account, {})[state] = count
    return counts


def _conditions(wanted: JobFilter) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """What one index serves together with the order, and the rest. A job that is gone is never active."""
    narrow: list[ColumnElement[bool]] = [] if wanted.since is None else [jobs.c.created_at >= wanted.since]
    filters: list[ColumnElement[bool]] = []
    by_owner = wanted.owners is not None and len(wanted.owners) == 1
    by_model = wanted.model is not None and not by_owner
    free = not by_owner and not by_model
    of_account = [] if wanted.account is None else [_same(jobs.c.account, wanted.account, free)]
    of_state = [] if wanted.state is None else [_same(jobs.c.state, wanted.state, free and not wanted.gone)]
    if wanted.active is False:
        filters.append(jobs.c.active.is_(False))
    if wanted.active:
        (narrow if free else filters).append(jobs.c.active.is_(True))
    elif not wanted.gone:
        (narrow if free else filters).append(jobs.c.gone.is_(False))
    (narrow if free else filters).extend(of_account)
    (narrow if free and not wanted.gone and not wanted.active else filters).extend(of_state)
    if wanted.model is not None:
        (narrow if by_model else filters).append(_same(jobs.c.model, wanted.model, by_model))
    if wanted.owners is not None:
        (narrow if by_owner else filters).append(_owned(wanted.owners, by_owner))
    if wanted.search:
        pattern = like_any(wanted.search)
        filters.append(or_(jobs.c.name.ilike(pattern, escape="\\"), jobs.c.job_id.ilike(pattern, escape="\\")))
    return narrow, filters


def _same(column: ColumnElement[str], word: str, indexed: bool) -> ColumnElement[bool]:
    return (column if indexed else unindexed(column)) == word


def _owned(owners: Sequence[Owned], indexed: bool) -> ColumnElement[bool]:
    made = jobs.c.creator if indexed else unindexed(jobs.c.creator)
    mine = [
        made == each.creator
        if each.accounts is None
        else and_(made == each.creator, unindexed(jobs.c.account).in_(each.accounts))
        for each in owners
    ]
    return or_(false(), *mine)
