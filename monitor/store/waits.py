"""Why a delivery that waits was not sent yet: what it waits behind, and how its sink is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from monitor.model import DeliveryState
from monitor.store.columns import chunks
from monitor.store.delivery_list import DeliveryRow
from monitor.store.sink_health import SinkHealth, load_sink_health
from monitor.store.tables import deliveries, unsettled


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """`behind`: the id of the delivery that goes before it, for it is about the same; None: nothing does."""

    behind: str | None
    health: SinkHealth


_mine = unsettled.alias("mine")
_first = unsettled.alias("first")
_FIRST = (
    select(func.min(_first.c.delivery))
    .where(_first.c.sink == _mine.c.sink, _first.c.rule == _mine.c.rule, _first.c.subject == _mine.c.subject)
    .correlate(_mine)
    .scalar_subquery()
)


def why_waiting(conn: Connection, rows: Sequence[DeliveryRow]) -> dict[int, Wait]:
    """By the delivery's number, of those that are pending."""
    pending = [row for row in rows if row.state is DeliveryState.PENDING]
    health = {sink: load_sink_health(conn, sink) for sink in {row.sink for row in pending}}
    behind: dict[int, int] = {}
    for some in chunks([row.n for row in pending]):
        for n, first in conn.execute(select(_mine.c.delivery, _FIRST).where(_mine.c.delivery.in_(some))):
            if first < n:
                behind[n] = min(first, behind.get(n, first))
    names: dict[int, str] = {}
    for some in chunks(sorted(set(behind.values()))):
        rows_of = conn.execute(select(deliveries.c.n, deliveries.c.id).where(deliveries.c.n.in_(some)))
        names |= {row.n: row.id for row in rows_of}
    return {row.n: Wait(behind=names.get(behind.get(row.n, 0)), health=health[row.sink]) for row in pending}
