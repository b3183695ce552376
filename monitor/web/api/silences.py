"""Silences: who hides what from everybody, until when, and what they hid; added, looked at beforehand, ended early."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from monitor import diff, store
from monitor.model import EventDraft, rfc3339
from monitor.store import Connection, SilenceRow
from monitor.store.event_query import load_events
from monitor.store.hidden import count_things
from monitor.store.silences import PREFIX
from monitor.web.api.answers import By, signed
from monitor.web.api.cursor import cut
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem
from monitor.web.api.moment import Ahead, Length, Time, told
from monitor.web.api.preview import MOST_SEEN, MOST_SHOWN, Preview, checked, preview
from monitor.web.api.route import Answer, Asked, Change, Listed, Page, Route, Word
from monitor.web.api.span import span
from monitor.web.api.things import HiddenItem, Kept, by_thing

MOST = 10_000
"""Silences that a list may hold."""
Match = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        description="A CEL expression as `when` of a rule: what it is true of is hidden.",
        examples=['job.name.startsWith("nightly-")'],
    ),
]


class SilenceState(StrEnum):
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    ENDED = "ended"


class SilencesAsked(Listed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: Annotated[SilenceState, msgspec.Meta(description="Left out: all.")] | None = None


class SilenceAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Word


Owner = Annotated[str, msgspec.Meta(min_length=1, max_length=100, description="Who answers for it.")]
Comment = Annotated[str, msgspec.Meta(min_length=1, max_length=500, description="Why; people read it.")]


class PreviewAsked(
    Asked, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"lasting": "for", "start": "from"}
):
    """Beside `match` whatever the silence is to have, to hear beforehand whether it can stand."""

    match: Match
    lasting: Length | None = None
    until: Ahead | None = None
    start: Ahead | None = None
    owner: Owner | None = None
    comment: Comment | None = None


class EndAsked(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Word
    by: By | None = None


class AddAsked(
    Asked, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"lasting": "for", "start": "from"}
):
    match: Match
    lasting: Length | None = None
    until: Ahead | None = None
    start: Ahead | None = None
    owner: Owner
    comment: Comment


class SilenceItem(Answer, frozen=True, kw_only=True):
    id: str
    match: str
    owner: str
    comment: str
    state: SilenceState
    starts_at: Time
    ends_at: Time
    ended_at: Annotated[Time | None, msgspec.Meta(description="When it was over; null where nobody saw that.")]
    ended_by: Annotated[str | None, msgspec.Meta(description="Who ended it early; null: it ended by itself.")]
    hidden: Annotated[int, msgspec.Meta(description="How many messages it kept from somebody.")]


class SilenceWhole(SilenceItem, frozen=True, kw_only=True):
    """With what it hid."""

    things: Annotated[int, msgspec.Meta(description="How many jobs, flavors and whatever else these were about.")]
    events: Annotated[list[HiddenItem], msgspec.Meta(description="A hundred things, the newest first.")]


class SilenceAdded(SilenceItem, frozen=True, kw_only=True):
    """With what it would have hidden already."""

    preview: Preview


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What was asked for, checked."""

    start: datetime
    until: datetime
    seen: Preview


def _list(conn: Connection, inside: Inside, asked: SilencesAsked) -> Page[SilenceItem]:
    now = inside.clock.now()
    rows = store.list_silences(conn, now, ended=asked.state in (None, SilenceState.ENDED), limit=MOST)
    items = [SilenceItem(**_facts(row, now)) for row in rows if asked.state in (None, row.state(now))]
    return cut("silences", items, asked)


def _one(conn: Connection, inside: Inside, asked: SilenceAsked) -> SilenceWhole:
    row = _known(conn, asked.id)
    rows = store.hidden_by(conn, PREFIX + row.id, limit=MOST_SEEN)
    kept = [Kept(each.seq, each.rule, each.sinks, each.at) for each in rows]
    events = by_thing(kept, load_events(conn, {each.seq for each in kept}))[:MOST_SHOWN]
    facts = _facts(row, inside.clock.now())
    return SilenceWhole(**facts, things=count_things(conn, PREFIX + row.id), events=events)


def _preview(conn: Connection, inside: Inside, asked: PreviewAsked) -> Preview:
    now = inside.clock.now()
    _not_blank(owner=asked.owner, comment=asked.comment)
    if (asked.lasting, asked.until, asked.start) != (None, None, None):
        span(now, lasting=asked.lasting, until=asked.until, start=asked.start)
    return preview(conn, asked.match, now, _reports(inside))


