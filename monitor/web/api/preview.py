"""What a silence would have hidden: its expression over the events of the last day's messages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec

from monitor.model import rfc3339
from monitor.rules.engine.hiding import PEOPLES
from monitor.store import Connection
from monitor.store.event_query import load_events
from monitor.store.told import sinks_told, told_since
from monitor.web.api.message import Problem
from monitor.web.api.moment import Time
from monitor.web.api.route import Answer
from monitor.web.api.things import HiddenItem, Kept, by_thing

if TYPE_CHECKING:
    from monitor.rules.expression.language import Expression, Language

DAY = timedelta(days=1)
MOST_SEEN = 5000
"""Events that are looked at, the newest."""
MOST_SHOWN = 100


class Preview(Answer, frozen=True, kw_only=True):
    """What an expression would have hidden of the messages since then."""

    since: Annotated[Time, msgspec.Meta(description="A day back; later where there was more than can be looked at.")]
    seen: Annotated[int, msgspec.Meta(description="Messages that were looked at.")]
    messages: Annotated[int, msgspec.Meta(description="Of these it would have hidden, in whole or in part.")]
    partly: Annotated[int, msgspec.Meta(description="Of those only in part: the rest would have been told.")]
    things: Annotated[int, msgspec.Meta(description="How many jobs, flavors and whatever else that was about.")]
    events: Annotated[list[HiddenItem], msgspec.Meta(description="A hundred things, the newest first.")]


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


def preview(conn: Connection, match: str, now: datetime, reports: Collection[str] = ()) -> Preview:
    """Raises Problem where the expression is wrong. `reports`: rules of which no silence hides anything."""
    language, expression = checked(match)
    told = told_since(conn, now - DAY, MOST_SEEN)
    rows = [row for row in told if row.rule not in reports]
    events = load_events(conn, (row.seq for row in rows))
    hit = {
        seq
        for seq, event in events.items()
        if event.type not in PEOPLES and expression.decide(language.bind(event)).matched
    }
    found = [row for row in rows if row.seq in hit]
    messages = {row.notification for row in found}
    sinks = sinks_told(conn, messages)
    kept = [Kept(row.seq, row.rule, sinks.get(row.notification, []), events[row.seq].detected_at) for row in found]
    things = by_thing(kept, events)
    since = now - DAY
    if len(told) == MOST_SEEN:
        since = max(since, min((event.detected_at for event in events.values()), default=since))
    return Preview(
        since=rfc3339(since.replace(microsecond=0)),
        seen=len({row.notification for row in rows}),
        messages=len(messages),
        partly=len(messages & {row.notification for row in rows if row.seq not in hit}),
        things=len(things),
        events=things[:MOST_SHOWN],
    )
