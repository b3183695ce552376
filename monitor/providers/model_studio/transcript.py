"""What the emulated training writes as it goes: log lines and checkpoints, made from a job's progress when asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from monitor.providers.model_studio.simjob import SimJob, stamp

_LINES = 100
"""Lines of a whole training, besides the first and the last ones."""
_KEPT = timedelta(days=15)


def log_lines(job: SimJob, now: datetime) -> list[str]:
    """The lines so far; those already written never change."""
    progress = job.progress(now)
    if job.status in ("PENDING", "QUEUING") or (job.started is None and not progress):
        return []
    start = job.started or job.created
    run = timedelta(seconds=job.plan.run if job.plan else 1200)
    tokens = job.plan.tokens if job.plan else 120_000
    lines = [f"{stamp(start)} INFO start training {job.fields.get('model')} ({job.fields.get('training_type')})"]
    random = Random(job.job_id)  # noqa: S311
    for number in range(1, int(progress * _LINES) + 1):
        loss = 2.5 / (1 + number / 12) + random.uniform(0, 0.05)
        when = stamp(start + run * (number / _LINES))
        lines.append(f"{when} INFO {{'loss': {loss:.4f}, 'epoch': {number / _LINES * 3:.2f}}}")
        if number % 10 == 0:
            lines.append(f"Actual number of consumed tokens is {tokens * number // _LINES} !")
    if job.status == "SUCCEEDED":
        lines += [
            f"{job.fields.get('end_time')} INFO training usage {job.fields.get('usage', tokens)}",
            "##FT_COMPLETE##",
        ]
    if job.status == "FAILED":
        lines.append(f"{job.fields.get('end_time')} ERROR {job.fields.get('message', 'training failed')}")
    return lines


def checkpoints(job: SimJob, now: datetime) -> list[dict[str, Any]]:
    """Checkpoint objects, the latest step first; nothing for a job that tells none."""
    made = job.fields.get("output_cnt")
    return [_checkpoint(job, number, now) for number in range(made if isinstance(made, int) else 0, 0, -1)]


def _checkpoint(job: SimJob, number: int, now: datetime) -> dict[str, Any]:
    step = number * 100
    created = (job.started or job.created) + timedelta(minutes=5 * number)
    published = job.status == "SUCCEEDED" and number == job.fields.get("output_cnt")
    shown: dict[str, Any] = {
        "job_id": job.job_id,
        "checkpoint_id": f"{job.job_id}:checkpoint-{step}",
        "full_name": f"{job.job_id}:checkpoint-{step}",
        "checkpoint": f"checkpoint-{step}",
        "step": step,
        "status": "SUCCEEDED" if published else "PENDING",
        "create_time": _iso(created),
        "expire_time": _iso(created + _KEPT),
    }
    if published:
        name = job.fields.get("finetuned_output")
        shown |= {"model_name": name, "model_display_name": name}
    return shown


def _iso(moment: datetime) -> str:
    """Checkpoints write the time with a T (reference: section 3)."""
    return stamp(moment.astimezone(UTC)).replace(" ", "T")
