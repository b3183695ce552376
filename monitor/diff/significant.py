"""Which facts of a job count as a change: polling hashes them, the diff compares them."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.model import Job

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def significant(job: Job) -> tuple[object, ...]:
    """The values whose change is worth a write. Only str, int, float and None, in a fixed order, so that the tuple can
    be compared, hashed and encoded; times are epoch milliseconds, as the store keeps them.

    Left out is what moves by itself (duration, queue position; how long its nodes ran, until it is over) and what is
    only informative (`extra`, the console link): a ModelArts `secondary_phase` may change at any time and means nothing
    that can be relied on.
    """
    error = job.error
    return (
        job.state.value,
        job.provider_state,
        job.name,
        job.kind,
        job.model,
        job.base_model,
        job.output_model,
        job.flavor,
        job.nodes,
        job.accelerators,
        job.workspace,
        job.creator,
        _milliseconds(job.created_at),
        _milliseconds(job.started_at),
        _milliseconds(job.ended_at),
        error.code if error else None,
        error.message if error else None,
        job.runs,
        job.checkpoints,
        job.max_checkpoints,
        job.tokens,
        _milliseconds_of(job.ran) if job.state.terminal else None,
    )


def _milliseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    gone = moment - _EPOCH
    return (gone.days * 86_400 + gone.seconds) * 1000 + gone.microseconds // 1000


def _milliseconds_of(seconds: float | None) -> int | None:
    return round(seconds * 1000) if seconds is not None else None
