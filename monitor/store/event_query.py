"""Reading the event log by cursor and by filter, at a cost that follows what is asked for, not the log's length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from sqlalchemy import ColumnElement, Connection, Select, func, select, union_all

from monitor.model import Event, EventType
from monitor.store.columns import chunks
from monitor.store.events import event_of
from monitor.store.tables import events

DAY = timedelta(days=1)
_PIECE = 1000


def read_events(
    conn: Connection,
    *,
    after: int = 0,
    before: int | None = None,
    limit: int = 50,
    types: Iterable[str] | None = None,
    account: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    newest_first: bool = False,
    quiet: bool = True,
) -> list[Event]:
    """Events with `after` < seq < `before`, in the order of seq, or newest first. `types` may hold globs (`job.*`);
    `since` is about the time of detection; `quiet=False` leaves out what is stored but never routed."""
    wanted = None if types is None else expand_types(types)
    if wanted is not None and len(wanted) == len(EventType):
        wanted = None
    conditions = [events.c.seq > after]
    if before is not None:
        conditions.append(events.c.seq < before)
    if account is not None:
        conditions.append(events.c.account == account)
    if subject is not None:
        conditions.append(events.c.subject == subject)
    if since is not None:
        conditions += [events.c.seq >= first_since(conn, since), events.c.detected_at >= since]
    if not quiet:
        conditions.append(events.c.quiet.is_(False))
    if wanted is not None and account is None and subject is None:
        return _merge_types(conn, wanted, conditions, newest_first, limit)
    if wanted is not None:
        conditions.append(events.c.type.in_(wanted))
    return [event_of(row) for row in conn.execute(_ordered(select(events).where(*conditions), newest_first, limit))]


def expand_types(types: Iterable[str]) -> list[str]:
    """The event types that any of these names or globs means, sorted."""
    patterns = list(types)
    return sorted(kind.value for kind in EventType if any(fnmatchcase(kind.value, pattern) for pattern in patterns))


def load_events(conn: Connection, seqs: Iterable[int]) -> dict[int, Event]:
    """Those events by their numbers."""
    found: dict[int, Event] = {}
    for some in chunks(sorted(set(seqs))):
        for row in conn.execute(select(events).where(events.c.seq.in_(some))):
            found[row.seq] = event_of(row)
    return found


def events_between(conn: Connection, types: Sequence[str], since: datetime, until: datetime) -> Iterator[Event]:
    """Events of these types that were detected from `since` on and before `until`, in the order of seq; no quiet ones.
    Read in pieces: what is asked for may be many."""
    after, before = first_since(conn, since) - 1, last_before(conn, until) + 1
    while True:
        query = select(events).where(events.c.seq > after, events.c.seq < before, events.c.quiet.is_(False))
        if len(types) < len(EventType):
            query = query.where(events.c.type.in_(types))
        rows = list(conn.execute(query.order_by(events.c.seq).limit(_PIECE)))
        for row in rows:
            if since <= row.detected_at < until:
                yield event_of(row)
        if len(rows) < _PIECE:
            return
        after = rows[-1].seq


def _merge_types(
    conn: Connection, wanted: Sequence[str], conditions: list[ColumnElement[bool]], newest_first: bool, limit: int
) -> list[Event]:
    """One short walk of the (type, seq) index per type; an IN list would sort all that match."""
    if not wanted:
        return []
    parts = [
        _ordered(select(events.c.seq).where(events.c.type == kind, *conditions), newest_first, limit).subquery()
        for kind in wanted
    ]
    both = union_all(*(select(part.c.seq) for part in parts)).subquery()
    order = both.c.seq.desc() if newest_first else both.c.seq.asc()
    seqs = [int(seq) for seq in conn.execute(select(both.c.seq).order_by(order).limit(limit)).scalars()]
    found = load_events(conn, seqs)
    return [found[seq] for seq in seqs]


def _ordered(
    query: Select[tuple[int]] | Select[tuple[object, ...]], newest_first: bool, limit: int
) -> Select[tuple[object, ...]]:
    order = events.c.seq.desc() if newest_first else events.c.seq.asc()
    return query.order_by(order).limit(limit)


def first_since(conn: Connection, since: datetime) -> int:
    """The smallest number detected since then. It is looked for in the day that follows, in which a clock that was set
    back may have given a smaller number to a later time; else it is that of the next time."""
    later = events.c.detected_at >= since
    number = events.c.seq + 0  # else SQLite looks for the least by walking the whole log from its beginning
    of_the_day = select(func.min(number)).where(later, events.c.detected_at < since + DAY)
    following = select(events.c.seq).where(later).order_by(events.c.detected_at, events.c.seq).limit(1)
    found = conn.execute(of_the_day).scalar() or conn.execute(following).scalar()
    return int(found) if found is not None else 1 << 62


def last_before(conn: Connection, until: datetime) -> int:
    """The greatest number detected before then, looked for in the day that precedes; 0 where there is none."""
    before = events.c.detected_at < until
    of_the_day = select(func.max(events.c.seq + 0)).where(before, events.c.detected_at >= until - DAY)
    newest = select(events.c.seq).where(before).order_by(events.c.detected_at.desc(), events.c.seq.desc()).limit(1)
    return int(conn.execute(of_the_day).scalar() or conn.execute(newest).scalar() or 0)
