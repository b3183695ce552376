"""One transaction: what a poll found, held against what is known, becomes state, events and bookings together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from monitor import diff, ledger, store
from monitor.diff import JobContext
from monitor.model import EventDraft, EventType, Job, KnownJob
from monitor.polling.sight import Found
from monitor.providers.ports import Drift
from monitor.store import BookingRow, Connection, JobWrite, ScopeRow

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


@dataclass(frozen=True, slots=True)
class Ingested:
    """What the commit left: rows by job id, and how many events it made (quiet ones not counted)."""

    known: Mapping[str, KnownJob]
    events: int


@dataclass(slots=True)
class _Harvest:
    writes: list[JobWrite] = field(default_factory=list)
    drafts: list[tuple[EventDraft, int]] = field(default_factory=list)
    bookings: list[BookingRow] = field(default_factory=list)


def ingest_jobs(conn: Connection, batch: Batch, *, epoch: str, prices: Sequence[ledger.PriceOptions]) -> Ingested:
    """Runs inside the writer's transaction. Raises StaleWrite when another writer moved a row; nothing is kept then."""
    rows = store.load_jobs(conn, batch.scope.id, [*batch.news, *batch.others])
    harvest = _Harvest()
    for job_id, found in reversed(list(batch.news.items())):  # listings are newest first; stories are told oldest first
        before = rows.get(job_id)
        change = diff.diff_job(before, found.job, batch.context)
        if change is not None:
            booking = _book(batch, before, change.known.job, prices)
            _keep(batch, harvest, before, change, found, booked=booking is not None)
            if booking is not None:
                _enter(batch, harvest, before, change, booking)
    for job_id, rereading in batch.others.items():
        if (before := rows.get(job_id)) is not None and (moved := rereading(before, batch.context)) is not None:
            _keep(batch, harvest, before, moved, None)
    store.save_jobs(conn, batch.scope.id, harvest.writes, now=batch.context.now)
    store.book(conn, *harvest.bookings)
    harvest.drafts.extend(own_drafts(conn, batch.context.account.name, _drifted(conn, batch)))
    harvest.drafts.extend(own_drafts(conn, batch.context.account.name, batch.own))
    store.append_events(conn, epoch, harvest.drafts)
    if batch.scope_changes:
        store.update_scope(conn, batch.scope.id, **batch.scope_changes)
    known = {write.known.job.id: write.known for write in harvest.writes}
    return Ingested(known, sum(not draft.quiet for draft, _ in harvest.drafts))


def own_drafts(conn: Connection, account: str | None, drafts: Iterable[EventDraft]) -> list[tuple[EventDraft, int]]:
    """Gives events whose subject has no row of its own their revision."""
    return [(draft, store.next_revision(conn, account, draft.subject)) for draft in drafts]


def _keep(
    batch: Batch,
    harvest: _Harvest,
    before: KnownJob | None,
    change: diff.JobChange,
    found: Found | None,
    *,
    booked: bool = False,
) -> None:
    drafts = change.drafts
    if batch.refresh:
        drafts = tuple(draft for draft in drafts if draft.type in _STATE_STORY)
    harvest.drafts.extend((draft, change.known.revision) for draft in drafts)
    known = replace(change.known, booked_tokens=change.known.job.tokens) if booked else change.known
    harvest.writes.append(
        JobWrite(
            known=known,
            previous_revision=before.revision if before is not None else None,
            hash=found.hash if found else None,
            significant=found.significant if found else None,
        )
    )


def _book(
    batch: Batch, before: KnownJob | None, job: Job, prices: Sequence[ledger.PriceOptions]
) -> ledger.Booking | None:
    account = batch.context.account
    return ledger.book(
        before.booked_tokens if before else None,
        job,
        prices,
        provider=account.provider,
        region=account.region,
        day=(job.ended_at or batch.context.now).date(),
    )


def _enter(
    batch: Batch, harvest: _Harvest, before: KnownJob | None, change: diff.JobChange, booking: ledger.Booking
) -> None:
    job, context = change.known.job, batch.context
    harvest.bookings.append(
        BookingRow(
            account=context.account.name,
            provider=context.account.provider,
            scope_id=batch.scope.id,
            job_id=job.id,
            job_name=job.name,
            model=job.base_model or job.model,
            creator=job.creator,
            labels=dict(context.account.labels),
            at=job.ended_at or context.now,
            tokens=booking.delta,
            cost=booking.cost,
            currency=booking.currency,
            correction=booking.correction,
        )
    )
    adopted = before is None and not change.drafts
    if adopted:
        return
    late = any(draft.late for draft in change.drafts) or None  # a late end and its usage are told together
    told = diff.usage_event(change.known, booking, context, late=late)
    harvest.drafts[:] = [(_with_usage(draft, told, change.known), revision) for draft, revision in harvest.drafts]
    harvest.drafts.append((told, change.known.revision))


def _with_usage(draft: EventDraft, told: EventDraft, known: KnownJob) -> EventDraft:
    """An end that is told in the same breath says what the job used and cost."""
    if draft.type is not EventType.JOB_FINISHED or draft.subject != told.subject:
        return draft
    return replace(draft, data={**draft.data, "usage": told.data["usage"]})


def _drifted(conn: Connection, batch: Batch) -> list[EventDraft]:
    context, watch = batch.context, batch.scope.scope.watch
    drafts = [
        diff.unrecognised(context.account, drift.kind, drift.word, now=context.now)
        for drift in batch.drift
        if store.first_sight(conn, context.account.name, drift.kind, drift.word)
    ]
    drafts += [
        diff.malformed(context.account, watch, item, what, now=context.now)
        for item, what in batch.bad.items()
        if store.first_sight(conn, context.account.name, "malformed", item)
    ]
    return drafts
