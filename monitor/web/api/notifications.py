"""Notifications: what rules decided to say."""

from __future__ import annotations

from typing import Annotated

import msgspec

from monitor import store
from monitor.model import DeliveryState, Reason, Severity, rfc3339
from monitor.store import Connection, DeliveryRow, NotificationFilter, NotificationRow
from monitor.web.api.answered import AnswerItem, answered
from monitor.web.api.cursor import number, page
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time, When, moment, told
from monitor.web.api.route import Answer, Asked, Listed, Page, Route, Word

LIST = "notifications"


class NotificationsAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rule: Word | None = None
    sink: Word | None = None
    severity: Severity | None = None
    reason: Reason | None = None
    shadow: Annotated[
        bool | None, msgspec.Meta(description="Only what rules on trial would have sent, or only the rest.")
    ] = None
    since: When | None = None
    search: (
        Annotated[
            str,
            msgspec.Meta(min_length=1, description="Part of the title or the text, which name the job and its owner."),
        ]
        | None
    ) = None


class NotificationAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Word


class SentItem(Answer, frozen=True, kw_only=True):
    """How it fares at one sink."""

    id: str
    sink: str
    state: DeliveryState
    attempt: int
    detail: str
    settled_at: Time | None
    next_at: Time | None


class NotificationItem(Answer, frozen=True, kw_only=True):
    """A message as it was rendered, what it is about, and its deliveries."""

    id: str
    n: int
    rule: str
    severity: Severity
    reason: Reason
    title: str
    body: str
    created_at: Time
    subjects: list[str]
    accounts: list[str]
    events: Annotated[list[int], msgspec.Meta(description="The numbers of its events: the first hundred.")]
    event_count: int
    deliveries: list[SentItem]
    shadow: Annotated[bool, msgspec.Meta(description="Of a rule on trial: sent to nobody.")] = False
    answer: Annotated[
        AnswerItem | None, msgspec.Meta(description="Null where its rule neither reminds nor escalates.")
    ] = None


def _list(conn: Connection, inside: Inside, asked: NotificationsAsked) -> Page[NotificationItem]:
    wanted = NotificationFilter(
        rule=asked.rule,
        sink=asked.sink,
        severity=asked.severity,
        reason=asked.reason,
        shadow=asked.shadow,
        since=moment("since", asked.since, inside.clock.now()),
        search=asked.search,
    )
    found, last = store.page_notifications(conn, wanted, behind=number(LIST, asked.cursor), limit=asked.limit)
    answers = answered(conn, inside, found)
    return page(LIST, found, last, lambda row: _item(row, answers.get(row.id)))


def _one(conn: Connection, inside: Inside, asked: NotificationAsked) -> NotificationItem:
    return of(conn, inside, asked.id)


def of(conn: Connection, inside: Inside, id: str) -> NotificationItem:
    """Raises Problem where there is none."""
    found = store.get_notification(conn, id)
    if found is None:
        hint = "GET /api/v1/notifications lists them."
        raise Problem(404, "Not found", f"There is no notification {id!r}.", hint)
    return _item(found, answered(conn, inside, [found]).get(id))


def _item(row: NotificationRow, answer: AnswerItem | None) -> NotificationItem:
    return NotificationItem(
        id=row.id,
        n=row.n,
        rule=row.rule,
        severity=row.severity,
        reason=row.reason,
        title=row.title,
        body=row.plain,
        created_at=rfc3339(row.created_at),
        subjects=list(dict.fromkeys(subject for _, subject in row.subjects)),
        accounts=list(dict.fromkeys(account for account, _ in row.subjects if account)),
        events=list(row.events),
        event_count=row.event_count,
        deliveries=[_sent(delivery) for delivery in row.deliveries],
        shadow=row.shadow,
        answer=answer,
    )


def _sent(row: DeliveryRow) -> SentItem:
    return SentItem(
        id=row.id,
        sink=row.sink,
        state=row.state,
        attempt=row.attempt,
        detail=row.detail,
        settled_at=told(row.settled_at),
        next_at=told(row.next_at),
    )


ROUTES = (
    Route(
        path="/api/v1/notifications",
        summary="Notifications, newest first.",
        fn=_list,
        asked=NotificationsAsked,
        answer=Page[NotificationItem],
    ),
    Route(
        path="/api/v1/notifications/{id}",
        summary="One notification.",
        fn=_one,
        asked=NotificationAsked,
        answer=NotificationItem,
        errors={404: "There is no such notification."},
    ),
)
