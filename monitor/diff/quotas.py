"""Events of quotas: an account is near its cap of jobs, and what cleanup would free; and that it is no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.diff.drafts import draft, moment
from monitor.model import Account, EventDraft, EventType, Quota, Severity


@dataclass(frozen=True, slots=True)
class Freed:
    """What one cleanup policy would delete of the account now. `enabled`: whether it does so by itself. `held`: why it
    does not run though, in words; empty where it does."""

    policy: str
    jobs: int
    enabled: bool
    held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """What would make room. `finished`: jobs of the account that are over and still there; `jobs`: what all policies
    together would delete, where several would have the same."""

    finished: int = 0
    policies: Sequence[Freed] = ()
    jobs: int | None = None


def quota_reached(account: Account, quota: Quota, threshold: int, relief: Relief, *, now: datetime) -> EventDraft:
    """Where nothing is left it is critical: the next job will be turned away."""
    full = quota.cap is not None and quota.used >= quota.cap
    severity = Severity.CRITICAL if full else Severity.WARNING
    freed = {
        "frees": sum(each.jobs for each in relief.policies) if relief.jobs is None else relief.jobs,
        "finished": relief.finished,
        "policies": [
            {"name": each.policy, "jobs": each.jobs, "enabled": each.enabled, "held": each.held or None}
            for each in relief.policies
        ],
    }
    data = {"quota": {**quota_data(quota), "threshold": threshold, **freed}}
    return _draft(EventType.QUOTA_REACHED, account, quota, data, severity, now)


def quota_eased(account: Account, quota: Quota, *, now: datetime) -> EventDraft:
    """It is below every threshold, or the cap is not known any more."""
    data = {"quota": {**quota_data(quota), "threshold": None, "frees": None, "finished": None, "policies": []}}
    return _draft(EventType.QUOTA_EASED, account, quota, data, Severity.INFO, now)


def quota_data(quota: Quota) -> dict[str, Any]:
    """As events and the API show it. The share is in percent, to a tenth, rounded down: what is not reached is not
    shown as reached."""
    cap = quota.cap
    return {
        "resource": quota.resource,
        "used": quota.used,
        "cap": cap,
        "free": None if cap is None else max(0, cap - quota.used),
        "share": None if cap is None else quota.used * 1000 // cap / 10,
        "seen_at": moment(quota.seen_at),
    }


def _draft(
    type: EventType, account: Account, quota: Quota, data: dict[str, Any], severity: Severity, now: datetime
) -> EventDraft:
    subject = f"quota/{quota.resource}"
    return draft(type, account=account, subject=subject, now=now, time=quota.seen_at, data=data, severity=severity)
