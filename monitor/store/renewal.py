"""What people do to deliveries: try one again, or give one up. Each is a compare-and-set on its state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, insert, select, update
from sqlalchemy import exists as exists_

from monitor.model import DeliveryState
from monitor.store.columns import chunks
from monitor.store.deliveries import finish
from monitor.store.notifications import BLOCKED
from monitor.store.sink_health import probe_now
from monitor.store.tables import deliveries, events, notification_events, unsettled

CHANGEABLE = (DeliveryState.PENDING, DeliveryState.DEAD, DeliveryState.REFUSED)
"""What may be tried again or given up: not what is being sent, and not what has arrived."""
RENEWABLE = (*CHANGEABLE, DeliveryState.DROPPED)
"""What may be tried again where it is named by its id: also what a person gave up, which `CHANGEABLE` leaves alone."""
_mine = unsettled.alias("mine")
_later = unsettled.alias("later")


def hold_delivery(conn: Connection, id: str) -> tuple[int, DeliveryState, str] | None:
    """Number, state and sink of a delivery, which nobody else changes before this transaction ends."""
    columns = (deliveries.c.n, deliveries.c.state, deliveries.c.sink)
    row = conn.execute(select(*columns).where(deliveries.c.id == id).with_for_update()).one_or_none()
    return None if row is None else (row.n, DeliveryState(row.state), row.sink)


def renew(conn: Connection, numbers: Sequence[int], *, detail: str, now: datetime) -> int:
    """Makes those of the deliveries that are `RENEWABLE` due now, with a new life from now on. Each takes its old
    place again among the messages of the same rule and sink that share a subject (promise 4). A sink that is held back
    is probed at once. Gives how many."""
    count = 0
    for some in chunks(sorted(numbers)):
        renewed = _renewed(conn, some, detail, now)
        sinks = conn.execute(select(deliveries.c.sink).where(deliveries.c.n.in_(renewed)).distinct())
        probe_now(conn, list(sinks.scalars()), now)
        count += len(renewed)
    return count


def give_up(conn: Connection, number: int, *, detail: str, now: datetime) -> None:
    """Ends a delivery that is held and `CHANGEABLE`; what waited behind it may go."""
    finish(conn, [number], DeliveryState.DROPPED, detail, now, None)


def _renewed(conn: Connection, some: Sequence[int], detail: str, now: datetime) -> Sequence[int]:
    mine = deliveries.c.n.in_(some)
    states = [state.value for state in RENEWABLE]
    fresh = {"state": DeliveryState.PENDING.value, "ready": True, "next_at": now, "settled_at": None}
    changed = (
        update(deliveries)
        .where(mine, deliveries.c.state.in_(states))
        .values(**fresh, renewed_at=now, detail=detail)
        .returning(deliveries.c.n)
    )
    numbers = list(conn.execute(changed).scalars())
    conn.execute(insert(unsettled).from_select(["sink", "rule", "subject", "delivery"], _subjects(numbers)))
    conn.execute(update(deliveries).where(deliveries.c.n.in_(numbers), BLOCKED).values(ready=False))
    conn.execute(update(deliveries).where(deliveries.c.n.in_(_behind(numbers))).values(ready=False))
    return numbers


def _subjects(numbers: Sequence[int]) -> Select[tuple[object, ...]]:
    """The subjects of deliveries that had ended; they were let go of, and are those of the message's events."""
    link = notification_events.c
    subject = events.c.account.concat("|").concat(events.c.subject)
    query = (
        select(deliveries.c.sink, deliveries.c.rule, subject, deliveries.c.n)
        .join(notification_events, link.notification == deliveries.c.notification)
        .join(events, events.c.seq == link.seq)
        .where(deliveries.c.n.in_(numbers))
    )
    return query.where(~exists_(select(1).where(unsettled.c.delivery == deliveries.c.n))).distinct()


def _behind(numbers: Sequence[int]) -> Select[tuple[int]]:
    """The waiting deliveries that come after one of these and share a subject with it."""
    same = (_later.c.sink == _mine.c.sink) & (_later.c.rule == _mine.c.rule) & (_later.c.subject == _mine.c.subject)
    return (
        select(_later.c.delivery)
        .select_from(_mine)
        .join(_later, same & (_later.c.delivery > _mine.c.delivery))
        .where(_mine.c.delivery.in_(numbers))
    )
