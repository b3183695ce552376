"""Events a page at a time, by the numbers of the log, newest or oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select

from monitor.model import Event, EventType
from monitor.store.columns import like_any
from monitor.store.event_query import expand_types, first_since, last_before, read_events
from monitor.store.events import event_of
from monitor.store.tables import events
from monitor.store.walk import unindexed, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """`types` may hold globs. `since` <= time of detection < `until`. `search`: texts of which one stands in the
    subject or the data, in any case. `after`: numbers above it."""

    types: Sequence[str] | None = None
    account: str | None = None
    subject: str | None = None
    severity: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: Sequence[str] | None = None
    after: int = 0


def page_events(
    conn: Connection, wanted: EventFilter, *, behind: int | None = None, limit: int = 50, ascending: bool = False
) -> tuple[list[Event], int | None]:
    """Events behind the number `behind`, and the number behind which the next page begins."""
    types = None if wanted.types is None else expand_types(wanted.types)
    if types is not None and len(types) == len(EventType):
        types = None
    if types == []:
        return [], None
    if types is not None and len(types) > 1 and _only_types(wanted):
        return _merged(conn, wanted, types, behind, limit, ascending)
    narrow, filters = _conditions(conn, wanted, types)
    place = None if behind is None else (behind,)
    found = walk(
        conn,
        select(events),
        (events.c.seq,),
        narrow=narrow,
        filters=filters,
        after=place,
        limit=limit,
        ascending=ascending,
    )
    return [event_of(row) for row in found.rows], found.number


def _only_types(wanted: EventFilter) -> bool:
    others = (wanted.account, wanted.subject, wanted.severity, wanted.until, wanted.search)
    return all(other is None for other in others)


def _merged(
    conn: Connection, wanted: EventFilter, types: Sequence[str], behind: int | None, limit: int, ascending: bool
) -> tuple[list[Event], int | None]:
    """Several types and nothing else: one short walk per type."""
    found = read_events(
        conn,
        types=types,
        since=wanted.since,
        after=max(wanted.after, behind or 0) if ascending else wanted.after,
        before=None if ascending else behind,
        newest_first=not ascending,
        limit=limit + 1,
    )
    return found[:limit], found[limit - 1].seq if len(found) > limit else None


def _conditions(
    conn: Connection, wanted: EventFilter, types: Sequence[str] | None
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """What one index serves together with the order, and the rest: the subject's, else the type's, the account's or
    the severity's."""
    narrow: list[ColumnElement[bool]] = [events.c.seq > wanted.after] if wanted.after else []
    filters: list[ColumnElement[bool]] = []
    asked: list[tuple[ColumnElement[str], Sequence[str]]] = [
        (events.c.subject, [] if wanted.subject is None else [wanted.subject]),
        (events.c.type, types or []),
        (events.c.account, [] if wanted.account is None else [wanted.account]),
        (events.c.severity, [] if wanted.severity is None else [wanted.severity]),
    ]
    first = next((column for column, words in asked if len(words) == 1), None)
    for column, words in asked:
        if words:
            same = column == words[0] if column is first else unindexed(column).in_(words)
            (narrow if column is first else filters).append(same)
    if wanted.since is not None:
        narrow += [events.c.seq >= first_since(conn, wanted.since), events.c.detected_at >= wanted.since]
    if wanted.until is not None:
        narrow.append(events.c.seq <= last_before(conn, wanted.until))
        filters.append(events.c.detected_at < wanted.until)
    if wanted.search:
        patterns = [like_any(text) for text in wanted.search]
        columns = (events.c.subject, events.c.data)
        filters.append(or_(*(column.ilike(each, escape="\\") for each in patterns for column in columns)))
    return narrow, filters
