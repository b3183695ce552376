"""How each sink is, as delivery left it: what a restart must neither forget nor tell twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, update

from monitor.model import DeliveryState
from monitor.store.columns import Moment, chunks
from monitor.store.prepared import Prepared
from monitor.store.tables import attempts, deliveries, sink_health, sink_losses
from monitor.store.upsert import Upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkHealth:
    """A sink that nothing is known of is well."""

    sink: str
    since: datetime | None = None
    """The first failure in a row; None while it takes messages."""
    probe_at: datetime | None = None
    """Nothing is sent before it, and then one message; None while the sink is not held back."""
    told_at: datetime | None = None
    """When its failing was told; None where it was not, or is over."""
    failures: int = 0
    """Failures in a row, one after the other."""
    messages: int = 0
    """Different messages among those."""
    refusals: int = 0
    """Messages in a row that it refused for good, or would have."""
    detail: str = ""
    """What the last failure came to, scrubbed."""
    delivered_at: datetime | None = None
    """When it last took a message."""
    canary_at: datetime | None = None
    """When the last canary was written, or when the wait for the first one began."""
    paced_to: datetime | None = None
    """Up to when its rate is used up (see `delivery.pace`)."""


_NAMES = tuple(column.name for column in sink_health.columns)
_LOAD = Prepared(select(*sink_health.columns).where(sink_health.c.sink == bindparam("of_sink")))
_SAVE = Upsert(sink_health)
_TRIED = Prepared(
    select(func.min(attempts.c.started_at), func.max(attempts.c.started_at))
    .select_from(attempts)
    .join(deliveries, deliveries.c.n == attempts.c.delivery)
    .where(deliveries.c.id == bindparam("of_id"), attempts.c.ended_at.is_not(None))
    .where(or_(deliveries.c.renewed_at.is_(None), attempts.c.started_at >= deliveries.c.renewed_at))
)
_FORWARD = Prepared(
    update(deliveries)
    .where(deliveries.c.sink == bindparam("of_sink"), deliveries.c.settled_at.is_(None))
    .where(deliveries.c.state == DeliveryState.PENDING.value, deliveries.c.next_at > bindparam("now", type_=Moment()))
    .values(next_at=bindparam("now", type_=Moment()))
)


def load_sink_health(conn: Connection, sink: str) -> SinkHealth:
    """Well, where nothing is stored of it."""
    found = _LOAD.rows(conn, {"of_sink": sink})
    return SinkHealth(**dict(zip(_NAMES, found[0], strict=True))) if found else SinkHealth(sink=sink)


def save_sink_health(conn: Connection, health: SinkHealth) -> None:
    _SAVE.many(conn, [asdict(health)])


def all_sink_health(conn: Connection) -> dict[str, SinkHealth]:
    """By name, of every sink that is known, also of one that is no longer in the config."""
    return {row.sink: _of(row) for row in conn.execute(select(sink_health))}


def forget_sinks(conn: Connection, sinks: Sequence[str]) -> None:
    """They were removed from the config."""
    for some in chunks(sorted(sinks)):
        conn.execute(delete(sink_health).where(sink_health.c.sink.in_(some)))
        conn.execute(delete(sink_losses).where(sink_losses.c.sink.in_(some)))


def tried_before(conn: Connection, delivery_id: str) -> tuple[datetime, datetime] | None:
    """When the first and the last attempt began of those that are over, since somebody last asked for it; None: it
    was not tried yet."""
    ((first, last),) = _TRIED.rows(conn, {"of_id": delivery_id})
    return None if first is None or last is None else (first, last)


def bring_forward(conn: Connection, sink: str, now: datetime) -> None:
    """Whatever waits for a later time is due now: the reason for its wait is over."""
    _FORWARD.many(conn, [{"of_sink": sink, "now": now}])


def probe_now(conn: Connection, sinks: Sequence[str], now: datetime) -> None:
    """Somebody asks for these sinks to be tried again at once."""
    for some in chunks(sorted(set(sinks))):
        held = (sink_health.c.sink.in_(some), sink_health.c.probe_at > now)
        conn.execute(update(sink_health).where(*held).values(probe_at=now))


def _of(row: Row[tuple[object, ...]]) -> SinkHealth:
    return SinkHealth(**dict(zip(_NAMES, row, strict=True)))  # type: ignore[arg-type]
