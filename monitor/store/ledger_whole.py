"""Whether the ledger has all that was booked, by the word of jobs and of events: for `db check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, func, select

from monitor.model import BookedTime, EventType
from monitor.store.tables import bookings, events, forgotten_jobs, jobs

AT_ONCE = 500
SHOWN = 3
_USED = (EventType.USAGE_RECORDED.value, EventType.USAGE_CORRECTED.value)
_Job = tuple[str, str]
"""Account and id."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What of a job's document is about the ledger."""

    booked_tokens: int | None = None
    booked_time: BookedTime | None = None

    @property
    def amounts(self) -> tuple[int, int, int]:
        time = self.booked_time
        return self.booked_tokens or 0, time.node_ms if time else 0, (time.card_ms or 0) if time else 0


_decode = msgspec.json.Decoder(_Said).decode
_decode_time = msgspec.json.Decoder(BookedTime).decode


def unbooked(conn: Connection) -> Iterator[str]:
    """One line where jobs have less in the ledger than is known to be booked of them, or fewer rows than were told.
    Jobs whose first figure was told to nobody have no event, and events grow old: each sees what the other cannot."""
    amounts, rows = _held(conn)
    said = _said(conn)
    lost = {job for job, (_, known) in said.items() if _less(amounts.get(job, (0, 0, 0)), known)}
    lost |= {job for job, count in _told(conn) if count > rows.get(job, 0)}
    if lost:
        shown = ", ".join(f"{job} of {account}" for account, job in sorted(lost)[:SHOWN])
        have = "1 job has" if len(lost) == 1 else f"{len(lost)} jobs have"
        more = " and others" if len(lost) > SHOWN else ""
        yield f"ledger: {have} less in it than was booked: {shown}{more}"


def _held(conn: Connection) -> tuple[dict[_Job, tuple[int, int, int]], dict[_Job, int]]:
    """By job: what its rows come to, and how many there are."""
    job = (bookings.c.account, bookings.c.job_id)
    sums = (func.sum(column) for column in (bookings.c.tokens, bookings.c.node_ms, bookings.c.card_ms))
    amounts: dict[_Job, tuple[int, int, int]] = {}
    rows: dict[_Job, int] = {}
    query = select(*job, func.count(), *sums).group_by(*job)
    for account, job_id, count, *each in conn.execute(query.execution_options(yield_per=AT_ONCE)):
        tokens, nodes, cards = map(int, each)
        amounts[account, job_id], rows[account, job_id] = (tokens, nodes, cards), count
    return amounts, rows


def _said(conn: Connection) -> dict[_Job, tuple[int, tuple[int, int, int]]]:
    """By job: its revision and what is booked of it, by the row that was advanced furthest."""
    found: dict[_Job, tuple[int, tuple[int, int, int]]] = {}
    query = select(jobs.c.account, jobs.c.job_id, jobs.c.revision, jobs.c.doc)
    for account, job_id, revision, doc in conn.execute(query.execution_options(yield_per=AT_ONCE)):
        _furthest(found, (account, job_id), revision, _decode(doc))
    left = select(forgotten_jobs).execution_options(yield_per=AT_ONCE)
    for row in conn.execute(left):
        time = _decode_time(row.booked_time) if row.booked_time else None
        _furthest(found, (row.account, row.job_id), row.revision, _Said(row.booked_tokens, time))
    return found


def _furthest(found: dict[_Job, tuple[int, tuple[int, int, int]]], job: _Job, revision: int, said: _Said) -> None:
    if job not in found or revision > found[job][0]:
        found[job] = (revision, said.amounts)


def _told(conn: Connection) -> Iterator[tuple[_Job, int]]:
    """How often it was told of a job what it used; what retention has removed is not counted."""
    subject = (events.c.account, events.c.subject)
    query = select(*subject, func.count()).where(events.c.type.in_(_USED)).group_by(*subject)
    for account, name, count in conn.execute(query.execution_options(yield_per=AT_ONCE)):
        yield (account, name.removeprefix("job/")), count


def _less(held: tuple[int, int, int], known: tuple[int, int, int]) -> bool:
    return any(there < said for there, said in zip(held, known, strict=True))
