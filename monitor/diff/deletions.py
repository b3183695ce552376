"""Events of what people and policies want deleted, each with who asked. What makes a job vanish is told as that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.diff.drafts import draft
from monitor.diff.job_data import job_data
from monitor.diff.usage import InAll, usage_in_all
from monitor.model import DEFAULT_SEVERITY, Account, Action, Asker, EventDraft, EventType, KnownJob, Severity, rfc3339


def deletion_requested(account: Account, known: KnownJob, action: Action, *, now: datetime) -> EventDraft:
    """It is written down, and nothing was asked of the platform yet."""
    return _of_job(EventType.DELETION_REQUESTED, account, known, action, now)


def deletion_refused(account: Account, known: KnownJob, action: Action, *, now: datetime) -> EventDraft:
    """By a guard of ours, so that nothing was sent (`tries` 0), or by the platform."""
    return _of_job(EventType.DELETION_REFUSED, account, known, action, now)


def deletion_failed(account: Account, known: KnownJob, action: Action, *, now: datetime) -> EventDraft:
    """Nobody can say what became of it."""
    return _of_job(EventType.DELETION_FAILED, account, known, action, now)


def as_deleted(gone: EventDraft, action: Action, booked: Sequence[InAll] = ()) -> EventDraft:
    """`job.gone` told as what it is: the job was deleted, by whom and why. `booked`: what the ledger has of it, which
    is told along."""
    severity = DEFAULT_SEVERITY.get(EventType.JOB_DELETED, Severity.INFO)
    data = {**gone.data, "deletion": deletion_data(action), "severity": severity.value}
    if (usage := usage_in_all(gone.data["job"], booked)) is not None:
        data["usage"] = usage
    return replace(gone, type=EventType.JOB_DELETED, severity=severity, data=data)


def cleanup_stopped(policy: str, reason: str, *, account: str | None, now: datetime) -> EventDraft:
    """A policy stands still until somebody lets it go on. `account`: where it ran into the reason."""
    data = {"cleanup": {"policy": policy, "reason": reason, "account": account}}
    return draft(EventType.CLEANUP_STOPPED, account=None, subject=f"cleanup/{policy}", now=now, data=data)


def cleanup_resumed(
    policy: str, why: str, *, by: str | None, reason: str, since: datetime | None, now: datetime
) -> EventDraft:
    """It stands still no longer. `why`: somebody let it go on (`resumed`, and `by` says who), or the config has it
    otherwise (`changed`, `off`, `removed`). `reason` and `since` of its standing still."""
    began = None if since is None else rfc3339(since)
    data = {"cleanup": {"policy": policy, "why": why, "by": by, "reason": reason, "since": began, "account": None}}
    return draft(EventType.CLEANUP_RESUMED, account=None, subject=f"cleanup/{policy}", now=now, data=data)


def deletion_data(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "job_id": action.job_id,
        "asked_by": asked_by(action.asker),
        "reason": action.reason or None,
        "tries": action.tries,
    }


def asked_by(asker: Asker) -> dict[str, str]:
    return {"kind": asker.kind.value, "name": asker.name}


def _of_job(type: EventType, account: Account, known: KnownJob, action: Action, now: datetime) -> EventDraft:
    data = {"job": job_data(known, clock=now), "deletion": deletion_data(action)}
    return draft(type, account=account, subject=f"job/{known.job.id}", now=now, data=data)
