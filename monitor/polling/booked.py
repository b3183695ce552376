"""Books the tokens of a job that a poll showed, and says so in the events that are told of the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor import diff, ledger
from monitor.diff import JobContext
from monitor.model import EventDraft, EventType, Job
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
    account, job = context.account, change.known.job
    booking = ledger.book(
        change.known.booked_tokens,
        job,
        prices,
        provider=account.provider,
        region=account.region,
        day=(job.ended_at or context.now).date(),
    )
    if booking is None:
        return change, None
    drafts = change.drafts
    known = replace(change.known, booked_tokens=job.tokens)
    if told:
        late = any(draft.late for draft in drafts) or None  # a late end and its usage are told together
        usage = diff.usage_event(known, booking, context, late=late)
        drafts = (*(_saying(draft, usage) for draft in drafts), usage)
    return diff.JobChange(known=known, drafts=drafts), _row(context, scope_id, job, booking)


def _saying(draft: EventDraft, usage: EventDraft) -> EventDraft:
    """An end that is told in the same breath says what the job used and cost."""
    if draft.type is not EventType.JOB_FINISHED:
        return draft
    return replace(draft, data={**draft.data, "usage": usage.data["usage"]})


def _row(context: JobContext, scope_id: int, job: Job, booking: ledger.Booking) -> BookingRow:
    account = context.account
    return BookingRow(
        account=account.name,
        provider=account.provider,
        scope_id=scope_id,
        job_id=job.id,
        job_name=job.name,
        model=job.base_model or job.model,
        creator=job.creator,
        labels=dict(account.labels),
        at=job.ended_at or context.now,
        tokens=booking.delta,
        cost=booking.cost,
        currency=booking.currency,
        correction=booking.correction,
    )
