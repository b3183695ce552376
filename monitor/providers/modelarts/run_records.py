"""Reads `running_records`: the runs inside one job, the only sign of a restart while its phase stays Running."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.providers.modelarts import job_fields
from monitor.providers.modelarts.reading import Reader, Section
from monitor.providers.modelarts.scrub import scrub

_REASON = 300


@dataclass(frozen=True, slots=True)
class Run:
    """One run attempt. The platform's times are seconds here, not milliseconds as elsewhere in the job."""

    start: datetime | None
    end: datetime | None
    reason: str | None
    """Scrubbed."""
    recover: str | None
    """How the platform went on after it: npu_proc_restart, pod_reschedule, job_reschedule …"""
    related: str | None


def read_runs(read: Reader, status: Section) -> list[Run]:
    path = "status.running_records"
    runs = []
    for row in read.rows(status, "running_records", path):
        read.unknown_names(row, path, job_fields.RUNNING_RECORD)
        reason = row.get("end_reason")
        runs.append(
            Run(
                start=read.moment(row, "start_at", f"{path}.start_at"),
                end=read.moment(row, "end_at", f"{path}.end_at"),
                reason=scrub(reason, limit=_REASON) or None if isinstance(reason, str) else None,
                recover=read.text(row, "end_recover", f"{path}.end_recover", 80),
                related=read.text(row, "end_related_task", f"{path}.end_related_task", 80),
            )
        )
    return runs


def last_restart(runs: list[Run]) -> dict[str, str | int | float | bool | None]:
    """Why the run before the present one ended and how it was recovered; empty where there was only one."""
    if len(runs) < 2:
        return {}
    before = runs[-2]
    return {
        "last_restart": before.recover,
        "last_restart_reason": before.reason,
        "last_restart_task": before.related,
    }


def time_run(runs: list[Run], duration: float | None) -> float | None:
    """Seconds that the job's nodes ran, over all its runs; None where that cannot be known.

    With one run it is the platform's `duration`. With several, whether `duration` counts the pauses between them is
    disputed (its only description is "run time"), so their own spans are added, overlaps once. A vendor sample has an
    end before its start: where a span makes no sense or has no end yet, the sum would lack a part, and `duration`
    stands before it.
    """
    if len(runs) < 2:
        return duration
    spans = [(run.start, run.end) for run in runs]
    sound = sorted((start, end) for start, end in spans if start is not None and end is not None and start <= end)
    if len(sound) < len(runs) and duration is not None:
        return duration
    total, until = 0.0, None
    for start, end in sound:
        begin = start if until is None else max(start, until)
        total += max(0.0, (end - begin).total_seconds())
        until = end if until is None else max(end, until)
    return total or None
