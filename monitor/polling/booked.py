"""Books what a job used that a poll showed, and says so in the events that are told of the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor import diff, ledger
from monitor.diff import JobContext
from monitor.model import EventDraft, EventType, KnownJob
from monitor.store import BookingRow


def book(
    change: diff.JobChange,
    context: JobContext,
    scope_id: int,
    prices: Sequence[ledger.PriceOptions],
    *,
    told: bool,
) -> tuple[diff.JobChange, BookingRow | None]:
    """The change with its usage booked, and the ledger's row; the same change and None where there is no new figure.

    `told` False: the figure is only known from now on (a job that is adopted, or read anew by another parser).
    """
    account, at = context.account, _ended(change.known, context)
    booking = ledger.book(change.known, prices, provider=account.provider, region=account.region, day=at.date())
    if booking is None:
        return change, None
    drafts = change.drafts
    tokens, time = booking.after(change.known)
    known = replace(change.known, booked_tokens=tokens, booked_time=time)
    if told:
        late = any(draft.late for draft in drafts) or None  # a late end and its usage are told together
        usage = diff.usage_event(known, booking, context, late=late)
        drafts = (*(_saying(draft, usage) for draft in drafts), usage)
    return diff.JobChange(known=known, drafts=drafts), _row(context, scope_id, known, booking, at)


def _ended(known: KnownJob, context: JobContext) -> datetime:
    """When it ended: that day chooses the price, and in that time the usage counts. Where the platform proves no end,
    it is when the end was detected; of a job that was over before anybody looked, when it ended at the earliest."""
    job = known.job
    begun = job.started_at or job.created_at
    if job.ended_at is not None:
        return job.ended_at
    if context.baselining and begun is not None:
        return min(begun + timedelta(seconds=job.ran or 0), context.now)
    return known.state_since


def _saying(draft: EventDraft, usage: EventDraft) -> EventDraft:
    """An end that is told in the same breath says what the job used and cost."""
    if draft.type is not EventType.JOB_FINISHED:
        return draft
    return replace(draft, data={**draft.data, "usage": usage.data["usage"]})


def _row(context: JobContext, scope_id: int, known: KnownJob, booking: ledger.Booking, at: datetime) -> BookingRow:
    account, job = context.account, known.job
    return BookingRow(
        account=account.name,
        provider=account.provider,
        region=account.region,
        scope_id=scope_id,
        job_id=job.id,
        job_name=job.name,
        kind=job.kind,
        model=job.base_model or job.model,
        flavor=job.flavor,
        workspace=job.workspace,
        creator=job.creator,
        labels=dict(account.labels),
        at=at,
        tokens=booking.delta.tokens or 0,
        node_ms=booking.delta.node_ms or 0,
        card_ms=booking.delta.card_ms or 0,
        cost=booking.cost,
        currency=booking.currency,
        correction=booking.correction,
    )
