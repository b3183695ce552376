"""Acknowledging and snoozing a message: an event that the rules hear, written for whoever proved to be allowed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from monitor import diff, store
from monitor.model import EventDraft
from monitor.store import Connection, NotificationRow
from monitor.store.answers import subjects_told
from monitor.web.api.answered import Answered, AnswerItem, answered, standing
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Ahead, Length
from monitor.web.api.notifications import NotificationItem, of
from monitor.web.api.route import Asked, Change, Route, Word
from monitor.web.api.span import span

MOST_SUBJECTS = 100
"""Of a message that nothing follows any more, so many are named."""
By = Annotated[
    str, msgspec.Meta(min_length=1, max_length=100, description="Who answers; it is kept beside what is proven.")
]


class AckAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Word
    by: By | None = None


class SnoozeAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"lasting": "for"}):
    id: Word
    lasting: Length | None = None
    until: Ahead | None = None
    by: By | None = None


def signed(by: str, name: str | None) -> str:
    """Who asks: the name that was given, and in any case what is proven."""
    name = (name or "").strip()
    return f"{name} ({by})" if name else by


def acknowledge(conn: Connection, inside: Inside, id: str, by: str) -> None:
    """Appends the event. Raises Problem where nobody may answer it, or somebody has acknowledged it."""
    row, state = _answerable(conn, inside, id)
    if state.state is Answered.ACKNOWLEDGED:
        raise already(state)
    subjects = subjects_told(conn, id)
    subjects = standing(conn, row.rule, subjects) or subjects[:MOST_SUBJECTS]
    now = inside.clock.now()
    _append(conn, inside, diff.acknowledged(id, rule=row.rule, subjects=subjects, title=row.title, by=by, now=now))


def already(state: AnswerItem) -> Problem:
    """What is told who answers what somebody has acknowledged."""
    at = f" at {state.at}" if state.at is not None else ""
    return Problem(409, "Conflict", f"It was acknowledged already, by {state.by}{at}.", "Nothing is left to do.")


def snooze(conn: Connection, inside: Inside, asked: SnoozeAsked, by: str) -> None:
    """Appends the event. Raises Problem where nobody may answer it, or nothing would follow it anyway."""
    now = inside.clock.now()
    _, until = span(now, lasting=asked.lasting, until=asked.until)
    row, _ = _answerable(conn, inside, asked.id)
    subjects = standing(conn, row.rule, subjects_told(conn, asked.id))
    if not subjects:
        detail = "Nothing follows this message any more, so nothing can be put off."
        raise Problem(409, "Conflict", detail, "It is over, or everybody was told.")
    draft = diff.snoozed(asked.id, rule=row.rule, subjects=subjects, title=row.title, until=until, by=by, now=now)
    _append(conn, inside, draft)


def state_of(conn: Connection, inside: Inside, id: str) -> tuple[NotificationRow, AnswerItem | None] | None:
    """The message, and what became of it (None: its rule asks for no answer, or not any more); None where there is no
    such message."""
    row = store.get_notification(conn, id)
    return (row, answered(conn, inside, [row]).get(id)) if row is not None else None


def _answerable(conn: Connection, inside: Inside, id: str) -> tuple[NotificationRow, AnswerItem]:
    row = store.get_notification(conn, id)
    if row is None:
        hint = "GET /api/v1/notifications lists them."
        raise Problem(404, "Not found", f"There is no notification {id!r}.", hint)
    found = answered(conn, inside, [row]).get(id)
    if found is None:
        hint = "Only messages of rules with `remind_every` or `escalate` are; to hear less of others: a silence."
        raise Problem(409, "Conflict", f"The notification {id} is not to be answered: nothing follows it.", hint)
    return row, found


def _append(conn: Connection, inside: Inside, draft: EventDraft) -> None:
    store.append_events(conn, inside.store.epoch, [(draft, store.next_revision(conn, draft.account, draft.subject))])


def _ack(conn: Connection, inside: Inside, asked: AckAsked, by: str) -> Change:
    acknowledge(conn, inside, asked.id, signed(by, asked.by))
    return Change(answer=of(conn, inside, asked.id), events=True)


def _snooze(conn: Connection, inside: Inside, asked: SnoozeAsked, by: str) -> Change:
    snooze(conn, inside, asked, signed(by, asked.by))
    return Change(answer=of(conn, inside, asked.id), events=True)


_ERRORS = {404: "There is no such notification.", 409: "It is not to be answered, or it was."}
ROUTES = (
    Route(
        path="/api/v1/notifications/{id}/ack",
        summary="Acknowledge a message: no more reminders of it, no further escalation.",
        change=_ack,
        asked=AckAsked,
        answer=NotificationItem,
        errors=_ERRORS,
    ),
    Route(
        path="/api/v1/notifications/{id}/snooze",
        summary="Hear of a message again later, if it still is so; give `for` or `until`.",
        change=_snooze,
        asked=SnoozeAsked,
        answer=NotificationItem,
        errors=_ERRORS,
    ),
)
