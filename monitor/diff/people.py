"""What people tell the rules: silences, acknowledgements. Events, for they have their place in the order of things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.diff.drafts import draft
from monitor.model import EventDraft, EventType, rfc3339


def silence_added(
    id: str, *, match: str, owner: str, comment: str, start: datetime, until: datetime, by: str, now: datetime
) -> EventDraft:
    """From `start` until `until` nobody is told what `match` (CEL) is true of."""
    silence = {
        "id": id,
        "match": match,
        "owner": owner,
        "comment": comment,
        "from": rfc3339(start),
        "until": rfc3339(until),
    }
    return _draft(EventType.SILENCE_ADDED, f"silence/{id}", now, {"silence": silence, "by": by})


def silence_ended(
    id: str, *, owner: str, comment: str, by: str | None, hidden: int | None, now: datetime
) -> EventDraft:
    """`by`: who ended it early; None: its time is over, and the rules know it already (the event is quiet)."""
    data = {"silence": {"id": id, "owner": owner, "comment": comment}, "by": by, "hidden": hidden}
    return draft(EventType.SILENCE_ENDED, account=None, subject=f"silence/{id}", now=now, data=data, quiet=by is None)


def acknowledged(
    notification: str, *, rule: str, subjects: Sequence[str], title: str, by: str, now: datetime
) -> EventDraft:
    """Somebody cares: no more reminders, no further escalation. `subjects`: `<account>|<subject>`."""
    data = {"notification": notification, "rule": rule, "subjects": list(subjects), "title": title, "by": by}
    return _draft(EventType.NOTIFICATION_ACKNOWLEDGED, f"notification/{notification}", now, data)


def snoozed(
    notification: str,
    *,
    rule: str,
    subjects: Sequence[str],
    title: str,
    until: datetime,
    by: str,
    now: datetime,
) -> EventDraft:
    """Somebody wants to hear of it again then, if it still is so, and not before."""
    data = {
        "notification": notification,
        "rule": rule,
        "subjects": list(subjects),
        "title": title,
        "until": rfc3339(until),
        "by": by,
    }
    return _draft(EventType.NOTIFICATION_SNOOZED, f"notification/{notification}", now, data)


def _draft(type: EventType, subject: str, now: datetime, data: Mapping[str, object]) -> EventDraft:
    return draft(type, account=None, subject=subject, now=now, data=data)
