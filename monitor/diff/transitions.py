"""The transition table of jobs: from what was known and what is seen to the steps between. Knows no accounts, no data.

Rows that the table leaves to judgement:

* The last known state counts while the platform's word is unknown, so nothing is derived from going in or out.
* A start that is proven by its time (`started_at`) is a step of its own, before the state that is seen. What came
  between that start and a waiting state has no time, so it makes no `job.requeued`.
* A job that was over and is over with another outcome, or with more runs, has had an attempt in between: its end is
  told, with the next attempt's number; the reopening was not seen and is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from monitor.diff.stay import Stay
from monitor.model import EventType, Job, JobState, KnownJob

_WAITING = frozenset({JobState.PENDING, JobState.QUEUED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event to tell: `at` is the platform's time of it, None where the platform gives none."""

    type: EventType
    at: datetime | None
    previous: Stay | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where the steps led: `known` has the new job and state; its revision is not advanced."""

    known: KnownJob
    steps: tuple[Step, ...]


def walk(known: KnownJob, job: Job, *, now: datetime, first: bool = False) -> Walk:
    """The steps from `known` to `job`, which must not be in UNKNOWN unless `known` is. `first`: `known` is only the
    empty start of a job that was never seen, so no step has a previous state."""
    old, new = known.job.state, job.state
    grew = _runs_grew(known, job)
    again = old.terminal and (not new.terminal or new is not old or grew)
    if old.terminal and not again:
        return Walk(known=_arrived(known, job, known.state_since), steps=())
    steps: list[Step] = []
    stay = None if first else Stay(state=old, provider_state=known.job.provider_state, since=known.state_since)
    if again:
        known = replace(known, attempt=known.attempt + 1)
        if not new.terminal:
            steps.append(Step(type=EventType.JOB_REOPENED, at=None, previous=stay))
    if job.started_at is not None and not known.ever_started and new not in (JobState.RUNNING, JobState.UNKNOWN):
        steps.append(Step(type=EventType.JOB_STARTED, at=job.started_at, previous=stay))
        known = replace(known, ever_started=True)
        if new not in _WAITING and old is not JobState.STOPPING:
            stay = Stay(state=JobState.RUNNING, provider_state=None, since=job.started_at)
    entered = [
        Step(type=row, at=_platform_time(row, known, job), previous=stay)
        for row in _table(known, old, new, grew, again)
    ]
    since = known.state_since
    if new is not old or entered:
        proven = entered[-1].at if entered and (new is JobState.RUNNING or new.terminal) else None
        since = proven or now
    return Walk(known=_arrived(known, job, since), steps=(*steps, *entered))


def _table(known: KnownJob, old: JobState, new: JobState, grew: bool, again: bool) -> list[EventType]:
    """The rows that hold, in order."""
    if new is JobState.RUNNING:
        if old is JobState.RUNNING:
            return [EventType.JOB_RESTARTED] if grew else []
        return [EventType.JOB_RESTARTED if known.ever_started else EventType.JOB_STARTED]
    rows = [EventType.JOB_RESTARTED] if grew else []
    if new is old and not again:
        return rows
    if new in _WAITING and old is JobState.RUNNING:
        rows.append(EventType.JOB_REQUEUED)
    elif new is JobState.QUEUED and not known.ever_queued:
        rows.append(EventType.JOB_QUEUED)
    elif new is JobState.STOPPING:
        rows.append(EventType.JOB_STOPPING)
    elif new.terminal:
        rows.append(EventType.JOB_FINISHED)
    return rows


def _runs_grew(known: KnownJob, job: Job) -> bool:
    before = known.job.runs
    return known.ever_started and before is not None and job.runs is not None and job.runs > before


def _platform_time(type: EventType, known: KnownJob, job: Job) -> datetime | None:
    if type is EventType.JOB_STARTED:
        return job.started_at
    if type is EventType.JOB_FINISHED:
        return job.ended_at
    if type is EventType.JOB_RESTARTED and known.job.started_at and job.started_at:
        return job.started_at if job.started_at > known.job.started_at else None
    return None


def _arrived(known: KnownJob, job: Job, since: datetime) -> KnownJob:
    state = job.state
    return replace(
        known,
        job=job,
        state_since=since,
        ever_queued=known.ever_queued or state is JobState.QUEUED,
        ever_started=known.ever_started or state is JobState.RUNNING or _proven(job),
        finished_attempt=known.attempt if state.terminal else known.finished_attempt,
    )


def _proven(job: Job) -> bool:
    return job.started_at is not None and job.state is not JobState.UNKNOWN
