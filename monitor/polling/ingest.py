"""One transaction: what a poll found, held against what is known, becomes state, events and bookings together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from monitor import diff, ledger, store
from monitor.diff import JobContext
from monitor.model import Account, EventDraft, EventType, KnownJob
from monitor.polling.booked import book
from monitor.polling.deleted import by_whom
from monitor.polling.sight import Found
from monitor.providers.ports import Drift
from monitor.store import BookingRow, Connection, JobWrite, ScopeRow, Trace

_STATE_STORY = frozenset(
    {
        EventType.JOB_SUBMITTED,
        EventType.JOB_QUEUED,
        EventType.JOB_STARTED,
        EventType.JOB_REQUEUED,
        EventType.JOB_STOPPING,
        EventType.JOB_FINISHED,
        EventType.JOB_REOPENED,
    }
)
"""What is told even while a new parser version refreshes what is known."""
_LEFT = (EventType.JOB_GONE.value, EventType.JOB_DELETED.value)

Rereading = Callable[[KnownJob, JobContext], "diff.JobChange | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one commit of a jobs scope holds. `others` are changes that need the row as it is now (missing, gone, a
    usage that was looked for), by job id."""

    scope: ScopeRow
    context: JobContext
    news: Mapping[str, Found] = field(default_factory=dict)
    others: Mapping[str, Rereading] = field(default_factory=dict)
    drift: Sequence[Drift] = ()
    bad: Mapping[str, str] = field(default_factory=dict)
    own: Sequence[EventDraft] = ()
    """Events of the account itself (baselined, view_shrunk)."""
    scope_changes: Mapping[str, Any] = field(default_factory=dict)
    refresh: bool = False
    """A new parser version: only what the state tells is told."""
    unvouched: bool = False
    """Nothing shows that what is missing was looked for where it was: it is gone, and not by a deletion of ours."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What the commit left: rows by job id, how many events it made (quiet ones not counted), and how many bookings."""

    known: Mapping[str, KnownJob]
    events: int
    booked: int = 0


@dataclass(slots=True)
class _Harvest:
    writes: list[JobWrite] = field(default_factory=list)
    drafts: list[tuple[EventDraft, int]] = field(default_factory=list)
    bookings: list[BookingRow] = field(default_factory=list)


def ingest_jobs(conn: Connection, batch: Batch, *, epoch: str, prices: Sequence[ledger.PriceOptions]) -> Ingested:
    """Runs inside the writer's transaction. Raises StaleWrite when another writer moved a row; nothing is kept then."""
    rows = store.load_jobs(conn, batch.scope.id, [*batch.news, *batch.others])
    elsewhere = store.load_jobs_elsewhere(conn, batch.scope.id, [*batch.news, *batch.others])
    harvest = _Harvest()
    for job_id, found in reversed(list(batch.news.items())):  # listings are newest first; stories are told oldest first
        before = known = rows.get(job_id)
        for each in [found] if batch.context.baselining else found.story():
            change = diff.diff_job(known, each.job, batch.context)
            if change is not None:
                other = elsewhere.get(job_id)
                change = _heard(_after_elsewhere(change, known, other), batch)
                change = _untold(conn, change, known, other, batch.context.account.name)
                told = bool(change.drafts) or not (known is None or batch.refresh)
                change, row = book(change, batch.context, batch.scope.id, prices, told=told)
                harvest.bookings.extend([row] if row else [])
                harvest.drafts.extend((draft, change.known.revision) for draft in change.drafts)
                known = change.known
        if known is not None and known is not before:
            harvest.writes.append(_write(before, known, found))
    for job_id, rereading in batch.others.items():
        if (before := rows.get(job_id)) is not None and (moved := rereading(before, batch.context)) is not None:
            other = elsewhere.get(job_id)
            moved = _after_elsewhere(moved, before, other)
            moved = _untold(conn, moved, before, other, batch.context.account.name)
            if not batch.unvouched:
                moved = by_whom(conn, batch.context.account.name, moved, now=batch.context.now)
            harvest.drafts.extend((draft, moved.known.revision) for draft in moved.drafts)
            harvest.writes.append(_write(before, moved.known, None))
    store.save_jobs(conn, batch.scope.id, harvest.writes, now=batch.context.now)
    store.book(conn, *harvest.bookings)
    watch = batch.scope.scope.watch
    strange = strange_drafts(conn, batch.context.account, watch, batch.drift, batch.bad, now=batch.context.now)
    harvest.drafts.extend(own_drafts(conn, batch.context.account.name, [*strange, *batch.own]))
    store.append_events(conn, epoch, harvest.drafts)
    if batch.scope_changes:
        store.update_scope(conn, batch.scope.id, **batch.scope_changes)
    done = {write.known.job.id: write.known for write in harvest.writes}
    return Ingested(done, sum(not draft.quiet for draft, _ in harvest.drafts), len(harvest.bookings))


def own_drafts(conn: Connection, account: str | None, drafts: Iterable[EventDraft]) -> list[tuple[EventDraft, int]]:
    """Gives events whose subject has no row of its own their revision."""
    return [(draft, store.next_revision(conn, account, draft.subject)) for draft in drafts]


def strange_drafts(
    conn: Connection,
    account: Account,
    watch: str,
    drift: Iterable[Drift],
    bad: Mapping[str, str],
    *,
    now: datetime,
) -> list[EventDraft]:
    """What was unknown or unreadable and was never reported for this account before."""
    drafts = [
        diff.unrecognised(account, each.kind, each.word, now=now)
        for each in drift
        if store.first_sight(conn, account.name, each.kind, each.word)
    ]
    drafts += [
        diff.malformed(account, watch, item, what, now=now)
        for item, what in bad.items()
        if store.first_sight(conn, account.name, "malformed", item)
    ]
    return drafts


def _heard(change: diff.JobChange, batch: Batch) -> diff.JobChange:
    """Without what another parser only reads otherwise."""
    if not batch.refresh:
        return change
    return replace(change, drafts=tuple(draft for draft in change.drafts if draft.type in _STATE_STORY))


def _untold(
    conn: Connection, change: diff.JobChange, before: KnownJob | None, other: Trace | None, account: str
) -> diff.JobChange:
    """Without what another scope has told while this one was not polled."""
    if before is None or other is None or other.revision <= before.revision or not change.drafts:
        return change
    told = store.told_since(conn, account, change.drafts[0].subject, before.revision)
    left = any(kind in _LEFT for kind, _ in told)  # the time of that is the one of the look that found it out
    news = (each for each in change.drafts if not (left and each.type is EventType.JOB_GONE))
    return replace(change, drafts=tuple(each for each in news if (each.type.value, each.time) not in told))


def _after_elsewhere(change: diff.JobChange, before: KnownJob | None, other: Trace | None) -> diff.JobChange:
    """The same job in another scope of the account (the filter or the endpoint was changed), or one that retention had
    removed: its events go on counting from where they were, for an id is never given twice, and what it used
    is not booked a second time, also where this scope is polled again after another one was."""
    if other is None:
        return change
    known = replace(change.known, revision=max(change.known.revision, other.revision + 1))
    if before is None or other.revision > before.revision:
        known = other.carried_to(known)
    back = before is None and other.forgotten and known.job.state.terminal  # its end was told long ago
    return replace(change, known=known, drafts=() if back else change.drafts)


def _write(before: KnownJob | None, known: KnownJob, found: Found | None) -> JobWrite:
    return JobWrite(
        known=known,
        previous_revision=before.revision if before is not None else None,
        hash=found.hash if found else None,
        significant=found.significant if found else None,
    )
