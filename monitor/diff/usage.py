"""What a job used: when to look again for tokens that are not there yet, and the event when something is booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

from monitor.diff.context import JobChange, JobContext
from monitor.diff.drafts import draft
from monitor.diff.job_data import job_data
from monitor.model import EventDraft, EventType, JobState, KnownJob, Usage, hours_text

READ_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""After an end that was detected without a figure; later looks are the sweeps'."""
_SOON = timedelta(days=1)
"""An end further back than this will not get its figure by being read again in a minute."""
_USED = frozenset({JobState.SUCCEEDED, JobState.CANCELED})
"""Ends that have a figure; Model Studio gives none for FAILED (docs: fine-tune job object, `usage`)."""


class Booked(Protocol):
    """What the ledger says of one job's figure; `ledger.Booking` is one."""

    @property
    def total(self) -> Usage: ...
    @property
    def delta(self) -> Usage: ...
    @property
    def cost(self) -> Decimal | None: ...
    @property
    def total_cost(self) -> Decimal | None: ...
    @property
    def currency(self) -> str | None: ...
    @property
    def correction(self) -> bool: ...


class InAll(Protocol):
    """What is booked of one job in one currency; `store.UsageSum` is one."""

    @property
    def tokens(self) -> int: ...
    @property
    def node_ms(self) -> int: ...
    @property
    def card_ms(self) -> int: ...
    @property
    def cost(self) -> Decimal | None: ...
    @property
    def currency(self) -> str | None: ...


def usage_in_all(job: Mapping[str, Any], booked: Sequence[InAll]) -> dict[str, Any] | None:
    """`usage` of an event that books nothing: what the job comes to. None where nothing is booked, or in more than one
    currency, for those are not added."""
    if len(booked) != 1:
        return None
    (whole,) = booked
    of_hours = bool(whole.node_ms or whole.card_ms)
    return {
        "tokens": whole.tokens if whole.tokens or not of_hours else None,
        "delta": None,
        "node_hours": hours_text(whole.node_ms) if of_hours else None,
        "delta_node_hours": None,
        "card_hours": hours_text(whole.card_ms) if of_hours else None,
        "delta_card_hours": None,
        "cost": None,
        "total_cost": _money(whole.cost),
        "currency": whole.currency,
        "model": job["base_model"] or job["model"],
        "flavor": job["flavor"],
    }


def usage_event(known: KnownJob, booked: Booked, ctx: JobContext, *, late: bool | None = None) -> EventDraft:
    """`usage.recorded`, or `usage.corrected` with the difference. The figure has no time of its own: detection counts.
    `late` None: only after a gap. Money is text, exact, never rounded; hours are text, to nine places."""
    job = known.job
    usage = {
        "tokens": booked.total.tokens,
        "delta": booked.delta.tokens,
        "node_hours": hours_text(booked.total.node_ms),
        "delta_node_hours": hours_text(booked.delta.node_ms),
        "card_hours": hours_text(booked.total.card_ms),
        "delta_card_hours": hours_text(booked.delta.card_ms),
        "cost": _money(booked.cost),
        "total_cost": _money(booked.total_cost),
        "currency": booked.currency,
        "model": job.base_model or job.model,
        "flavor": job.flavor,
    }
    return draft(
        EventType.USAGE_CORRECTED if booked.correction else EventType.USAGE_RECORDED,
        account=ctx.account,
        subject=f"job/{job.id}",
        now=ctx.now,
        late=ctx.gap if late is None else late,
        data={"job": job_data(known, clock=ctx.platform_now or ctx.now), "usage": usage},
    )


def usage_still_absent(known: KnownJob, ctx: JobContext) -> JobChange | None:
    """The job was read again and nothing has changed: the next look, or none. None when no look was due."""
    if known.usage_due is None or ctx.now < known.usage_due:
        return None
    return JobChange(known=_looked(replace(known, revision=known.revision + 1), ctx))


def after_look(before: KnownJob, known: KnownJob, ctx: JobContext) -> KnownJob:
    """`known` with the schedule that follows from having seen it: begun by an end without a figure, ended by the figure
    or by a reopening, moved on when a look was due."""
    job = known.job
    if not ctx.reports_usage or job.tokens is not None or job.state not in _USED:
        return replace(known, usage_due=None)
    if known.finished_attempt > before.finished_attempt:
        recent = job.ended_at is None or (ctx.platform_now or ctx.now) - job.ended_at <= _SOON
        return replace(known, usage_reads=0, usage_due=ctx.now + READ_AFTER[0] if recent else None)
    if known.usage_due is not None and ctx.now >= known.usage_due:
        return _looked(known, ctx)
    return known


def _looked(known: KnownJob, ctx: JobContext) -> KnownJob:
    assert known.usage_due is not None
    reads = known.usage_reads + 1
    if reads >= len(READ_AFTER):
        return replace(known, usage_reads=reads, usage_due=None)
    ended = known.usage_due - READ_AFTER[known.usage_reads]
    return replace(known, usage_reads=reads, usage_due=max(ended + READ_AFTER[reads], ctx.now + READ_AFTER[0]))


def _money(amount: Decimal | None) -> str | None:
    return format(amount, "f") if amount is not None else None
