"""What a scrape of the metrics reads: few numbers, none of which costs more the longer the history is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, literal_column, select, text

from monitor.model import DeliveryState
from monitor.store.backup import MADE_AT
from monitor.store.booked import NOTHING, Booked, read_booked
from monitor.store.cleanup import load_cleanup
from monitor.store.events import last_seq
from monitor.store.quotas import QuotaRow, load_quotas
from monitor.store.rules import get_cursor
from monitor.store.tables import actions, deliveries, jobs, meta
from monitor.store.vitals import Vitals, read_vitals

MOST_GIVEN_UP = 10_000
"""Deliveries that were given up are counted up to so many; nothing but retention ends them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """On one snapshot. A sink or an account of which there is nothing to tell is left out."""

    last_seq: int
    unrouted: int
    size: int
    """Bytes of the database."""
    backup_at: int
    """When `db backup` last copied it, in Unix time; 0: never."""
    vitals: Vitals
    given_up: Mapping[str, int]
    jobs: Mapping[tuple[str, str], int]
    """Jobs that have not ended, by account and state."""
    quotas: Sequence[QuotaRow]
    deleting: Mapping[str, int]
    """Deletions that have not ended, by account."""
    stopped: Collection[str]
    """Policies of clean-up that stand still."""
    booked: Booked


def read_gauges(conn: Connection, *, routing: str, booked: Booked = NOTHING) -> Gauges:
    """`routing` is the name of the cursor by which the event log is routed; `booked`: what was read of it before, for
    the first look adds up the whole ledger."""
    newest = last_seq(conn)
    return Gauges(
        last_seq=newest,
        unrouted=max(0, newest - get_cursor(conn, routing)),
        size=_size(conn),
        backup_at=_backup_at(conn),
        vitals=read_vitals(conn, routing=routing),
        given_up=_given_up(conn),
        jobs=_jobs(conn),
        quotas=load_quotas(conn),
        deleting=_deleting(conn),
        stopped=frozenset(name for name, row in load_cleanup(conn).items() if row.stopped_at is not None),
        booked=read_booked(conn, booked),
    )


def _given_up(conn: Connection) -> dict[str, int]:
    counts: dict[str, int] = {}
    for state in (DeliveryState.DEAD, DeliveryState.REFUSED):
        newest = select(deliveries.c.sink).where(deliveries.c.state == state.value)
        some = newest.order_by(deliveries.c.n.desc()).limit(MOST_GIVEN_UP).subquery()
        for sink, count in conn.execute(select(some.c.sink, func.count()).group_by(some.c.sink)):
            counts[sink] = counts.get(sink, 0) + int(count)
    return counts


def _jobs(conn: Connection) -> dict[tuple[str, str], int]:
    query = select(jobs.c.account, jobs.c.state, func.count()).where(jobs.c.active.is_(True))
    return {
        (account, state): int(n) for account, state, n in conn.execute(query.group_by(jobs.c.account, jobs.c.state))
    }


def _deleting(conn: Connection) -> dict[str, int]:
    query = select(actions.c.account, func.count()).where(actions.c.settled_at.is_(None)).group_by(actions.c.account)
    return {account: int(count) for account, count in conn.execute(query)}


def _backup_at(conn: Connection) -> int:
    return int(conn.execute(select(meta.c.value).where(meta.c.key == MADE_AT)).scalar() or 0)


def _size(conn: Connection) -> int:
    if conn.dialect.name == "sqlite":
        pages = text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(conn.execute(pages).scalar_one())
    return int(conn.execute(select(func.pg_database_size(literal_column("current_database()")))).scalar_one())
