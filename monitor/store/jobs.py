"""Jobs as last committed: columns for what is asked for, one JSON document for the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from monitor.model import BookedTime, KnownJob
from monitor.store.columns import EPOCH, chunks, signed, unsigned
from monitor.store.errors import StaleWrite
from monitor.store.prepared import UNIQUE, Prepared
from monitor.store.tables import forgotten_jobs, jobs, scopes


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
_decode_time = msgspec.json.Decoder(BookedTime).decode
_MOVING = (
    "name",
    "state",
    "creator",
    "model",
    "created_at",
    "active",
    "gone",
    "missing_since",
    "usage_due",
    "revision",
    "changed_at",
    "doc",
)
_HASHES = ("hash", "significant")
_ACCOUNT_OF = select(scopes.c.account).where(scopes.c.id == bindparam("in_scope")).scalar_subquery()
_INSERT = Prepared(
    insert(jobs)
    .values({name: bindparam(name) for name in ("scope_id", "job_id", *_MOVING, *_HASHES)} | {"account": _ACCOUNT_OF})
    .inline()
)


def _update(*columns: str) -> Prepared:
    same = (jobs.c.scope_id == bindparam("in_scope"), jobs.c.job_id == bindparam("of_job"))
    held = jobs.c.revision == bindparam("previous")
    return Prepared(update(jobs).where(*same, held).values({name: bindparam(name) for name in columns}))


_UPDATE = _update(*_MOVING, *_HASHES)
_UPDATE_UNREAD = _update(*_MOVING)


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


@dataclass(frozen=True, slots=True)
class Trace:
    """How far the account has advanced a job somewhere else, and what is booked for it there. `forgotten`: retention
    has removed it, long after it was gone."""

    revision: int
    booked_tokens: int | None
    booked_time: BookedTime | None = None
    forgotten: bool = False

    def carried_to(self, known: KnownJob) -> KnownJob:
        """The job with what is booked for it here: whoever advances it beyond this trace takes that along, or it would
        be booked a second time."""
        time = replace(self.booked_time, attempt=known.attempt) if self.booked_time is not None else known.booked_time
        tokens = self.booked_tokens if self.booked_tokens is not None else known.booked_tokens
        return replace(known, booked_tokens=tokens, booked_time=time)


def load_jobs_elsewhere(conn: Connection, scope_id: int, ids: Iterable[str]) -> dict[str, Trace]:
    """What the account's other scopes know of these jobs, gone ones included, and what is left of those that retention
    has removed; of several rows the one that was advanced furthest."""
    found: dict[str, Trace] = {}
    others = (jobs.c.scope_id != scope_id, jobs.c.account == _ACCOUNT_OF)
    traces = forgotten_jobs.c
    for some in chunks(sorted(set(ids))):
        query = select(jobs.c.job_id, jobs.c.doc).where(jobs.c.job_id.in_(some), *others)
        for job_id, doc in conn.execute(query, {"in_scope": scope_id}):
            known = decode_job(doc)
            _furthest(found, job_id, Trace(known.revision, known.booked_tokens, known.booked_time))
        left = select(traces.job_id, traces.revision, traces.booked_tokens, traces.booked_time)
        left = left.where(traces.job_id.in_(some), traces.account == _ACCOUNT_OF)
        for job_id, revision, tokens, time in conn.execute(left, {"in_scope": scope_id}):
            _furthest(found, job_id, Trace(revision, tokens, _decode_time(time) if time else None, forgotten=True))
    return found


def _furthest(found: dict[str, Trace], job_id: str, trace: Trace) -> None:
    if job_id not in found or trace.revision > found[job_id].revision:
        found[job_id] = trace


def save_jobs(conn: Connection, scope_id: int, writes: Sequence[JobWrite], *, now: datetime) -> None:
    """Stores the jobs by compare-and-set. Raises StaleWrite when any row has moved since it was read."""
    new = [_columns(scope_id, write, now) for write in writes if write.previous_revision is None]
    read = [_columns(scope_id, write, now) for write in writes if write.previous_revision is not None and _read(write)]
    unread = [
        _columns(scope_id, write, now) for write in writes if write.previous_revision is not None and not _read(write)
    ]
    try:
        _INSERT.many(conn, new)
    except UNIQUE as error:
        raise _stale(scope_id, new) from error
    for statement, rows in ((_UPDATE, read), (_UPDATE_UNREAD, unread)):
        if rows and statement.count(conn, rows) != len(rows):
            raise _stale(scope_id, rows)


def _read(write: JobWrite) -> bool:
    return write.hash is not None and write.significant is not None


def _stale(scope_id: int, rows: Sequence[dict[str, Any]]) -> StaleWrite:
    which = f"Job {rows[0]['job_id']}" if len(rows) == 1 else f"One of {len(rows)} jobs"
    return StaleWrite(f"{which} of scope {scope_id} has moved since it was read.")


def _columns(scope_id: int, write: JobWrite, now: datetime) -> dict[str, Any]:
    known = write.known
    return {
        "scope_id": scope_id,
        "in_scope": scope_id,
        "of_job": known.job.id,
        "previous": write.previous_revision,
        "hash": None if write.hash is None else signed(write.hash),
        "significant": None if write.significant is None else signed(write.significant),
        "job_id": known.job.id,
        "name": known.job.name,
        "state": known.job.state.value,
        "creator": known.job.creator,
        "model": known.job.base_model or known.job.model,
        "created_at": known.job.created_at or EPOCH,
        "active": not known.gone and not known.job.state.terminal,
        "gone": known.gone,
        "missing_since": known.missing_since,
        "usage_due": known.usage_due,
        "revision": known.revision,
        "changed_at": now,
        "doc": msgspec.json.encode(known).decode(),
    }


def decode_job(doc: str) -> KnownJob:
    return _decode(doc)
