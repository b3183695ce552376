"""What the ledger comes to for each account, counted on from the last look: only what was booked since then is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, func, select

from monitor.store.tables import bookings
from monitor.store.usage_sums import Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Of all time. `upto`: the last row that is in it; `cost`: by account and currency."""

    upto: int = 0
    amounts: Mapping[str, Amounts] = field(default_factory=dict)
    cost: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)


NOTHING: Final = Booked()


def read_booked(conn: Connection, before: Booked) -> Booked:
    """With what was booked since. Rows are numbered in the order of commits, for one daemon alone books."""
    upto = conn.execute(select(func.max(bookings.c.id))).scalar() or 0
    if upto == before.upto:
        return before
    amounts, cost = dict(before.amounts), dict(before.cost)
    key = (bookings.c.account, bookings.c.currency)
    amount = (bookings.c.tokens, bookings.c.node_ms, bookings.c.card_ms)
    sums = (func.sum(column).label(column.name) for column in amount)
    costs = func.aggregate_strings(bookings.c.cost, " ")  # money is text, and is never added as binary fractions
    new = (bookings.c.id > before.upto, bookings.c.id <= upto)
    for row in conn.execute(select(*key, *sums, costs.label("costs")).where(*new).group_by(*key)):
        more = Amounts(tokens=int(row.tokens), node_ms=int(row.node_ms), card_ms=int(row.card_ms))
        amounts[row.account] = amounts.get(row.account, Amounts()) + more
        if row.currency is not None and row.costs is not None:
            of = (row.account, row.currency)
            cost[of] = cost.get(of, Decimal(0)) + sum(map(Decimal, row.costs.split()), Decimal(0))
    return Booked(upto=upto, amounts=amounts, cost=cost)
