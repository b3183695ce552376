"""Decodes one fine-tuning job, tolerantly: the unknown is named, the unreadable is left out, the job is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

import msgspec

from monitor.model import Job, JobError, JobState
from monitor.providers.model_studio.fields import Fields
from monitor.providers.model_studio.scrub import clean, scrub
from monitor.providers.ports import Decoded, Malformed

STATES: Mapping[str, JobState] = {
    "PENDING": JobState.PENDING,
    "QUEUING": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "CANCELING": JobState.STOPPING,
    "SUCCEEDED": JobState.SUCCEEDED,
    "SUCCEED": JobState.SUCCEEDED,
    "SUCCESSED": JobState.SUCCEEDED,
    "FAILED": JobState.FAILED,
    "CANCELED": JobState.CANCELED,
}
"""The platform's words in upper case (reference: section 2). SUCCEED is in its prose, SUCCESSED in its import API."""

_DROPPED = ("training_file_ids", "validation_file_ids", "training_datasets", "validation_datasets", "hyper_parameters")
"""Known by name and never read: where the data lies and how it is trained is the owner's business."""
_ID = re.compile(r"[!-~]{1,128}")
_EXTRA = ("group", "modifier", "user_identity")


@dataclass(frozen=True, slots=True)
class Reading:
    """How an account's jobs are read: the zone of their times, and where the console shows them (an id follows)."""

    zone: tzinfo
    console: str


def parse_job(raw: bytes, reading: Reading) -> Decoded[Job]:
    """One job object of a listing or of a read by id. Raises Malformed without an id or a status, or for no object."""
    fields = Fields(_object(raw), reading.zone)
    job_id = fields.text("job_id")
    if job_id is None or not _ID.fullmatch(job_id) or job_id in (".", ".."):
        raise Malformed("a job without a usable `job_id`")
    word = fields.text("status", 80)
    if word is None:
        raise Malformed("a job without a `status`", job_id)
    state = STATES.get(word.upper(), JobState.UNKNOWN)
    if state is JobState.UNKNOWN:
        fields.note("status", word)
    alias = fields.text("jobs_name")
    job = Job(
        id=job_id,
        name=fields.text("job_name") or alias or job_id,
        state=state,
        provider_state=word,
        kind=fields.text("training_type"),
        model=fields.text("model"),
        base_model=fields.text("base_model"),
        output_model=_product(fields, state),
        workspace=fields.text("workspace_id"),
        creator=fields.text("creator"),
        created_at=fields.time("create_time"),
        ended_at=fields.time("end_time"),
        error=_error(fields, state),
        checkpoints=fields.count("output_cnt"),
        max_checkpoints=fields.count("max_output_cnt"),
        tokens=fields.count("usage", inside="total_tokens"),
        url=reading.console + job_id,
        extra=_extra(fields),
    )
    return Decoded(item=job, drift=fields.drift(known=_DROPPED))


def _object(raw: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("a job that is no JSON object") from None


def _product(fields: Fields, state: JobState) -> str | None:
    """The produced model. Only a success proves it: the platform names it on pending and running jobs too."""
    product = fields.text("finetuned_output")
    return product if state is JobState.SUCCEEDED else None


def _error(fields: Fields, state: JobState) -> JobError | None:
    """Why it failed or was canceled; a `code` elsewhere means nothing, nor does the bare `1` of a canceled job."""
    code, message = fields.text("code", 100), fields.text("message", 4000)
    if state is JobState.CANCELED and code == "1" and not message:
        return None
    if state not in (JobState.FAILED, JobState.CANCELED) or not (code or message):
        return None
    return JobError(code=scrub(code, 100) if code else None, message=scrub(message) if message else None)


def _extra(fields: Fields) -> dict[str, str | int | float | bool]:
    found = {name: fields.text(name) for name in _EXTRA}
    return {name: clean(text, 200) for name, text in found.items() if text is not None}
