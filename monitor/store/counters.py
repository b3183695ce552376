"""Numbers that follow the order of commits: a counter row updated inside the writing transaction, whose lock makes
a second writer wait until the first has committed."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update

from monitor.store.prepared import Prepared
from monitor.store.tables import counters

_TAKE = Prepared(
    update(counters)
    .where(counters.c.name == bindparam("counter"))
    .values(value=counters.c.value + bindparam("count"))
    .returning(counters.c.value)
)
_LAST = Prepared(select(counters.c.value).where(counters.c.name == bindparam("counter")))


def take(conn: Connection, counter: str, count: int) -> int:
    """Reserves `count` numbers of a counter and gives the first."""
    ((last,),) = _TAKE.rows(conn, {"counter": counter, "count": count})
    return int(last) - count + 1


def last_taken(conn: Connection, counter: str) -> int:
    """The last number given out; 0 before the first."""
    ((last,),) = _LAST.rows(conn, {"counter": counter})
    return int(last)
