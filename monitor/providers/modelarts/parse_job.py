"""Makes a `Job` of a job object's bytes: an allow-list; environments, parameters, commands and tokens stay behind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.model import Job, JobError, JobState
from monitor.providers.modelarts import job_fields
from monitor.providers.modelarts.job_setup import cards, engine, extra
from monitor.providers.modelarts.reading import Reader, Section, decode
from monitor.providers.modelarts.run_records import Run, read_runs, time_run
from monitor.providers.modelarts.scrub import scrub
from monitor.providers.ports import Decoded, Malformed

PARSER_VERSION = "modelarts-2"

_STATES: Mapping[str, JobState] = {
    "Creating": JobState.PENDING,
    "Pending": JobState.QUEUED,
    "Running": JobState.RUNNING,
    "Terminating": JobState.STOPPING,
    "Completed": JobState.SUCCEEDED,
    "Failed": JobState.FAILED,
    "Abnormal": JobState.FAILED,
    "Terminated": JobState.CANCELED,
}
_MESSAGE = 500
"""Characters of a failure's message."""


def parse_job(raw: bytes, *, workspace: str | None, region: str | None) -> Decoded[Job]:
    """Raises Malformed for what has no id or no phase. `workspace` is the searched one; `region` makes the url."""
    top = decode(raw, "job")
    read = Reader()
    metadata, status, spec = (_required(top, key) for key in ("metadata", "status", "spec"))
    job_id = _identity(metadata)
    phase = status.get("phase")
    if not isinstance(phase, str) or not phase.strip():
        raise Malformed("a job without status.phase", job_id)
    state = _STATES.get(phase, JobState.UNKNOWN)
    if state is JobState.UNKNOWN:
        read.note("status", phase)
    _unknown_names(read, top, metadata, status, spec)
    resource = read.section(spec, "resource", "spec.resource")
    algorithm = read.section(top, "algorithm", "algorithm")
    runs = read_runs(read, status)
    created, started = read.moment(metadata, "create_time", "metadata.create_time"), _started(read, status)
    duration = read.number(status, "duration", "status.duration")
    seconds = duration / 1000 if duration and 0 < duration < 1e15 else None
    job = Job(
        id=job_id,
        name=read.text(metadata, "name", "metadata.name") or job_id,
        state=state,
        provider_state=read.text(status, "phase", "status.phase", 80) or "",
        kind=read.text(top, "kind", "kind", 80),
        model=engine(read, algorithm),
        base_model=read.text(
            read.section(top, "ftjob_config", "ftjob_config"), "model_type", "ftjob_config.model_type"
        ),
        flavor=read.text(resource, "flavor_id", "spec.resource.flavor_id")
        or read.text(resource, "flavor_name", "spec.resource.flavor_name"),
        nodes=read.count(resource, "node_count", "spec.resource.node_count"),
        accelerators=cards(read, resource),
        workspace=read.text(metadata, "workspace_id", "metadata.workspace_id", 80) or workspace,
        creator=read.text(metadata, "user_name", "metadata.user_name"),
        created_at=created,
        started_at=started,
        ended_at=_ended(created, started, seconds, runs) if state.terminal else None,
        duration=seconds,
        ran=time_run(runs, seconds),
        error=_error(read, status, runs) if state is JobState.FAILED else None,
        runs=len(runs) or None,
        url=_console(region, job_id),
        extra=extra(read, top, resource, algorithm, runs),
    )
    return Decoded(item=job, drift=read.drift)


def _required(top: Section, key: str) -> Section:
    """Null and absent are an empty section (a job that is being created may have no spec yet)."""
    found = top.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        metadata = top.get("metadata")
        raise Malformed(f"a job whose {key} is no object", _id_of(metadata) if isinstance(metadata, dict) else None)
    return found


def _id_of(metadata: Section) -> str | None:
    found = metadata.get("id")
    return found if isinstance(found, str) and re.fullmatch(r"[\w.:-]{1,128}", found, re.ASCII) else None


def _identity(metadata: Section) -> str:
    found = _id_of(metadata)
    if found is None:
        raise Malformed("a job without a usable metadata.id")
    return found


def _unknown_names(read: Reader, top: Section, metadata: Section, status: Section, spec: Section) -> None:
    read.unknown_names(top, "", job_fields.TOP)
    read.unknown_names(metadata, "metadata", job_fields.METADATA)
    read.unknown_names(status, "status", job_fields.STATUS)
    read.unknown_names(spec, "spec", job_fields.SPEC)


def _started(read: Reader, status: Section) -> datetime | None:
    return read.moment(status, "start_time", "status.start_time")


def _ended(
    created: datetime | None, started: datetime | None, seconds: float | None, runs: list[Run]
) -> datetime | None:
    """When a finished job ended, only where it is proven; who calls this knows that it has finished.

    The end of the last run is the platform's own word and is taken when it makes sense (a vendor sample has an end
    before its start). Start plus duration holds for a single run only: whether `duration` counts the pauses between
    runs is not documented, and an end that is too early would let a job pass for one that ended long ago, unreported.
    """
    end = runs[-1].end if runs else None
    floor = max((moment for moment in (created, started, runs[-1].start if runs else None) if moment), default=None)
    # `end_at` is in whole seconds, so it may lie up to a second before a start in milliseconds.
    if end is not None and (floor is None or (end - floor).total_seconds() > -1):
        return max(end, floor) if floor else end
    if started is not None and seconds is not None and len(runs) <= 1:
        return started + timedelta(seconds=seconds)
    return None


def _error(read: Reader, status: Section, runs: list[Run]) -> JobError | None:
    """Why it failed: the first failed subtask, else the last run's end, else the phase's inner word (Lost …)."""
    rows = read.rows(status, "task_statuses", "status.task_statuses")
    for row in rows:
        read.unknown_names(row, "status.task_statuses", job_fields.TASK_STATUS)
    failed = [row for row in rows if row.get("message") or read.number(row, "exit_code", "status.task_statuses")]
    code = message = None
    if failed:
        exit_code = read.number(failed[0], "exit_code", "status.task_statuses.exit_code")
        code = f"{exit_code:.0f}" if exit_code is not None and abs(exit_code) < 1e9 else None
        task = read.text(failed[0], "task", "status.task_statuses.task", 80)
        words = failed[0].get("message")
        message = f"{task}: {words}" if task and isinstance(words, str) and words else words
    if not isinstance(message, str) or not message:
        message = runs[-1].reason if runs else None
    if code is None and status.get("phase") == "Abnormal":
        code = read.text(status, "secondary_phase", "status.secondary_phase", 80)
    text = scrub(message, limit=_MESSAGE) if message else None
    return JobError(code=code, message=text or None) if code or text else None


def _console(region: str | None, job_id: str) -> str | None:
    """The job's page. The pattern is unproven: no document of the vendor gives it."""
    if region is None:
        return None
    return f"https://console.huaweicloud.com/modelarts/?region={region}#/trainingJobs/{job_id}"