def _look(conn: Connection, inside: Inside, asked: AddAsked) -> _Wanted:
    """Everything that can be wrong is found before anybody waits for the writer."""
    _not_blank(owner=asked.owner, comment=asked.comment)
    checked(asked.match)
    now = inside.clock.now()
    start, until = span(now, lasting=asked.lasting, until=asked.until, start=asked.start)
    return _Wanted(start, until, preview(conn, asked.match, now, _reports(inside)))


def _reports(inside: Inside) -> frozenset[str]:
    return frozenset(rule.name for rule in inside.settings.rules if rule.digest is not None)


def _not_blank(**texts: str | None) -> None:
    for name, text in texts.items():
        if text is not None and not text.strip():
            raise Problem(400, "Bad request", f"The parameter `{name}` is blank.", "Say who, and why.")


def _add(conn: Connection, inside: Inside, asked: AddAsked, by: str, wanted: _Wanted) -> Change:
    row = SilenceRow(
        id=secrets.token_hex(8),
        match=asked.match,
        owner=asked.owner.strip(),
        comment=asked.comment.strip(),
        starts_at=wanted.start,
        ends_at=wanted.until,
    )
    now = inside.clock.now()
    store.add_silence(conn, row)
    draft = diff.silence_added(
        row.id,
        match=row.match,
        owner=row.owner,
        comment=row.comment,
        start=row.starts_at,
        until=row.ends_at,
        by=signed(by, row.owner),
        now=now,
    )
    _append(conn, inside, draft)
    return Change(answer=SilenceAdded(**_facts(row, now), preview=wanted.seen), events=True)


def _end(conn: Connection, inside: Inside, asked: EndAsked, by: str) -> Change:
    row, now = _known(conn, asked.id), inside.clock.now()
    if row.state(now) == "ended" or not store.end_silence(conn, row.id, now, signed(by, asked.by)):
        at = row.ended_at or row.ends_at
        hint = f"It was over at {rfc3339(at)}; nothing is left to do."
        raise Problem(409, "Conflict", f"The silence {row.id} has ended already.", hint)
    draft = diff.silence_ended(
        row.id, owner=row.owner, comment=row.comment, by=signed(by, asked.by), hidden=row.hidden, now=now
    )
    _append(conn, inside, draft)
    return Change(answer=SilenceItem(**_facts(_known(conn, row.id), now)), events=True)


def _known(conn: Connection, id: str) -> SilenceRow:
    found = store.get_silence(conn, id)
    if found is None:
        raise Problem(404, "Not found", f"There is no silence {id!r}.", "GET /api/v1/silences lists them.")
    return found


def _append(conn: Connection, inside: Inside, draft: EventDraft) -> None:
    store.append_events(conn, inside.store.epoch, [(draft, store.next_revision(conn, None, draft.subject))])


def _facts(row: SilenceRow, now: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "match": row.match,
        "owner": row.owner,
        "comment": row.comment,
        "state": SilenceState(row.state(now)),
        "starts_at": rfc3339(row.starts_at),
        "ends_at": rfc3339(row.ends_at),
        "ended_at": told(row.ended_at),
        "ended_by": row.ended_by,
        "hidden": row.hidden,
    }


_UNKNOWN = "There is no such silence."
ROUTES = (
    Route(
        path="/api/v1/silences",
        summary="Silences, newest first.",
        fn=_list,
        asked=SilencesAsked,
        answer=Page[SilenceItem],
    ),
    Route(
        path="/api/v1/silences/preview",
        summary="What a silence would have hidden of the last day, and whether it can stand; nothing is changed.",
        fn=_preview,
        posted=True,
        asked=PreviewAsked,
        answer=Preview,
    ),
    Route(
        path="/api/v1/silences/{id}",
        summary="One silence, and what it hid.",
        fn=_one,
        asked=SilenceAsked,
        answer=SilenceWhole,
        errors={404: _UNKNOWN},
    ),
    Route(
        path="/api/v1/silences",
        summary="Hide what an expression is true of; give `for` or `until`, at most a year.",
        look=_look,
        change=_add,
        asked=AddAsked,
        answer=SilenceAdded,
    ),
    Route(
        path="/api/v1/silences/{id}/end",
        summary="End a silence now; what it hid and still holds is told.",
        change=_end,
        asked=EndAsked,
        answer=SilenceItem,
        errors={404: _UNKNOWN, 409: "It has ended already."},
    ),
)
