"""The life of a delivery: claimed in order, settled with its receipt, made due again after a crash."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from monitor.model import Delivery, DeliveryState, Outcome, Reason, Receipt, Severity
from monitor.store.columns import Moment
from monitor.store.errors import StoreError
from monitor.store.notifications import BLOCKED, load_notifications
from monitor.store.prepared import Prepared
from monitor.store.tables import attempts, deliveries, notifications, unsettled

CRASHED = "the daemon ended before the answer"
TEST_RULE = "test"
"""What the test messages that people ask for name as their rule."""


class First(StrEnum):
    """Which of the deliveries that are due are claimed first; those of one rule and subject never change places."""

    OLDEST = "oldest"
    URGENT = "urgent"
    """Tests, for somebody waits for them, then what is critical."""
    UNTRIED = "untried"
    """Tests, then what was tried least often: if one message is at fault, it is not always that one."""
    TESTS = "tests"
    """Nothing but tests."""


_CLAIMED = ("n", "id", "attempt", "notification", "renewed_at")

_NOW = bindparam("now", type_=Moment())
_DUE = type_coerce(deliveries.c.next_at, BigInteger()) + 0 <= _NOW
"""`+ 0`: SQLite is to walk the waiting ones in order and stop, not to sort all that are due."""
_CLAIM = Prepared(
    select(*(deliveries.c[name] for name in _CLAIMED))
    .where(deliveries.c.sink == bindparam("of_sink"), deliveries.c.ready.is_(True), _DUE)
    .order_by(deliveries.c.n)
    .limit(bindparam("most", type_=BigInteger()))
    .with_for_update(skip_locked=True)
)
_TEST = (notifications.c.reason == Reason.TEST.value) & (deliveries.c.rule == TEST_RULE)


def _ahead(*first: ColumnElement[Any], only: ColumnElement[bool] | None = None) -> Prepared:
    """What is claimed in another order than that of writing. Only where little is sent, for it looks at all that
    waits."""
    said = (
        select(*(deliveries.c[name] for name in _CLAIMED))
        .join(notifications, notifications.c.n == deliveries.c.notification)
        .where(deliveries.c.sink == bindparam("of_sink"), deliveries.c.ready.is_(True), _DUE)
        .order_by(case((_TEST, 0), else_=1), *first, deliveries.c.n)
        .limit(bindparam("most", type_=BigInteger()))
        .with_for_update(skip_locked=True, of=deliveries)
    )
    return Prepared(said if only is None else said.where(only))


_CLAIMS = {
    First.OLDEST: _CLAIM,
    First.URGENT: _ahead(case((notifications.c.severity == Severity.CRITICAL.value, 0), else_=1)),
    First.UNTRIED: _ahead(deliveries.c.attempt),
    First.TESTS: _ahead(only=_TEST),
}
_SEND = Prepared(
    update(deliveries)
    .where(deliveries.c.n == bindparam("of_n"))
    .values(state=DeliveryState.SENDING.value, ready=False, attempt=bindparam("attempt"))
)
_OPEN_ATTEMPT = Prepared(
    insert(attempts)
    .values(delivery=bindparam("of_n"), attempt=bindparam("attempt"), started_at=_NOW, detail="")
    .inline()
)
_CLOSE_ATTEMPT = Prepared(
    update(attempts)
    .where(attempts.c.delivery == bindparam("of_n"), attempts.c.ended_at.is_(None))
    .values(ended_at=_NOW, outcome=bindparam("outcome"), detail=bindparam("detail"), reference=bindparam("reference"))
)
_FIND = Prepared(
    select(deliveries.c.n, deliveries.c.state).where(deliveries.c.id == bindparam("of_id")).with_for_update()
)
_FINISH = Prepared(
    update(deliveries)
    .where(deliveries.c.n == bindparam("of_n"))
    .values({name: bindparam(name) for name in ("state", "ready", "next_at", "settled_at", "detail")})
)
_HOLD_BACK = Prepared(update(deliveries).where(deliveries.c.n == bindparam("of_n"), BLOCKED).values(ready=False))
_SUBJECTS = Prepared(
    select(unsettled.c.sink, unsettled.c.rule, unsettled.c.subject).where(unsettled.c.delivery == bindparam("of_n"))
)
_FREE = Prepared(delete(unsettled).where(unsettled.c.delivery == bindparam("of_n")))
_FIRST_OF_SUBJECT = (
    select(func.min(unsettled.c.delivery))
    .where(unsettled.c.sink == bindparam("of_sink"))
    .where(unsettled.c.rule == bindparam("of_rule"), unsettled.c.subject == bindparam("of_subject"))
    .scalar_subquery()
)
_LET_GO = Prepared(
    update(deliveries)
    .where(deliveries.c.n == _FIRST_OF_SUBJECT, deliveries.c.state == DeliveryState.PENDING.value, ~BLOCKED)
    .values(ready=True)
)
_NEXT_DUE = Prepared(
    select(func.min(deliveries.c.next_at)).where(
        deliveries.c.sink == bindparam("of_sink"), deliveries.c.ready.is_(True)
    )
)
_NEXT_TEST = Prepared(
    select(func.min(deliveries.c.next_at))
    .select_from(deliveries)
    .join(notifications, notifications.c.n == deliveries.c.notification)
    .where(deliveries.c.sink == bindparam("of_sink"), deliveries.c.settled_at.is_(None))
    .where(deliveries.c.ready.is_(True), _TEST)
)


def claim(conn: Connection, sink: str, *, now: datetime, limit: int, first: First = First.OLDEST) -> list[Delivery]:
    """Takes what is due for the sink, in order, and opens an attempt for each. A delivery with an earlier unsettled
    one of the same rule and sink that shares a subject is not given out (promise 4)."""
    taken = _CLAIMS[first].rows(conn, {"of_sink": sink, "now": now, "most": limit})
    rows = [{"of_n": n, "attempt": attempt + 1, "now": now} for n, _, attempt, *_ in taken]
    _SEND.many(conn, rows)
    _OPEN_ATTEMPT.many(conn, rows)
    said = load_notifications(conn, (notification for *_, notification, _ in taken))
    return [
        Delivery(id=delivery_id, sink=sink, attempt=attempt + 1, notification=said[notification], renewed_at=renewed_at)
        for _, delivery_id, attempt, notification, renewed_at in taken
    ]


def settle(
    conn: Connection,
    delivery_id: str,
    *,
    state: DeliveryState,
    receipt: Receipt,
    now: datetime,
    next_at: datetime | None = None,
) -> None:
    """Closes the open attempt with its receipt. `state` PENDING asks for another attempt at `next_at`; every other one
    is the end and frees the subjects. A delivery that ended meanwhile (its sink was removed) keeps that end."""
    if state is DeliveryState.SENDING or (state is DeliveryState.PENDING) != (next_at is not None):
        raise ValueError("a settled delivery has no next time, a pending one needs it")
    found = _FIND.rows(conn, {"of_id": delivery_id})
    if not found:
        raise StoreError(f"There is no delivery {delivery_id} in the store.")
    ((n, stored),) = found
    _close_attempts(conn, [n], receipt, now)
    if stored == DeliveryState.SENDING.value:
        finish(conn, [n], state, receipt.detail, now, next_at)


def recover_claims(conn: Connection, *, now: datetime, sinks: Collection[str] | None = None, why: str = CRASHED) -> int:
    """For the start: what was being sent when the last run ended is due again; its attempt is closed as unknown.
    `sinks`: only what was being sent to those."""
    where = [deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.settled_at.is_(None)]
    if sinks is not None:
        where.append(deliveries.c.sink.in_(sinks))
    numbers = list(conn.execute(select(deliveries.c.n).where(*where)).scalars())
    _close_attempts(conn, numbers, Receipt(outcome=Outcome.UNKNOWN, detail=why), now)
    finish(conn, numbers, DeliveryState.PENDING, why, now, now)
    return len(numbers)


def next_due(conn: Connection, sink: str, *, tests: bool = False) -> datetime | None:
    """When the next claim of this sink can give something out; None: not before something is settled or written.
    `tests`: only those count."""
    ((due,),) = (_NEXT_TEST if tests else _NEXT_DUE).rows(conn, {"of_sink": sink})
    assert due is None or isinstance(due, datetime)
    return due


def finish(
    conn: Connection, numbers: Sequence[int], state: DeliveryState, detail: str, now: datetime, next_at: datetime | None
) -> None:
    """Moves open deliveries into `state`. Where that is an end, what waited behind them may go; else each waits behind
    an earlier one of its subjects, which somebody may have made due again while this one was being sent."""
    changes: dict[str, Any] = {"state": state.value, "detail": detail, "next_at": next_at}
    changes |= {"ready": not state.settled, "settled_at": now if state.settled else None}
    _FINISH.many(conn, [{"of_n": n, **changes} for n in numbers])
    if state.settled:
        _release(conn, numbers)
    else:
        _HOLD_BACK.many(conn, [{"of_n": n} for n in numbers])


def load_deliveries(conn: Connection, rows: Sequence[Row[Any]]) -> list[Delivery]:
    """Delivery rows with their notifications."""
    said = load_notifications(conn, (row.notification for row in rows))
    return [
        Delivery(
            id=row.id,
            sink=row.sink,
            attempt=row.attempt,
            notification=said[row.notification],
            renewed_at=row.renewed_at,
        )
        for row in rows
    ]


def _close_attempts(conn: Connection, numbers: Sequence[int], receipt: Receipt, now: datetime) -> None:
    told = {"now": now, "outcome": receipt.outcome.value, "detail": receipt.detail, "reference": receipt.reference}
    _CLOSE_ATTEMPT.many(conn, [{"of_n": n, **told} for n in numbers])


def _release(conn: Connection, numbers: Sequence[int]) -> None:
    """Frees the subjects of settled deliveries and lets those go that are now the first of all their subjects."""
    ended = [{"of_n": n} for n in numbers]
    freed = {tuple(subject) for each in ended for subject in _SUBJECTS.rows(conn, each)}
    _FREE.many(conn, ended)
    _LET_GO.many(
        conn, [{"of_sink": sink, "of_rule": rule, "of_subject": subject} for sink, rule, subject in sorted(freed)]
    )
