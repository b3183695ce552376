"""Judges a job that was never seen before: news, or history that the daemon only has to know (promises 6 and 7)."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from monitor.diff.context import JobContext
from monitor.model import Job


class Verdict(Enum):
    """How much of a job's story is told at first sight."""

    SILENT = "silent"
    """Known from now on, nothing told."""
    END = "end"
    """Only its end: it was there before the baseline and ended while the baseline was taken."""
    ALL = "all"
    LATE = "late"
    """All, marked late: it is older than the baseline and should have been seen by it."""


def judge(job: Job, ctx: JobContext) -> Verdict:
    """Compares the job's own times with the platform's clock at the start of the baseline, nothing with ours."""
    if ctx.baselining and ctx.first_run == "full":
        return Verdict.ALL
    start = ctx.baseline_from
    if start is not None and job.ended_at is not None and job.state.terminal and job.ended_at <= start:
        return Verdict.SILENT
    if start is not None and job.created_at is not None and job.created_at > start:
        return Verdict.ALL
    if not ctx.baselining:
        # Times are whole seconds: a job of the very second in which the baseline began is no older than it.
        older = start is not None and job.created_at is not None and job.created_at < start
        return Verdict.LATE if older else Verdict.ALL
    ended_since = job.state.terminal and job.ended_at is not None and start is not None
    return Verdict.END if ended_since else Verdict.SILENT


def first_since(job: Job, ctx: JobContext) -> datetime:
    """When a state that no time proves was entered, for a job seen for the first time: detection; for one that was
    there at the baseline its start, which says "then or before"."""
    start = ctx.baseline_from
    old = job.created_at is None or (start is not None and job.created_at <= start)
    return start if ctx.baselining and old and start is not None else ctx.now
