"""A job, its former state and its usage as they stand in `data`: flat, JSON-ready, times in RFC 3339, lengths in
seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.diff.drafts import moment
from monitor.diff.stay import Stay, seconds_between
from monitor.model import Job, JobError, JobState, KnownJob


def job_data(known: KnownJob, *, clock: datetime) -> dict[str, Any]:
    """The job as it now is. `elapsed`: since it was created, up to its end or to `clock` (the platform's if known)."""
    job = known.job
    end = job.ended_at if job.state.terminal and job.ended_at is not None else clock
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state.value,
        "provider_state": job.provider_state,
        "attempt": known.attempt,
        "kind": job.kind,
        "model": job.model,
        "base_model": job.base_model,
        "output_model": job.output_model,
        "flavor": job.flavor,
        "nodes": job.nodes,
        "accelerators": job.accelerators,
        "workspace": job.workspace,
        "creator": job.creator,
        "created_at": moment(job.created_at),
        "started_at": moment(job.started_at),
        "ended_at": moment(job.ended_at),
        "duration": job.duration if known.gone and job.duration else running_time(job, clock=clock),
        "elapsed": seconds_between(job.created_at, end) if job.created_at is not None else None,
        "error": error_data(job.error),
        "runs": job.runs,
        "checkpoints": job.checkpoints,
        "max_checkpoints": job.max_checkpoints,
        "tokens": job.tokens,
        "queue_position": job.queue_position,
        "url": job.url,
        "extra": dict(job.extra),
    }


def running_time(job: Job, *, clock: datetime) -> float | None:
    """Seconds it ran: from its start to `clock` while it runs, for the platform's figure is as old as
    its poll; else the platform's figure, else from its start to its end; else None."""
    if job.state is JobState.RUNNING and job.started_at is not None:
        return seconds_between(job.started_at, clock)
    if job.duration is not None:
        return job.duration
    if job.started_at is None:
        return None
    ended = job.ended_at if job.state.terminal else None
    return seconds_between(job.started_at, ended) if ended is not None else None


def error_data(error: JobError | None) -> dict[str, str | None] | None:
    return {"code": error.code, "message": error.message} if error is not None else None


def stay_data(stay: Stay | None, *, until: datetime) -> dict[str, Any] | None:
    if stay is None:
        return None
    return {
        "state": stay.state.value,
        "provider_state": stay.provider_state,
        "since": moment(stay.since),
        "duration": seconds_between(stay.since, until),
    }
