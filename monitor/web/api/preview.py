"""What a silence would have hidden: its expression over the events of the last day's messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec

from monitor.model import Event, EventType, rfc3339
from monitor.rules.engine.hiding import PEOPLES
from monitor.rules.message import story_of
from monitor.store import Connection
from monitor.store.event_query import load_events
from monitor.store.told import ToldRow, sinks_told, told_since
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time
from monitor.web.api.route import Answer

if TYPE_CHECKING:
    from monitor.rules.expression.language import Expression, Language

DAY = timedelta(days=1)
MOST_SEEN = 5000
"""Events that are looked at, the newest."""
MOST_SHOWN = 100


class HiddenItem(Answer, frozen=True, kw_only=True):
    """An event that is kept from these sinks."""

    seq: int
    type: EventType
    account: str | None
    subject: str
    title: Annotated[str, msgspec.Meta(description="The event in one line.")]
    at: Annotated[Time, msgspec.Meta(description="When it was detected; of a silence: when it was hidden.")]
    rule: str
    sinks: list[str]


class Preview(Answer, frozen=True, kw_only=True):
    """What an expression would have hidden of the messages since then."""

    since: Annotated[Time, msgspec.Meta(description="A day back; later where there was more than can be looked at.")]
    seen: Annotated[int, msgspec.Meta(description="Messages that were looked at.")]
    messages: Annotated[int, msgspec.Meta(description="Of these it would have hidden, in whole or in part.")]
    event_count: int
    events: Annotated[list[HiddenItem], msgspec.Meta(description="The newest hundred of them.")]


def checked(match: str) -> tuple[Language, Expression]:
    """The expression, compiled. Raises Problem with every mistake and its column."""
    from monitor.rules.expression.complaint import ExpressionError
    from monitor.rules.expression.language import Language  # with the library, which a list of silences needs not

    language = Language()
    try:
        return language, language.compile(match)
    except ExpressionError as error:
        wrong = "; ".join(f"column {each.column}: {each.message}" for each in error.complaints[:5])
        hint = "It is an expression like `when` of a rule: docs/rules.md says what stands in one."
        raise Problem(400, "Bad request", f"The parameter `match` is wrong at {wrong}.", hint) from None


def preview(conn: Connection, match: str, now: datetime) -> Preview:
    """Raises Problem where the expression is wrong."""
    language, expression = checked(match)
    rows = told_since(conn, now - DAY, MOST_SEEN)
    events = load_events(conn, (row.seq for row in rows))
    hit = {
        seq
        for seq, event in events.items()
        if event.type not in PEOPLES and expression.decide(language.bind(event)).matched
    }
    found = [row for row in rows if row.seq in hit]
    since = now - DAY
    if len(rows) == MOST_SEEN:
        since = max(since, min((event.detected_at for event in events.values()), default=since))
    return Preview(
        since=rfc3339(since.replace(microsecond=0)),
        seen=len({row.notification for row in rows}),
        messages=len({row.notification for row in found}),
        event_count=len({row.seq for row in found}),
        events=_shown(conn, found[:MOST_SHOWN], events),
    )


def item(event: Event, rule: str, sinks: Sequence[str], at: datetime) -> HiddenItem:
    return HiddenItem(
        seq=event.seq,
        type=event.type,
        account=event.account,
        subject=event.subject,
        title=story_of(event).title,
        at=rfc3339(at),
        rule=rule,
        sinks=list(sinks),
    )


def _shown(conn: Connection, rows: Sequence[ToldRow], events: dict[int, Event]) -> list[HiddenItem]:
    sinks = sinks_told(conn, [row.notification for row in rows])
    return [
        item(event, row.rule, sinks.get(row.notification, []), event.detected_at)
        for row in rows
        if (event := events.get(row.seq)) is not None
    ]
