"""The events of section 6 of the design: what happened, numbered, immutable, told in the platform's time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANK[self]


_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


class EventType(StrEnum):
    """The short names, the same word in rules, store, command line, API and on the wire."""

    JOB_SUBMITTED = "job.submitted"
    JOB_QUEUED = "job.queued"
    JOB_STARTED = "job.started"
    JOB_REQUEUED = "job.requeued"
    JOB_RESTARTED = "job.restarted"
    JOB_STOPPING = "job.stopping"
    JOB_FINISHED = "job.finished"
    JOB_REOPENED = "job.reopened"
    JOB_CHECKPOINT = "job.checkpoint"
    JOB_GONE = "job.gone"
    JOB_DELETED = "job.deleted"
    DELETION_REQUESTED = "deletion.requested"
    DELETION_REFUSED = "deletion.refused"
    DELETION_FAILED = "deletion.failed"
    CLEANUP_STOPPED = "cleanup.stopped"
    CLEANUP_RESUMED = "cleanup.resumed"
    USAGE_RECORDED = "usage.recorded"
    USAGE_CORRECTED = "usage.corrected"
    BUDGET_REACHED = "budget.reached"
    BUDGET_RENEWED = "budget.renewed"
    QUOTA_REACHED = "quota.reached"
    QUOTA_EASED = "quota.eased"
    FLAVOR_SOLD_OUT = "flavor.sold_out"
    FLAVOR_RESTOCKED = "flavor.restocked"
    FLAVOR_LISTED = "flavor.listed"
    FLAVOR_DELISTED = "flavor.delisted"
    FLAVOR_CHANGED = "flavor.changed"
    FLAVOR_FLAPPING = "flavor.flapping"
    ACCOUNT_BASELINED = "account.baselined"
    ACCOUNT_UNREACHABLE = "account.unreachable"
    ACCOUNT_RECOVERED = "account.recovered"
    ACCOUNT_UNAUTHORIZED = "account.unauthorized"
    ACCOUNT_VIEW_SHRUNK = "account.view_shrunk"
    PROVIDER_UNRECOGNISED = "provider.unrecognised"
    POLL_MALFORMED = "poll.malformed"
    RULE_FAILED = "rule.failed"
    TEMPLATE_FAILED = "template.failed"
    SINK_FAILING = "sink.failing"
    SINK_RECOVERED = "sink.recovered"
    DELIVERY_DEAD = "delivery.dead"
    STORE_DEGRADED = "store.degraded"
    NOTIFICATION_ACKNOWLEDGED = "notification.acknowledged"
    NOTIFICATION_SNOOZED = "notification.snoozed"
    SILENCE_ADDED = "silence.added"
    SILENCE_ENDED = "silence.ended"
    CONFIG_RELOADED = "config.reloaded"
    CONFIG_REJECTED = "config.rejected"
    MONITOR_STARTED = "monitor.started"
    MONITOR_STOPPED = "monitor.stopped"


DEFAULT_SEVERITY: Mapping[EventType, Severity] = {
    EventType.JOB_GONE: Severity.WARNING,
    EventType.DELETION_REFUSED: Severity.WARNING,
    EventType.DELETION_FAILED: Severity.WARNING,
    EventType.CLEANUP_STOPPED: Severity.WARNING,
    EventType.BUDGET_REACHED: Severity.WARNING,
    EventType.QUOTA_REACHED: Severity.WARNING,
    EventType.JOB_REQUEUED: Severity.WARNING,
    EventType.JOB_RESTARTED: Severity.WARNING,
    EventType.FLAVOR_SOLD_OUT: Severity.WARNING,
    EventType.FLAVOR_FLAPPING: Severity.WARNING,
    EventType.ACCOUNT_UNREACHABLE: Severity.WARNING,
    EventType.ACCOUNT_UNAUTHORIZED: Severity.CRITICAL,
    EventType.ACCOUNT_VIEW_SHRUNK: Severity.CRITICAL,
    EventType.PROVIDER_UNRECOGNISED: Severity.WARNING,
    EventType.POLL_MALFORMED: Severity.WARNING,
    EventType.RULE_FAILED: Severity.WARNING,
    EventType.TEMPLATE_FAILED: Severity.WARNING,
    EventType.SINK_FAILING: Severity.WARNING,
    EventType.DELIVERY_DEAD: Severity.CRITICAL,
    EventType.STORE_DEGRADED: Severity.WARNING,
    EventType.CONFIG_REJECTED: Severity.WARNING,
}
"""Types not named are `info`; `job.finished` is `warning` when the job failed (the diff says so). Of budgets
and quotas what is short of the amount is `warning` and what is beyond it `critical` (who makes the event says so)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """A decided event before the store numbers it. `data` is JSON-ready (section 6: account, resource, previous …).

    `time` is the platform's time of the change where it gives one, else the time of detection.
    `quiet` events are stored and never routed (the baseline under `first_run: silent`; what was not
    tried after another deletion of its run was refused).
    """

    type: EventType
    account: str | None
    subject: str
    time: datetime
    detected_at: datetime
    severity: Severity
    data: Mapping[str, Any]
    late: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A stored event. `seq` is the order of commits; `id` is stable across replays, restarts and fail-over."""

    seq: int
    id: str
    type: EventType
    account: str | None
    subject: str
    revision: int
    time: datetime
    detected_at: datetime
    severity: Severity
    data: Mapping[str, Any]
    late: bool = False
    quiet: bool = False

    @property
    def source(self) -> str:
        return f"training-monitor/{self.account}" if self.account else "training-monitor"

    def cloudevent(self) -> dict[str, Any]:
        """This event as CloudEvents 1.0 in structured mode, JSON-ready."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "type": self.type.value,
            "source": self.source,
            "subject": self.subject,
            "time": rfc3339(self.time),
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }


def event_id(epoch: str, account: str | None, subject: str, type: str, revision: int) -> str:
    """The same fact in the same store epoch always has this id (promise 1)."""
    text = "\0".join((epoch, account or "", subject, type, str(revision)))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def rfc3339(moment: datetime) -> str:
    """UTC with `Z`, milliseconds kept only where there are any. Raises ValueError on a naive time."""
    if moment.utcoffset() is None:
        raise ValueError("a naive time has no place in an event")
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def silent(type: EventType) -> str:
    """What a quiet event of this type belongs to, in words."""
    untried = type is EventType.DELETION_REFUSED
    return "a run that ended when another of its deletions was refused" if untried else "a silent first run"
