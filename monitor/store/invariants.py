"""What must hold between the rows of a whole database, and what to say where it does not: for `db check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Select, collate, exists, func, literal, select

from monitor.model import DeliveryState, EventType
from monitor.store.counters import last_taken
from monitor.store.ledger_whole import unbooked
from monitor.store.notifications import BLOCKED
from monitor.store.prune import PRUNED
from monitor.store.rules import get_cursor
from monitor.store.tables import (
    actions,
    attempts,
    counters,
    cursors,
    deliveries,
    events,
    job_counts,
    jobs,
    meta,
    notification_events,
    notifications,
    subject_revisions,
    unsettled,
)

SHOWN = 3
"""Examples that are named of each kind."""
_NUMBERED = {
    "event": events.c.seq,
    "notification": notifications.c.n,
    "delivery": deliveries.c.n,
    "action": actions.c.n,
}
_OPEN = (DeliveryState.PENDING.value, DeliveryState.SENDING.value)
_Check = Callable[[Connection], Iterator[str]]


def broken(conn: Connection) -> Iterator[str]:
    """One plain line for each thing that is wrong. Reads every table."""
    for look in (_epoch, _numbers, _cursors, _revisions, _states, _waiting, _attempts, _counts, unbooked):
        yield from look(conn)


def _epoch(conn: Connection) -> Iterator[str]:
    if conn.execute(select(meta.c.value).where(meta.c.key == "epoch")).scalar_one_or_none() is None:
        yield "epoch: the database has none"


def _numbers(conn: Connection) -> Iterator[str]:
    """Numbers follow each other without a gap, but for what retention has removed."""
    for name, column in _NUMBERED.items():
        last, pruned = last_taken(conn, name), get_cursor(conn, PRUNED + name)
        count, newest = conn.execute(select(func.count(), func.max(column)).where(column > pruned)).one()
        if newest is not None and newest > last:
            yield f"numbers: the {name} {newest} is beyond the counter, which stands at {last}"
        elif count != max(0, last - pruned):
            following = column.table.alias("following")
            there = exists(select(1).where(following.c[column.name] == column + 1))
            first = conn.execute(select(func.min(column)).where(column >= pruned, column < last, ~there)).scalar()
            after = pruned if first is None else first
            yield f"numbers: {last - pruned - count} of {last} are missing of the {name}s, the first after {after}"


def _cursors(conn: Connection) -> Iterator[str]:
    newest = last_taken(conn, "event")
    for name, seq in conn.execute(select(cursors.c.name, cursors.c.seq).where(cursors.c.name == "routing")):
        if seq > newest:
            yield f"cursor: {name} has read up to {seq}, and the newest event is {newest}"
    for name in _NUMBERED:
        if conn.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one_or_none() is None:
            yield f"counter: there is none of the {name}s"


def _revisions(conn: Connection) -> Iterator[str]:
    """What comes next must not bear the id of an event that was told. Of a flavor only its flapping is counted here;
    its stock counts by the flavor's own row."""
    same = (events.c.account == subject_revisions.c.account, events.c.subject == subject_revisions.c.subject)
    ahead = select(events.c.seq).join(subject_revisions, same[0] & same[1])
    counted = ~events.c.subject.startswith("flavor/") | (events.c.type == EventType.FLAVOR_FLAPPING.value)
    ahead = ahead.where(events.c.revision > subject_revisions.c.revision, counted)
    yield from _say(conn, "revision: event", ahead, "is further than its subject")
    subject = literal("job/") + jobs.c.job_id
    if conn.dialect.name != "sqlite":
        subject = collate(subject, "default")
    other = jobs.alias("other")  # in another scope of the account
    furthest = select(func.max(other.c.revision)).where(
        other.c.job_id == jobs.c.job_id, other.c.account == jobs.c.account
    )
    of_job = (events.c.subject == subject, events.c.account == jobs.c.account)
    told = exists(select(1).where(*of_job, events.c.revision > furthest.scalar_subquery()))
    yield from _say(conn, "revision: job", select(jobs.c.job_id).where(told), "its events are further than it is")


def _states(conn: Connection) -> Iterator[str]:
    state, number = deliveries.c.state, select(deliveries.c.n)
    ended = number.where(state.in_(_OPEN), deliveries.c.settled_at.is_not(None))
    waiting = number.where(state.not_in(_OPEN), deliveries.c.settled_at.is_(None))
    yield from _say(conn, "delivery", ended, "is to be sent and has an end")
    yield from _say(conn, "delivery", waiting, "is over and has no end")
    ready = number.where(deliveries.c.ready.is_(True), state != DeliveryState.PENDING.value)
    yield from _say(conn, "delivery", ready, "is ready and does not wait")
    lost = number.where(~exists(select(1).where(notifications.c.n == deliveries.c.notification)))
    yield from _say(conn, "delivery", lost, "has no message")


def _waiting(conn: Connection) -> Iterator[str]:
    """The subjects of what is not settled are those of its message, and who waits does so for somebody."""
    held = select(1).where(unsettled.c.delivery == deliveries.c.n)
    linked = select(1).where(notification_events.c.notification == deliveries.c.notification)
    open_, number = deliveries.c.settled_at.is_(None), select(deliveries.c.n)
    yield from _say(conn, "delivery", number.where(open_, exists(linked), ~exists(held)), "waits without its subjects")
    over = select(unsettled.c.delivery).distinct().join(deliveries, deliveries.c.n == unsettled.c.delivery)
    yield from _say(conn, "delivery", over.where(deliveries.c.settled_at.is_not(None)), "is over and holds others up")
    pending = number.where(deliveries.c.state == DeliveryState.PENDING.value)
    yield from _say(conn, "delivery", pending.where(deliveries.c.ready.is_(False), ~BLOCKED), "waits for nothing")
    yield from _say(conn, "delivery", pending.where(deliveries.c.ready.is_(True), BLOCKED), "goes before its turn")


def _attempts(conn: Connection) -> Iterator[str]:
    sending = deliveries.c.state == DeliveryState.SENDING.value
    open_ = exists(select(1).where(attempts.c.delivery == deliveries.c.n, attempts.c.ended_at.is_(None)))
    number = select(deliveries.c.n)
    yield from _say(conn, "delivery", number.where(sending, ~open_), "is being sent by no attempt")
    waits = deliveries.c.state == DeliveryState.PENDING.value
    yield from _say(conn, "delivery", number.where(waits, open_), "waits while an attempt is open")


def _counts(conn: Connection) -> Iterator[str]:
    counted = select(job_counts.c.account, job_counts.c.state, job_counts.c.count)
    kept = {(account, state): count for account, state, count in conn.execute(counted)}
    query = select(jobs.c.account, jobs.c.state, func.count()).where(jobs.c.gone.is_(False))
    true = {
        (account, state): count for account, state, count in conn.execute(query.group_by(jobs.c.account, jobs.c.state))
    }
    for account, state in sorted(kept.keys() | true.keys()):
        said, there = kept.get((account, state), 0), true.get((account, state), 0)
        if said != there:
            yield f"counts: {account} has {there} jobs that are {state}, and {said} are counted"


def _say(conn: Connection, what: str, query: Select[Any], wrong: str) -> Iterator[str]:
    found = [str(number) for number in conn.execute(query.limit(SHOWN + 1)).scalars()]
    if found:
        more = " and others" if len(found) > SHOWN else ""
        yield f"{what} {', '.join(found[:SHOWN])}{more}: {wrong}"
