"""The platform that a scenario tells of: jobs and flavors as they really are, whether anybody looks or not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from monitor.lab.steps import FlavorStep, JobStep
from monitor.model import (
    NORMAL,
    SOLD_OUT,
    Account,
    Catalogue,
    Flavor,
    Job,
    JobError,
    JobState,
    KnownFlavor,
    KnownJob,
)

_STATES: Final = {
    "submitted": JobState.PENDING,
    "queued": JobState.QUEUED,
    "running": JobState.RUNNING,
    "requeued": JobState.QUEUED,
    "reopened": JobState.RUNNING,
    "stopping": JobState.STOPPING,
    "succeeded": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "canceled": JobState.CANCELED,
}
_ARTS: Final = {
    JobState.PENDING: "Creating",
    JobState.QUEUED: "Pending",
    JobState.RUNNING: "Running",
    JobState.STOPPING: "Terminating",
    JobState.SUCCEEDED: "Completed",
    JobState.FAILED: "Failed",
    JobState.CANCELED: "Terminated",
}
_STUDIO: Final = {JobState.QUEUED: "QUEUING", JobState.STOPPING: "CANCELING"}
STUDIO = "model-studio"
_FACTS = (
    "kind",
    "model",
    "base_model",
    "output_model",
    "flavor",
    "workspace",
    "nodes",
    "accelerators",
    "tokens",
    "url",
)


@dataclass(slots=True)
class TrackedJob:
    """A job, and what the daemon knows of it."""

    account: Account
    job: Job
    known: KnownJob | None = None
    gone: bool = False
    unseen: bool = True
    """Something changed that no poll has seen yet."""


@dataclass(slots=True)
class TrackedFlavor:
    account: Account
    flavor: Flavor
    known: KnownFlavor | None = None
    listed: bool = True
    unseen: bool = True


@dataclass(slots=True)
class Site:
    """One account, and whether it can be seen."""

    account: Account
    blind_since: datetime | None = None
    reason: str | None = None
    trouble: str | None = None
    jobs: dict[str, TrackedJob] = field(default_factory=dict)
    flavors: dict[str, TrackedFlavor] = field(default_factory=dict)


def new_job(account: Account, name: str, step: JobStep, now: datetime) -> Job:
    return Job(
        id=step.id or name,
        name=name,
        state=JobState.PENDING,
        provider_state=word_of(account, JobState.PENDING),
        creator=step.owner,
        created_at=now - timedelta(seconds=step.ago or 0.0),
    )


def moved(account: Account, job: Job, step: JobStep, now: datetime) -> Job:
    """The job after what the step says of it."""
    at = now - timedelta(seconds=step.ago or 0.0)
    facts = {name: getattr(step, name) for name in _FACTS if getattr(step, name) is not None}
    job = replace(job, **facts, creator=step.owner or job.creator, queue_position=step.position)
    word = step.job.word
    if word == "checkpoint":
        return replace(job, checkpoints=(job.checkpoints or 0) + 1)
    if word == "gone":
        return job
    state = _STATES[word]
    if state is JobState.RUNNING:
        job = _running(account, job, at)
    if state.terminal:
        since = job.started_at
        ran = max(0.0, (at - since).total_seconds()) if since is not None else None
        job = replace(job, ended_at=at, duration=ran, error=_error(step) if state is JobState.FAILED else None)
    else:
        job = replace(job, ended_at=None, duration=None, error=None)
    return replace(job, state=state, provider_state=word_of(account, state))


def _running(account: Account, job: Job, at: datetime) -> Job:
    """Model Studio says neither when a job started nor how often it ran."""
    if account.provider == STUDIO:
        return job
    again = job.runs is not None and job.state in (JobState.RUNNING, JobState.QUEUED, JobState.PENDING)
    return replace(
        job, started_at=job.started_at or at, runs=(job.runs or 0) + 1 if again or not job.runs else job.runs
    )


def _error(step: JobStep) -> JobError | None:
    return JobError(code=step.code, message=step.error) if step.error or step.code else None


def word_of(account: Account, state: JobState) -> str:
    """The platform's own word for a state."""
    if account.provider == STUDIO:
        return _STUDIO.get(state, state.value.upper())
    return _ARTS[state]


def new_flavor(name: str, step: FlavorStep) -> Flavor:
    return Flavor(id=name, catalogue=Catalogue.RESOURCE, name=step.name, type=step.type)


def stocked(flavor: Flavor, zone: str | None, word: str, step: FlavorStep) -> Flavor:
    """The flavor with another stock word in that zone, and the facts that the step gives."""
    flavor = replace(flavor, name=step.name or flavor.name, type=step.type or flavor.type)
    if zone is None:
        return flavor
    stock = SOLD_OUT if word == "sold_out" else NORMAL
    return replace(flavor, zones={**flavor.zones, zone: stock})


def opposite(word: str) -> str:
    """What a zone must have been before `word` is told of it."""
    return NORMAL if word == "sold_out" else SOLD_OUT
