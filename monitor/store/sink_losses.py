"""Messages given up for the same cause: how many there were since that was last told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select

from monitor.store.columns import chunks
from monitor.store.prepared import Prepared
from monitor.store.tables import sink_losses
from monitor.store.upsert import Upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRow:
    """`count` messages since `told_at`; `last` is the id of the newest of their deliveries."""

    sink: str
    cause: str
    told_at: datetime
    count: int
    last: str


_SAVE = Upsert(sink_losses)
_FIRST = Prepared(
    select(func.min(sink_losses.c.told_at)).where(sink_losses.c.sink == bindparam("of_sink"), sink_losses.c.count > 0)
)


def load_losses(conn: Connection, sink: str) -> dict[str, LossRow]:
    """By cause."""
    rows = conn.execute(select(sink_losses).where(sink_losses.c.sink == sink).order_by(sink_losses.c.cause))
    return {row.cause: LossRow(**row._mapping) for row in rows}


def sinks_with_losses(conn: Connection) -> set[str]:
    """Also those that are no longer in the config."""
    return set(conn.execute(select(sink_losses.c.sink).distinct()).scalars())


def save_losses(conn: Connection, sink: str, losses: Mapping[str, LossRow]) -> None:
    """Exactly these of the sink are kept."""
    gone = sorted(load_losses(conn, sink).keys() - losses.keys())
    for some in chunks(gone):
        conn.execute(delete(sink_losses).where(sink_losses.c.sink == sink, sink_losses.c.cause.in_(some)))
    _SAVE.many(conn, [asdict(row) for row in losses.values()])


def first_untold(conn: Connection, sink: str) -> datetime | None:
    """When the cause was last told that was told longest ago, of those with a message since."""
    ((at,),) = _FIRST.rows(conn, {"of_sink": sink})
    assert at is None or isinstance(at, datetime)
    return at
