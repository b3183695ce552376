"""What became of a message that somebody may answer: acknowledged, put off, open, or nothing follows it any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from monitor.model import Event, EventType, Reason
from monitor.routing.memory import decode
from monitor.rules.state import Standing
from monitor.rules.view import moment
from monitor.settings import Settings
from monitor.store import Connection, NotificationRow
from monitor.store.answers import last_answers, rule_rows
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time, told
from monitor.web.api.route import Answer

TABLE = "followed/"
_FINAL = frozenset({Reason.RESOLVED, Reason.TEST})


class Answered(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    OVER = "over"


class AnswerItem(Answer, frozen=True, kw_only=True):
    """`over`: it ended, or everybody was told; nothing follows any more, and nobody has acknowledged it."""

    state: Answered
    by: Annotated[str | None, msgspec.Meta(description="Who answered last.")]
    at: Time | None
    until: Annotated[Time | None, msgspec.Meta(description="The end of a snooze.")]


def answered(conn: Connection, inside: Inside, rows: Sequence[NotificationRow]) -> dict[str, AnswerItem]:
    """By the notification's id, of those that may be answered."""
    open_rules = _looking_after(inside.settings)
    some = [row for row in rows if row.rule in open_rules and row.reason not in _FINAL and not row.shadow]
    if not some:
        return {}
    last, now = last_answers(conn, [row.id for row in some]), inside.clock.now()
    subjects = {row.id: [f"{account}|{subject}" for account, subject in row.subjects] for row in some}
    standings = _standings(conn, (each for names in subjects.values() for each in names))
    return {
        row.id: _item(
            last.get(row.id),
            [found for each in subjects[row.id] if (found := standings.get((each, row.rule))) is not None],
            now,
        )
        for row in some
    }


def standing(conn: Connection, rule: str, subjects: Collection[str]) -> list[str]:
    """Those of which the rule was heard and that are not over."""
    found = _standings(conn, subjects)
    return [each for each in subjects if (each, rule) in found]


def _looking_after(settings: Settings) -> set[str]:
    return {rule.name for rule in settings.rules if rule.remind_every or rule.escalate}


def _standings(conn: Connection, subjects: Iterable[str]) -> dict[tuple[str, str], Standing]:
    state = decode(rule_rows(conn, {TABLE + each for each in subjects}))
    return {(key, rule): told for key, row in state.followed.items() for rule, told in row.standings.items()}


def _item(last: Event | None, standings: Sequence[Standing], now: datetime) -> AnswerItem:
    if last is not None and last.type is EventType.NOTIFICATION_ACKNOWLEDGED:
        return _said(Answered.ACKNOWLEDGED, last)
    if not standings:
        return AnswerItem(state=Answered.OVER, by=None, at=None, until=None)
    until = moment(last.data.get("until")) if last is not None else None
    if last is not None and until is not None and until > now:
        return _said(Answered.SNOOZED, last, until)
    if all(each.acknowledged_by is not None for each in standings):  # by another message of the same
        return AnswerItem(state=Answered.ACKNOWLEDGED, by=standings[0].acknowledged_by, at=None, until=None)
    return AnswerItem(state=Answered.OPEN, by=None, at=None, until=None)


def _said(state: Answered, event: Event, until: datetime | None = None) -> AnswerItem:
    by = event.data.get("by")
    return AnswerItem(
        state=state, by=str(by) if by is not None else None, at=told(event.detected_at), until=told(until)
    )
