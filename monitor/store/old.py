"""What retention may remove, looked for a window at a time: reads only, each of bounded cost, off the writer's way.

What is looked for is walked in the order of its numbers; `behind` is where the window before ended. A window gives
where it ended itself, None where nothing is left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select

from monitor.store.columns import chunks
from monitor.store.event_query import last_before
from monitor.store.notification_list import first_notification_since
from monitor.store.tables import deliveries, events, hidden, jobs, notification_events, notifications, silences

_OF_ROWS = ("job", "notification", "silence")
"""What the subjects that have a row of their own begin with."""
WINDOW = 500
"""Rows of one look."""
_later = events.alias("later")
LAST = ~exists(
    select(1).where(
        _later.c.subject == events.c.subject, _later.c.seq > events.c.seq, _later.c.account == events.c.account
    )
)
"""No later event has the same subject."""


@dataclass(slots=True)
class Going:
    """What is counted as removed already, for who only looks."""

    messages: set[int] = field(default_factory=set)
    subjects: set[tuple[str, str]] = field(default_factory=set)
    """(account, subject) of what nobody will know any more."""


@dataclass(frozen=True, slots=True)
class Window:
    """What may go, by number, and where the look ended."""

    numbers: tuple[int, ...]
    end: int | None


def still_needed(before: datetime) -> Any:
    """Whether a message has a delivery that waits, or that ended at `before` or later."""
    open_or_late = or_(deliveries.c.settled_at.is_(None), deliveries.c.settled_at >= before)
    return exists(select(1).where(deliveries.c.notification == notifications.c.n, open_or_late))


def old_messages(conn: Connection, before: datetime, keep: Collection[int], behind: int) -> Window:
    """Messages that were written before then, all of whose deliveries ended before then. `keep`: events that somebody
    still refers to; the messages about them stay."""
    first_kept = first_notification_since(conn, before)
    old = (notifications.c.n > behind, notifications.c.n < first_kept, notifications.c.created_at < before)
    query = select(notifications.c.n, still_needed(before).label("needed")).where(*old)
    rows = conn.execute(query.order_by(notifications.c.n).limit(WINDOW)).all()
    free = [row.n for row in rows if not row.needed]
    kept = {n for n, seq in _links(conn, notification_events.c.notification, free) if seq in keep}
    return Window(tuple(n for n in free if n not in kept), _end(rows, "n"))


def old_hidden(conn: Connection, before: datetime, behind: int) -> Window:
    """What was hidden before then, from the beginning on."""
    query = select(hidden.c.n, hidden.c.at).where(hidden.c.n > behind).order_by(hidden.c.n)
    rows = conn.execute(query.limit(WINDOW)).all()
    old = tuple(row.n for row in rows if row.at < before)
    return Window(old, _end(rows, "n") if old else None)


def old_silences(conn: Connection, before: datetime, limit: int = WINDOW) -> list[tuple[int, str]]:
    """Number and id of silences that were over before then and of which nothing is kept."""
    over = func.coalesce(silences.c.ended_at, silences.c.ends_at) < before
    kept = exists(select(1).where(hidden.c.by == "silence/" + silences.c.id, hidden.c.at >= before))
    query = select(silences.c.n, silences.c.id).where(over, ~kept).order_by(silences.c.n)
    return [(n, name) for n, name in conn.execute(query.limit(limit))]


def old_jobs(conn: Connection, before: datetime, limit: int = WINDOW) -> list[tuple[int, str, str]]:
    """Number, account and id of jobs that have been gone from their platform since before then, the first to go.
    Those that were archived are `old_archived`."""
    gone = (jobs.c.gone.is_(True), jobs.c.archived_at.is_(None), jobs.c.changed_at < before)
    query = select(jobs.c.id, jobs.c.account, jobs.c.job_id).where(*gone).order_by(jobs.c.changed_at, jobs.c.id)
    return [(n, account, job) for n, account, job in conn.execute(query.limit(limit))]


def old_events(
    conn: Connection, before: datetime, routed: int, keep: Collection[int], behind: int, going: Going
) -> Window:
    """Events that were detected before then and dealt with (up to the number `routed`), of which no message is kept,
    which nobody refers to (`keep`), and which are not the last word on something that is still known."""
    until = min(routed, last_before(conn, before))
    query = select(events.c.seq, events.c.account, events.c.subject, events.c.detected_at, LAST.label("last"))
    within = query.where(events.c.seq > behind, events.c.seq <= until)
    rows = conn.execute(within.order_by(events.c.seq).limit(WINDOW)).all()
    linked = {
        seq for n, seq in _links(conn, notification_events.c.seq, [row.seq for row in rows]) if n not in going.messages
    }
    free = [row for row in rows if row.detected_at < before and row.seq not in linked and row.seq not in keep]
    known = _known(conn, {(row.account, row.subject) for row in free if row.last}, going)
    seqs = tuple(row.seq for row in free if not row.last or (row.account, row.subject) not in known)
    return Window(seqs, _end(rows, "seq"))


def _known(conn: Connection, subjects: set[tuple[str, str]], going: Going) -> set[tuple[str, str]]:
    """Those of the subjects that are known: what has a row of its own as long as it has that, all others for good."""
    found = {each for each in subjects if each[1].partition("/")[0] not in _OF_ROWS}
    names: dict[str, list[str]] = {"job": [], "notification": [], "silence": []}
    for _, subject in subjects - found:
        kind, _, name = subject.partition("/")
        names[kind].append(name)
    for some in chunks(sorted(names["job"])):
        query = select(jobs.c.account, jobs.c.job_id).where(jobs.c.job_id.in_(some))
        found |= {(account, f"job/{job}") for account, job in conn.execute(query)}
    for some in chunks(sorted(names["notification"])):
        said = select(notifications.c.n, notifications.c.id).where(notifications.c.id.in_(some))
        found |= {("", f"notification/{name}") for n, name in conn.execute(said) if n not in going.messages}
    for some in chunks(sorted(names["silence"])):
        hushed = select(silences.c.id).where(silences.c.id.in_(some))
        found |= {("", f"silence/{name}") for name in conn.execute(hushed).scalars()}
    return found - going.subjects


def _links(conn: Connection, column: Any, numbers: Iterable[int]) -> set[tuple[int, int]]:
    """(notification, seq) of all messages or events of these numbers."""
    found: set[tuple[int, int]] = set()
    for some in chunks(sorted(numbers)):
        query = select(notification_events.c.notification, notification_events.c.seq).where(column.in_(some))
        found |= {(n, seq) for n, seq in conn.execute(query)}
    return found


def _end(rows: Sequence[Any], column: str) -> int | None:
    return int(getattr(rows[-1], column)) if len(rows) == WINDOW else None
