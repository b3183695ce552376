"""Removes what retention lets go. Each call is one short piece of a writer's transaction, and looks again whether what
was found before may still go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, delete, exists, func, select

from monitor.model import KnownJob
from monitor.store.columns import chunks
from monitor.store.jobs import decode_job
from monitor.store.old import still_needed
from monitor.store.old_deletions import OVER_PROGRESS, deletion_needs, free_action
from monitor.store.rules import get_cursor, set_cursor
from monitor.store.tables import (
    actions,
    attempts,
    deliveries,
    events,
    forgotten_jobs,
    hidden,
    jobs,
    notification_events,
    notifications,
    progress,
    silences,
    subject_revisions,
)
from monitor.store.upsert import Upsert

PIECE = 100
"""Rows that one write removes, with what hangs on them."""
PRUNED = "pruned/"
"""Before the name of a counter: the cursor up to which its numbers may have gaps."""
_FORGOTTEN = Upsert(forgotten_jobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many were removed. `jobs`: such as had been gone from their platform for long; `deletions`: what was asked
    for, with what came of it."""

    events: int = 0
    messages: int = 0
    deliveries: int = 0
    jobs: int = 0
    silences: int = 0
    deletions: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(**{name: getattr(self, name) + getattr(other, name) for name in Pruned.__dataclass_fields__})

    def __bool__(self) -> bool:
        return bool(self.counts())

    def counts(self) -> dict[str, int]:
        """By name, without what is none."""
        return {name: getattr(self, name) for name in Pruned.__dataclass_fields__ if getattr(self, name)}


def drop_messages(conn: Connection, numbers: Sequence[int], before: datetime) -> Pruned:
    """Those of the messages that need not be kept, with their deliveries, attempts and links to events."""
    free = select(notifications.c.n, notifications.c.id).where(notifications.c.n.in_(numbers), ~still_needed(before))
    rows = list(conn.execute(free))
    mine = [n for n, _ in rows]
    sent = list(conn.execute(select(deliveries.c.n).where(deliveries.c.notification.in_(mine))).scalars())
    for some in chunks(sent):
        conn.execute(delete(attempts).where(attempts.c.delivery.in_(some)))
        conn.execute(delete(deliveries).where(deliveries.c.n.in_(some)))
    conn.execute(delete(notification_events).where(notification_events.c.notification.in_(mine)))
    conn.execute(delete(notifications).where(notifications.c.n.in_(mine)))
    _forget_revisions(conn, [f"notification/{name}" for _, name in rows])
    _mark(conn, "notification", mine)
    _mark(conn, "delivery", sent)
    return Pruned(messages=len(mine), deliveries=len(sent))


def drop_events(conn: Connection, seqs: Sequence[int]) -> Pruned:
    """Those of the events of which no message is kept, and what says of them that they were hidden."""
    told = exists(select(1).where(notification_events.c.seq == events.c.seq))
    free = list(conn.execute(select(events.c.seq).where(events.c.seq.in_(seqs), ~told)).scalars())
    conn.execute(delete(hidden).where(hidden.c.seq.in_(free)))
    conn.execute(delete(events).where(events.c.seq.in_(free)))
    _mark(conn, "event", free)
    return Pruned(events=len(free))


def drop_hidden(conn: Connection, numbers: Sequence[int]) -> Pruned:
    conn.execute(delete(hidden).where(hidden.c.n.in_(numbers)))
    return Pruned()


def drop_silences(conn: Connection, found: Sequence[tuple[int, str]]) -> Pruned:
    conn.execute(delete(silences).where(silences.c.n.in_([n for n, _ in found])))
    _forget_revisions(conn, [f"silence/{name}" for _, name in found])
    return Pruned(silences=len(found))


def drop_jobs(conn: Connection, numbers: Collection[int], before: datetime) -> Pruned:
    """Those of the jobs that are still gone. How far each was advanced and what was booked for it is kept for good:
    should one come back, its events must not bear ids of before, nor what it used be booked again."""
    needed = and_(jobs.c.archived_at.is_not(None), deletion_needs(before))
    gone = (jobs.c.id.in_(numbers), jobs.c.gone.is_(True), jobs.c.changed_at < before, ~needed)
    rows = list(conn.execute(select(jobs.c.id, jobs.c.account, jobs.c.doc).where(*gone).with_for_update()))
    for _, account, doc in rows:
        _keep_traces(conn, account, decode_job(doc))
    conn.execute(delete(jobs).where(jobs.c.id.in_([row.id for row in rows])))
    return Pruned(jobs=len(rows))


def drop_actions(conn: Connection, numbers: Sequence[int], before: datetime, refused_before: datetime) -> Pruned:
    """Those of the deletions that nothing needs."""
    free = select(actions.c.n).where(actions.c.n.in_(numbers), free_action(before, refused_before))
    mine = list(conn.execute(free).scalars())
    conn.execute(delete(actions).where(actions.c.n.in_(mine)))
    _mark(conn, "action", mine)
    return Pruned(deletions=len(mine))


def drop_progress(conn: Connection) -> None:
    """How far the logs of jobs that are over were read."""
    conn.execute(delete(progress).where(OVER_PROGRESS))


def _keep_traces(conn: Connection, account: str, known: KnownJob) -> None:
    key = (forgotten_jobs.c.account == account, forgotten_jobs.c.job_id == known.job.id)
    before = conn.execute(select(forgotten_jobs).where(*key)).one_or_none()
    furthest = known.revision if before is None else max(known.revision, before.revision)
    tokens = known.booked_tokens if known.booked_tokens is not None or before is None else before.booked_tokens
    time = before.booked_time if before is not None else None
    if known.booked_time is not None:
        time = msgspec.json.encode(known.booked_time).decode()
    trace = {"account": account, "job_id": known.job.id, "revision": furthest}
    trace |= {"booked_tokens": tokens, "booked_time": time}
    _FORGOTTEN.many(conn, [trace])


def _forget_revisions(conn: Connection, subjects: Sequence[str]) -> None:
    """Of subjects whose names are never given twice."""
    for some in chunks(subjects):
        conn.execute(
            delete(subject_revisions).where(subject_revisions.c.account == "", subject_revisions.c.subject.in_(some))
        )


def _mark(conn: Connection, counter: str, removed: Sequence[int]) -> None:
    if removed and max(removed) > get_cursor(conn, PRUNED + counter):
        set_cursor(conn, PRUNED + counter, max(removed))


def count_deliveries_of(conn: Connection, numbers: Sequence[int]) -> int:
    query = select(func.count()).where(deliveries.c.notification.in_(numbers))
    return int(conn.execute(query).scalar_one())
