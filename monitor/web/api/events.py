"""The event log."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from monitor import store
from monitor.model import Event, EventType, Severity, rfc3339
from monitor.rules.globs import known_pattern
from monitor.rules.message import story_of
from monitor.store import Connection, EventFilter
from monitor.web.api.cursor import number, pack
from monitor.web.api.examples import EVENT, page
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time, When, moment
from monitor.web.api.people import People
from monitor.web.api.route import Answer, Asked, Listed, Page, Route, Word


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


class EventsAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: Annotated[list[Word], msgspec.Meta(description="Types, `*` as a glob; may be repeated.")] = []  # noqa: RUF012
    account: Word | None = None
    subject: Annotated[str, msgspec.Meta(min_length=1, examples=["job/ft-1"])] | None = None
    severity: Severity | None = None
    since: When | None = None
    until: When | None = None
    search: (
        Annotated[
            str,
            msgspec.Meta(min_length=1, description="Part of the subject, the data or the owner's name."),
        ]
        | None
    ) = None
    after: Annotated[int, msgspec.Meta(ge=0, le=2**62, description="Only numbers (`seq`) above it.")] = 0
    order: Order = Order.NEWEST


class EventAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(min_length=1, description="The event's id or number.")]


class EventItem(Answer, frozen=True, kw_only=True):
    """A CloudEvent 1.0 with what this program adds to it."""

    specversion: str
    id: str
    type: EventType
    source: str
    subject: str
    time: Time
    datacontenttype: str
    data: Annotated[dict[str, Any], msgspec.Meta(description="As the schema of the event's type says it.")]
    seq: Annotated[int, msgspec.Meta(description="Its number: the order in which events were stored.")]
    title: Annotated[str, msgspec.Meta(description="The event in one line.")]
    account: str | None
    severity: Severity
    late: Annotated[bool, msgspec.Meta(description="It happened before the good poll before the one that found it.")]
    quiet: Annotated[bool, msgspec.Meta(description="Nobody is told: a silent first run, or after another's refusal.")]
    detected: Time


def item(event: Event) -> EventItem:
    """The event as lists and the stream show it."""
    return EventItem(
        **event.cloudevent(),
        seq=event.seq,
        title=story_of(event).title,
        account=event.account,
        severity=event.severity,
        late=event.late,
        quiet=event.quiet,
        detected=rfc3339(event.detected_at),
    )


def checked_types(types: list[str]) -> list[str] | None:
    """The types and globs; None for any. Raises Problem for what no type matches."""
    for pattern in types:
        try:
            known_pattern(pattern)
        except ValueError as error:
            hint = "Types are like `job.finished` or `job.*`."
            detail = f"The parameter `type`: {error}"
            raise Problem(400, "Bad request", detail if detail[-1] == "?" else f"{detail}.", hint) from error
    return types or None


def _list(conn: Connection, inside: Inside, asked: EventsAsked) -> Page[EventItem]:
    now, oldest = inside.clock.now(), asked.order is Order.OLDEST
    wanted = EventFilter(
        types=checked_types(asked.type),
        account=asked.account,
        subject=asked.subject,
        severity=asked.severity,
        since=moment("since", asked.since, now),
        until=moment("until", asked.until, now),
        search=_texts(asked.search, inside),
        after=asked.after,
    )
    name = f"events {asked.order}"
    behind = number(name, asked.cursor)
    found, last = store.page_events(conn, wanted, behind=behind, limit=asked.limit, ascending=oldest)
    return Page(items=[item(event) for event in found], next=None if last is None else pack(name, last))


def _texts(search: str | None, inside: Inside) -> list[str] | None:
    """What is looked for: the text, and the ids of people of that name as a job's creator."""
    if search is None:
        return None
    people = People(inside.settings)
    return [search, *(f'"creator":{msgspec.json.encode(each).decode()}' for each in people.creators_like(search))]


def _one(conn: Connection, inside: Inside, asked: EventAsked) -> EventItem:
    found = store.get_event(conn, asked.id)
    if found is None:
        raise Problem(404, "Not found", f"There is no event {asked.id!r}.", "GET /api/v1/events lists them.")
    return item(found)


ROUTES = (
    Route(
        path="/api/v1/events",
        summary="Events, newest first.",
        fn=_list,
        asked=EventsAsked,
        answer=Page[EventItem],
        example=page(EVENT),
    ),
    Route(
        path="/api/v1/events/{id}",
        summary="One event.",
        fn=_one,
        asked=EventAsked,
        answer=EventItem,
        errors={404: "There is no such event."},
    ),
)
