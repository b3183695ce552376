"""The envelope of every event: who, what, when, how bad, and the data that all types share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.model import DEFAULT_SEVERITY, Account, EventDraft, EventType, Severity, rfc3339


def draft(
    type: EventType,
    *,
    account: Account | None,
    subject: str,
    now: datetime,
    data: Mapping[str, Any],
    time: datetime | None = None,
    late: bool = False,
    severity: Severity | None = None,
    previous: Mapping[str, Any] | None = None,
    quiet: bool = False,
) -> EventDraft:
    """`time` is the platform's time of the change, None where it gives none (then detection counts)."""
    grade = severity or DEFAULT_SEVERITY.get(type, Severity.INFO)
    return EventDraft(
        type=type,
        account=account.name if account else None,
        subject=subject,
        time=time or now,
        detected_at=now,
        severity=grade,
        late=late,
        quiet=quiet,
        data={
            "account": account.as_data() if account else None,
            **data,
            "previous": previous,
            "detected_at": rfc3339(now),
            "late": late,
            "severity": grade.value,
        },
    )


def moment(time: datetime | None) -> str | None:
    """A time as it stands in `data`."""
    return rfc3339(time) if time is not None else None
