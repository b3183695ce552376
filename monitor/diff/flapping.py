"""A stock that changes too often to be worth a message each."""

from __future__ import annotations

from datetime import datetime

from monitor.model import DEFAULT_SEVERITY, Event, EventDraft, EventType, Severity, rfc3339


def flavor_flapping(last: Event, *, changes: int, since: datetime, settled: bool, now: datetime) -> EventDraft:
    """`last` is the newest of `changes` since `since`; it says how the stock is now. `settled`: it has kept still
    since, and the flapping is over."""
    severity = Severity.INFO if settled else DEFAULT_SEVERITY[EventType.FLAVOR_FLAPPING]
    return EventDraft(
        type=EventType.FLAVOR_FLAPPING,
        account=last.account,
        subject=last.subject,
        time=now,
        detected_at=now,
        severity=severity,
        data={
            "account": last.data.get("account"),
            "flavor": last.data.get("flavor"),
            "changes": changes,
            "flapping_since": rfc3339(since),
            "settled": settled,
            "previous": last.data.get("previous"),
            "detected_at": rfc3339(now),
            "late": False,
            "severity": severity.value,
        },
    )
