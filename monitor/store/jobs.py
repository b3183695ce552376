"""Jobs as last committed: columns for what is asked for, one JSON document for the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from monitor.model import KnownJob
from monitor.store.columns import EPOCH, chunks, signed, unsigned
from monitor.store.errors import StaleWrite
from monitor.store.tables import jobs, scopes


@dataclass(frozen=True, slots=True)
class JobIndex:
    """What a poll needs of an unchanged job. `hash` and `significant` are 64-bit unsigned."""

    job_id: str
    hash: int
    significant: int
    active: bool
    missing: bool
    usage_due: datetime | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWrite:
    """A job to store. `previous_revision` None makes it; else the row must still have that revision.

    `hash` and `significant` None leave the stored ones: the job changed without its bytes being read.
    """

    known: KnownJob
    previous_revision: int | None
    hash: int | None
    significant: int | None


_decode = msgspec.json.Decoder(KnownJob).decode
_UPDATE = update(jobs).where(jobs.c.scope_id == bindparam("in_scope"), jobs.c.job_id == bindparam("of_job"))


def load_job_index(conn: Connection, scope_id: int) -> list[JobIndex]:
    """All jobs of the scope that are not gone."""
    columns = (
        jobs.c.job_id,
        jobs.c.hash,
        jobs.c.significant,
        jobs.c.active,
        jobs.c.missing_since,
        jobs.c.usage_due,
        jobs.c.created_at,
    )
    found = conn.execute(select(*columns).where(jobs.c.scope_id == scope_id, jobs.c.gone.is_(False)))
    return [
        JobIndex(
            job_id,
            unsigned(hash_),
            unsigned(significant),
            active,
            missing is not None,
            due,
            None if created == EPOCH else created,
        )
        for job_id, hash_, significant, active, missing, due, created in found
    ]


def count_states(conn: Connection, scope_id: int) -> dict[str, int]:
    """How many jobs the scope has in each state, gone ones left out."""
    query = select(jobs.c.state, func.count()).where(jobs.c.scope_id == scope_id, jobs.c.gone.is_(False))
    rows = conn.execute(query.group_by(jobs.c.state).order_by(jobs.c.state))
    return {str(state): int(count) for state, count in rows}


def load_jobs(conn: Connection, scope_id: int, ids: Iterable[str]) -> dict[str, KnownJob]:
    """The known ones of these jobs, gone ones included."""
    known: dict[str, KnownJob] = {}
    for some in chunks(sorted(set(ids))):
        rows = conn.execute(
            select(jobs.c.job_id, jobs.c.doc).where(jobs.c.scope_id == scope_id, jobs.c.job_id.in_(some))
        )
        known.update((job_id, decode_job(doc)) for job_id, doc in rows)
    return known


def save_jobs(conn: Connection, scope_id: int, writes: Sequence[JobWrite], *, now: datetime) -> None:
    """Stores the jobs by compare-and-set. Raises StaleWrite when any row has moved since it was read."""
    if not writes:
        return
    account = _guard(conn, scope_id, writes)
    new = [_columns(write, now) for write in writes if write.previous_revision is None]
    moved = [
        _columns(write, now) | {"in_scope": scope_id, "of_job": write.known.job.id}
        for write in writes
        if write.previous_revision is not None
    ]
    if new:
        same = {"scope_id": scope_id, "account": account}
        conn.execute(insert(jobs), [row | same for row in new])
    for unread in (False, True):
        if rows := [row for row in moved if ("hash" not in row) is unread]:
            conn.execute(_UPDATE, rows)


def _guard(conn: Connection, scope_id: int, writes: Sequence[JobWrite]) -> str:
    """Holds the rows and compares their revisions; gives the scope's account."""
    account: str = conn.execute(select(scopes.c.account).where(scopes.c.id == scope_id)).scalar_one()
    stored: dict[str, int] = {}
    for some in chunks(sorted({write.known.job.id for write in writes})):
        where = (jobs.c.scope_id == scope_id, jobs.c.job_id.in_(some))
        query = select(jobs.c.job_id, jobs.c.revision).where(*where).with_for_update()
        stored.update((job_id, revision) for job_id, revision in conn.execute(query))
    for write in writes:
        if stored.get(write.known.job.id) != write.previous_revision:
            raise StaleWrite(f"Job {write.known.job.id} of {account} has moved since it was read.")
    return account


def _columns(write: JobWrite, now: datetime) -> dict[str, Any]:
    known = write.known
    return {
        "job_id": known.job.id,
        "name": known.job.name,
        "state": known.job.state.value,
        "created_at": known.job.created_at or EPOCH,
        "active": not known.gone and not known.job.state.terminal,
        "gone": known.gone,
        "missing_since": known.missing_since,
        "usage_due": known.usage_due,
        "revision": known.revision,
        "changed_at": now,
        "doc": msgspec.json.encode(known).decode(),
    } | _hashes(write)


def _hashes(write: JobWrite) -> dict[str, Any]:
    if write.hash is None or write.significant is None:
        return {}
    return {"hash": signed(write.hash), "significant": signed(write.significant)}


def decode_job(doc: str) -> KnownJob:
    return _decode(doc)
