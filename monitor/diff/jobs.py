"""Observed job x known job -> what to save and what to tell. The one place that polling asks about jobs."""

from __future__ import annotations

from dataclasses import replace

from monitor.diff import stories
from monitor.diff.adoption import Verdict, first_since, judge
from monitor.diff.context import JobChange, JobContext
from monitor.diff.significant import significant
from monitor.diff.transitions import Step, walk
from monitor.diff.usage import after_look
from monitor.model import EventType, Job, JobState, KnownJob


def diff_job(known: KnownJob | None, job: Job, ctx: JobContext) -> JobChange | None:
    """None: nothing that counts differs, nothing to write.

    A job that was gone and is seen again is the same job: it is not submitted a second time, and what changed since it
    was last seen is told as ever.
    """
    if known is None:
        return _first_sight(job, ctx)
    seen = _merged(known.job, job)
    back = known.gone or known.missing_since is not None
    if not back and significant(seen) == significant(known.job):
        return None
    known = replace(known, revision=known.revision + 1, gone=False, missing_since=None)
    if job.state is JobState.UNKNOWN:
        return JobChange(known=replace(known, job=seen))
    walked = walk(known, seen, now=ctx.now)
    after = after_look(known, walked.known, ctx)
    drafts = list(stories.tell(after, walked.steps, ctx))
    before = known.job.checkpoints
    if seen.checkpoints is not None and seen.checkpoints > (before or 0):
        finished = bool(drafts) and drafts[-1].type is EventType.JOB_FINISHED
        drafts.insert(len(drafts) - finished, stories.checkpoint(after, before, ctx))
    return JobChange(known=after, drafts=tuple(drafts))


def job_missing(known: KnownJob, ctx: JobContext) -> JobChange:
    """The platform says that it has no such job. Remembered, not believed: `gone` needs a complete listing as well."""
    since = known.missing_since or ctx.now
    return JobChange(known=replace(known, revision=known.revision + 1, missing_since=since))


def job_gone(known: KnownJob, ctx: JobContext) -> JobChange:
    """Confirmed: neither its own read nor a complete listing has it. Told once, with its last state."""
    after = replace(known, revision=known.revision + 1, gone=True, usage_due=None)
    after = replace(after, missing_since=known.missing_since or ctx.now)
    return JobChange(known=after, drafts=() if known.gone else (stories.gone(after, ctx),))


def _first_sight(job: Job, ctx: JobContext) -> JobChange:
    nothing = replace(job, state=JobState.UNKNOWN, started_at=None, runs=None)
    start = KnownJob(job=nothing, revision=1, state_since=first_since(job, ctx))
    walked = walk(start, job, now=start.state_since, first=True)
    if job.state is JobState.PENDING and job.created_at is not None and not walked.known.ever_started:
        walked = replace(walked, known=replace(walked.known, state_since=job.created_at))
    verdict = judge(job, ctx)
    steps = (Step(type=EventType.JOB_SUBMITTED, at=job.created_at, previous=None), *walked.steps)
    if verdict is Verdict.SILENT:
        return JobChange(known=walked.known)
    if verdict is Verdict.END:
        steps = tuple(step for step in steps if step.type is EventType.JOB_FINISHED)
    known = after_look(start, walked.known, ctx)
    return JobChange(known=known, drafts=stories.tell(known, steps, ctx, late=verdict is Verdict.LATE))


def _merged(before: Job, job: Job) -> Job:
    """What is seen, with what stays true where nothing is said: the last known state under a word that is unknown, and
    counts that were given before. Under an unknown word the counts stand still, so that their growth is told with the
    next state that is known."""
    if job.state is JobState.UNKNOWN:
        return replace(job, state=before.state, runs=before.runs, checkpoints=before.checkpoints, ran=before.ran)
    runs = job.runs if job.runs is not None else before.runs
    checkpoints = job.checkpoints if job.checkpoints is not None else before.checkpoints
    creator = job.creator or before.creator  # ModelArts' own read of a job may leave it empty (sample of "show")
    over = before.state.terminal and job.state.terminal
    return replace(
        job,
        runs=runs,
        checkpoints=checkpoints,
        creator=creator,
        nodes=job.nodes if job.nodes is not None else before.nodes,
        accelerators=job.accelerators if job.accelerators is not None else before.accelerators,
        ran=before.ran if over and job.ran is None else job.ran,
    )
