"""Turns the steps of a job into its events, each with what a reader of that event wants to know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.diff.context import JobContext
from monitor.diff.drafts import draft
from monitor.diff.job_data import error_data, job_data, running_time, stay_data
from monitor.diff.late import is_late
from monitor.diff.stay import Stay, seconds_between
from monitor.diff.transitions import Step
from monitor.model import EventDraft, EventType, JobState, KnownJob, Severity


def tell(known: KnownJob, steps: Iterable[Step], ctx: JobContext, *, late: bool = False) -> tuple[EventDraft, ...]:
    """`late` marks all of them, whatever their times say."""
    clock = ctx.platform_now or ctx.now
    job = job_data(known, clock=clock)
    return tuple(_event(known, step, ctx, job, late=late) for step in steps)


def checkpoint(known: KnownJob, before: int | None, ctx: JobContext) -> EventDraft:
    """`before` is the count that was known, None where the platform had said nothing yet."""
    return draft(
        EventType.JOB_CHECKPOINT,
        account=ctx.account,
        subject=subject_of(known),
        now=ctx.now,
        late=ctx.gap,
        data={
            "job": job_data(known, clock=ctx.platform_now or ctx.now),
            "checkpoints": {"old": before, "new": known.job.checkpoints},
        },
    )


def gone(known: KnownJob, ctx: JobContext) -> EventDraft:
    stay = Stay(state=known.job.state, provider_state=known.job.provider_state, since=known.state_since)
    return draft(
        EventType.JOB_GONE,
        account=ctx.account,
        subject=subject_of(known),
        now=ctx.now,
        late=ctx.gap,
        data={"job": job_data(known, clock=ctx.platform_now or ctx.now)},
        previous=stay_data(stay, until=ctx.now),
    )


def subject_of(known: KnownJob) -> str:
    return f"job/{known.job.id}"


def _event(known: KnownJob, step: Step, ctx: JobContext, job: dict[str, Any], *, late: bool) -> EventDraft:
    failed = step.type is EventType.JOB_FINISHED and known.job.state is JobState.FAILED
    data: dict[str, Any] = {"job": job, "attempt": known.attempt}
    if step.type is EventType.JOB_FINISHED:
        data |= _ending(known, step, ctx)
        data["job"] = job | {"duration": data["duration"]}
    return draft(
        step.type,
        account=ctx.account,
        subject=subject_of(known),
        now=ctx.now,
        time=step.at,
        late=late or is_late(step.at, previous_good=ctx.previous_good, gap=ctx.gap),
        severity=Severity.WARNING if failed else None,
        data=data,
        previous=stay_data(step.previous, until=step.at or ctx.now),
    )


def _ending(known: KnownJob, step: Step, ctx: JobContext) -> dict[str, Any]:
    job = known.job
    return {
        "outcome": job.state.value,
        "duration": _ran(known, step, ctx),
        "error": error_data(job.error),
        "output_model": job.output_model,
    }


def _ran(known: KnownJob, step: Step, ctx: JobContext) -> float | None:
    """Seconds; where the platform tells neither length nor start, from when it was seen to begin running. A job that
    was running when the baseline was taken began at a moment that nobody saw: None, rather than too little."""
    ran = running_time(known.job, clock=ctx.platform_now or ctx.now)
    stay = step.previous
    if ran is not None or stay is None or stay.state is not JobState.RUNNING:
        return ran
    if ctx.baseline_from is not None and stay.since <= ctx.baseline_from:
        return None
    return seconds_between(stay.since, step.at or ctx.now)
