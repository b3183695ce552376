"""What a training job is, whatever platform runs it: the type that parsers make and everything else reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class JobState(StrEnum):
    """The states of section 3 of the design. The platform's own word is kept beside it (`provider_state`)."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"

    @property
    def terminal(self) -> bool:
        return self in _TERMINAL


_TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why a job failed, in the platform's words, scrubbed of secrets by the parser."""

    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One training job as a platform showed it. Times are aware UTC; durations are seconds; absent is None, never 0.

    `id` is unique inside a scope's account. `extra` holds platform-specific facts from the provider's allow-list
    (strings, numbers, booleans; nothing secret).
    """

    id: str
    name: str
    state: JobState
    provider_state: str
    kind: str | None = None
    """Training type: sft, dpo_full, job, hetero_job …"""
    model: str | None = None
    """The model it trains (Model Studio) or the engine or algorithm (ModelArts)."""
    base_model: str | None = None
    """Root pre-trained model; what prices are looked up by."""
    output_model: str | None = None
    flavor: str | None = None
    nodes: int | None = None
    accelerators: float | None = None
    """Cards per node, where the platform tells."""
    workspace: str | None = None
    creator: str | None = None
    """The platform's user id or name; `people` maps it to a person."""
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration: float | None = None
    """Running time in seconds, where the platform gives it or both ends are known."""
    ran: float | None = None
    """Seconds that its nodes have run, over all runs inside the job; what node-hours are booked by. None where the
    platform does not tell."""
    error: JobError | None = None
    runs: int | None = None
    """Run attempts inside the job (ModelArts `running_records`)."""
    checkpoints: int | None = None
    max_checkpoints: int | None = None
    tokens: int | None = None
    """Training tokens used. None: the platform has not said (which is not 0)."""
    queue_position: int | None = None
    url: str | None = None
    """The job's page in the platform's console."""
    extra: Mapping[str, str | int | float | bool] = field(default_factory=dict)
