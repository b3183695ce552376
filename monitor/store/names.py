"""Another name for an account, sink, rule, budget or policy: what is known goes on under it, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, exists, func, literal, select, update

from monitor.model import AskerKind
from monitor.store.columns import like_any
from monitor.store.sink_tables import sink_health, sink_losses
from monitor.store.tables import (
    actions,
    bookings,
    budget_marks,
    cleanup_state,
    deliveries,
    events,
    first_sights,
    flavors,
    forgotten_jobs,
    health,
    hidden,
    jobs,
    meta,
    notifications,
    quotas,
    scopes,
    subject_revisions,
    unsettled,
)

Kind = Literal["account", "sink", "rule", "budget", "cleanup"]
_EPOCH = meta.c.key == "epoch"
OF_ACCOUNT = (
    *(scopes, jobs, flavors, events, bookings, health, first_sights, forgotten_jobs, subject_revisions),
    *(actions, quotas),
)
OF_SINK = (deliveries, unsettled, sink_health, sink_losses)
OF_RULE = (notifications, deliveries, unsettled, hidden)
OF_BUDGET = (budget_marks,)
_TABLES: Mapping[Kind, Sequence[Table]] = {"sink": OF_SINK, "rule": OF_RULE, "budget": OF_BUDGET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    kind: Kind
    before: str
    after: str


def rename(conn: Connection, wish: Rename) -> bool:
    """Whether anything bore the name before. Twice is as good as once.

    What happened is found under the new name; what was said of it then, in texts and in the data of events, stays as it
    was said. Raises ValueError where both names of an account have a history of their own: those cannot become one.
    """
    if wish.kind == "account":
        return _account(conn, wish)
    if wish.kind == "cleanup":
        return _policy(conn, wish)
    moved = [_move(conn, table, table.c[wish.kind], wish) for table in _TABLES[wish.kind]]
    if wish.kind == "sink":
        moved.append(_hidden_sinks(conn, wish))
    return any([*moved, _subjects(conn, wish, "")])


def bears(conn: Connection, kind: Kind, name: str) -> bool:
    """Whether anything is known under that name."""
    if kind == "account":
        return bool(conn.execute(select(exists().where(scopes.c.account == name))).scalar())
    counted = subject_revisions.c
    if kind == "cleanup":
        places = [cleanup_state.c.policy == name, _asked(name)]
    else:
        places = [table.c[kind] == name for table in _TABLES[kind]]
    places.append(and_(counted.account == "", counted.subject == f"{kind}/{name}"))
    return any(conn.execute(select(exists().where(place))).scalar() for place in places)


def epoch_of(conn: Connection) -> str:
    """Part of the id of every event that is written from now on."""
    return str(conn.execute(select(meta.c.value).where(_EPOCH)).scalar_one())


def _account(conn: Connection, wish: Rename) -> bool:
    before, after = (bears(conn, "account", name) for name in (wish.before, wish.after))
    if not before:
        return False
    if after:
        raise ValueError(f"both {wish.before!r} and {wish.after!r} have a history of their own")
    for table in OF_ACCOUNT:
        _move(conn, table, table.c.account, wish)
    _subjects(conn, wish, wish.after)
    _waiting(conn, f"{wish.before}|", f"{wish.after}|", whole=False)
    # The name is free for another account, of which no event may bear an id that was given out under it.
    conn.execute(update(meta).where(_EPOCH).values(value=uuid4().hex))
    return True


def _policy(conn: Connection, wish: Rename) -> bool:
    found = conn.execute(update(actions).where(_asked(wish.before)).values(asked_by=wish.after)).rowcount > 0
    return any([found, _move(conn, cleanup_state, cleanup_state.c.policy, wish), _subjects(conn, wish, "")])


def _asked(policy: str) -> ColumnElement[bool]:
    return and_(actions.c.asked_kind == AskerKind.POLICY.value, actions.c.asked_by == policy)


def _move(conn: Connection, table: Table, column: Column[Any], wish: Rename) -> bool:
    """Where rows of both names have the same key, the one that goes on is that of the name before."""
    key = [each for each in table.primary_key if each.name != column.name]
    if len(key) < len(table.primary_key):
        other = table.alias("other")
        same = and_(other.c[column.name] == wish.before, *(other.c[each.name] == each for each in key))
        conn.execute(delete(table).where(column == wish.after, exists(select(literal(1)).where(same))))
    return conn.execute(update(table).where(column == wish.before).values({column.name: wish.after})).rowcount > 0


def _subjects(conn: Connection, wish: Rename, account: str) -> bool:
    """`sink/<name>` and so on, in events of the account ('' of none) and in what counts them."""
    before, after = f"{wish.kind}/{wish.before}", f"{wish.kind}/{wish.after}"
    counted = subject_revisions.c
    there = conn.execute(
        select(counted.subject, counted.revision).where(
            counted.account == account, counted.subject.in_([before, after])
        )
    )
    found: dict[str, int] = {row.subject: row.revision for row in there}
    if before in found:
        conn.execute(delete(subject_revisions).where(counted.account == account, counted.subject == after))
        last = {"subject": after, "revision": max(found.values())}
        where = (counted.account == account, counted.subject == before)
        conn.execute(update(subject_revisions).where(*where).values(**last))
    of = (events.c.subject == before, events.c.account == account)
    moved = conn.execute(update(events).where(*of).values(subject=after)).rowcount > 0
    _waiting(conn, f"{account}|{before}", f"{account}|{after}", whole=True)
    return moved or before in found


def _waiting(conn: Connection, before: str, after: str, *, whole: bool) -> None:
    """The subjects of deliveries that are under way, or what they begin with."""
    column = unsettled.c.subject
    length = len(before)
    where = column == before if whole else func.substr(column, 1, length) == before
    conn.execute(update(unsettled).where(where).values(subject=literal(after) + func.substr(column, length + 1)))


def _hidden_sinks(conn: Connection, wish: Rename) -> bool:
    quoted = json.dumps(wish.before)
    query = select(hidden.c.n, hidden.c.sinks).where(hidden.c.sinks.like(like_any(quoted), escape="\\"))
    rows: Sequence[Any] = conn.execute(query).all()
    for row in rows:
        names = [wish.after if name == wish.before else name for name in json.loads(row.sinks)]
        conn.execute(update(hidden).where(hidden.c.n == row.n).values(sinks=json.dumps(list(dict.fromkeys(names)))))
    return bool(rows)
