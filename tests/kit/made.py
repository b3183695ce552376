"""Domain values with everything filled in, so that a test says only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from monitor.model import (
    Action,
    ActionState,
    Asker,
    AskerKind,
    Event,
    EventDraft,
    EventType,
    Job,
    JobState,
    KnownJob,
    Reason,
    Severity,
    Text,
)
from monitor.store import NotificationWrite

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def draft(**changes: Any) -> EventDraft:
    plain = EventDraft(
        type=EventType.JOB_STARTED,
        account="north",
        subject="job/ft-1",
        time=NOON,
        detected_at=NOON,
        severity=Severity.INFO,
        data={"job": {"id": "ft-1"}, "previous": None},
    )
    return replace(plain, **changes)


def known_job(id: str = "ft-1", *, revision: int = 1, **changes: Any) -> KnownJob:
    job = Job(
        id=id,
        name=f"name of {id}",
        state=changes.pop("state", JobState.RUNNING),
        provider_state="Running",
        created_at=changes.pop("created_at", NOON),
        extra={"engine": "PyTorch", "spot": False, "cards": 8},
    )
    return replace(KnownJob(job=job, revision=revision, state_since=NOON), **changes)


def deletion(**changes: Any) -> Action:
    """Asked for by Ann at noon, of the first attempt of `ft-1` in the first scope; nothing was sent."""
    plain = Action(
        n=1,
        id="d1",
        account="north",
        scope_id=1,
        job_id="ft-1",
        job_name="name of ft-1",
        attempt=1,
        asker=Asker(AskerKind.USER, "ann"),
        state=ActionState.REQUESTED,
        requested_at=NOON,
        due_at=NOON,
    )
    return replace(plain, **changes)


def notification(id: str, *, events: tuple[Event, ...] = (), **changes: Any) -> NotificationWrite:
    plain = NotificationWrite(
        id=id,
        rule="job-ended",
        severity=Severity.WARNING,
        reason=Reason.NEW,
        text=Text(title=f"title of {id}", plain="plain", markdown="*plain*"),
        created_at=NOON,
        event_seqs=tuple(event.seq for event in events),
        subjects=tuple(f"{event.account}|{event.subject}" for event in events),
        sinks=("slack",),
    )
    return replace(plain, **changes)
