"""A database of every release before, with a row in every table, comes to this one whole, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from monitor.model import Catalogue, Flavor, KnownFlavor, Reason, Severity
from monitor.routing.memory import decode
from monitor.store import (
    NotificationFilter,
    check,
    list_deliveries,
    list_scopes,
    load_flavors,
    load_health,
    load_jobs,
    load_rule_state,
    page_notifications,
    read_events,
    sum_usage,
    upgrade,
)
from monitor.store.alembic import upgrade_to_head
from monitor.store.engine import open_store
from monitor.store.migrate import HEAD
from monitor.store.postgres import postgres_engine
from monitor.store.sqlite import sqlite_engine
from monitor.store.url import SqlitePlace, parse_place
from tests.kit.made import NOON, known_job
from tests.store.conftest import Home

SEQS = tuple(range(2, 152))
EARLIER = tuple(f"{number:04}" for number in range(1, int(HEAD)))
DOCS = {
    "jobs": known_job("x"),
    "flavors": KnownFlavor(flavor=Flavor(id="x", catalogue=Catalogue.TRAINING), revision=1, stock={}),
}
"""What the program has kept as one text since its first release."""
WORDS = {
    "type": "job.started",
    "severity": "info",
    "reason": "new",
    "state": "running",
    "data": "{}",
    "labels": "{}",
    "sinks": '["slack"]',
    "match": "true",
    "watch": "jobs",
    "cost": "1.5",
    "currency": "CNY",
}
"""What a column of that name may hold."""


def before(request: pytest.FixtureRequest, folder: Path, database: str, revision: str) -> Home:
    """A database of an earlier release."""
    sqlite = database == "sqlite"
    url = "sqlite:old.db" if sqlite else request.getfixturevalue("postgres_server").empty_database()
    home = Home(url, folder)
    asyncio.run(within(home, lambda conn: upgrade_to_head(conn, revision)))
    return home


async def within(home: Home, fn: Callable[[sa.Connection], Any]) -> Any:
    """What it comes to on a connection whose transaction is committed."""
    place = parse_place(home.url, home.state_dir)
    if isinstance(place, SqlitePlace):
        engine = sqlite_engine(place)
        with engine.connect() as conn:
            found = fn(conn)
            conn.commit()
        engine.dispose()
        return found
    server = postgres_engine(place)
    async with server.connect() as there:
        found = await there.run_sync(fn)
        await there.commit()
    await server.dispose()
    return found


def value(column: sa.Column[Any]) -> Any:
    if column.name == "doc":
        return msgspec.json.encode(DOCS[column.table.name]).decode()
    if column.name in WORDS and column.table.name != "deliveries":
        return WORDS[column.name]
    if column.name == "state":
        return "delivered"
    kinds = {sa.Boolean: False, sa.LargeBinary: b"{}", sa.Integer: 1, sa.String: "x"}
    return next(made for kind, made in kinds.items() if isinstance(column.type, kind))


def rows(conn: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """As the driver reads them."""
    names = sa.inspect(conn).get_table_names()
    return {name: [dict(row._mapping) for row in conn.execute(sa.text(f"SELECT * FROM {name}"))] for name in names}


def fill(conn: sa.Connection) -> None:
    known = sa.MetaData()
    known.reflect(conn)
    for table in known.sorted_tables:
        if conn.execute(sa.select(table).limit(1)).first() is None:
            conn.execute(sa.insert(table).values({column.name: value(column) for column in table.columns}))
    event = {column.name: value(column) for column in known.tables["events"].columns}
    more = [{**event, "seq": seq, "id": f"e{seq}", "subject": f"job/{seq}"} for seq in SEQS]
    conn.execute(sa.insert(known.tables["events"]), more)
    group = {"rule": "all", "sink": "slack", "severity": "warning", "seqs": SEQS, "first": NOON, "last": NOON}
    state = {"group/all|slack": group, "complaint/rule/all": NOON}
    values = [{"key": key, "value": msgspec.json.encode(row)} for key, row in state.items()]
    conn.execute(sa.insert(known.tables["rule_state"]), values)


DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.mark.parametrize("revision", EARLIER)
@pytest.mark.parametrize("database", DATABASES)
def test_every_row_of_an_earlier_release_is_kept_and_can_be_read(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, revision: str
) -> None:
    home = before(request, tmp_path, database, revision)
    asyncio.run(within(home, fill))
    old = asyncio.run(within(home, rows))
    assert all(old.values()), "a row in every table"
    assert asyncio.run(upgrade(home.url, home.state_dir))
    new = asyncio.run(within(home, rows))
    for name in old.keys() - {"alembic_version", "rule_state"}:
        there = [{column: row[column] for column in old[name][0]} for row in new[name]]
        assert [row for row in there if row in old[name]] == old[name], name
        assert len(there) == len(old[name]) or name == "counters", name
    assert [row["shadow"] for row in new["notifications"]] == [False]
    assert asyncio.run(read_all(home)) == READ
    assert asyncio.run(check(home.url, home.state_dir)).revision == HEAD


READ = {
    "jobs": 1,
    "flavors": 1,
    "events": 1 + len(SEQS),
    "notifications": 1,
    "deliveries": 1,
    "usage": 1,
    "scopes": 1,
    "health": 1,
}


async def read_all(home: Home) -> dict[str, int]:
    """How many of each the program's own questions find."""
    store = await open_store(home.url, state_dir=home.state_dir, lock=True)
    found = await store.read(
        lambda conn: {
            "jobs": len(load_jobs(conn, 1, ["x"])),
            "flavors": len(load_flavors(conn, 1)),
            "events": len(read_events(conn, limit=999)),
            "notifications": len(page_notifications(conn, NotificationFilter())[0]),
            "deliveries": len(list_deliveries(conn)),
            "usage": len(sum_usage(conn, by=["owner"])),
            "scopes": len(list_scopes(conn)),
            "health": len(load_health(conn)),
        }
    )
    await store.aclose()
    return found


@pytest.mark.parametrize("database", DATABASES)
async def test_what_was_gathered_before_the_upgrade_is_told_after_it(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    home = await asyncio.to_thread(before, request, tmp_path, database, "0002")
    await within(home, fill)
    await upgrade(home.url, home.state_dir)
    store = await open_store(home.url, state_dir=home.state_dir, lock=True)
    state = decode(await store.read(load_rule_state))
    await store.aclose()
    (pile,) = state.piles.values()
    assert (pile.rule, pile.sink, pile.kind, pile.reason) == ("all", "slack", "late", Reason.NEW)
    assert (pile.severity, pile.seqs, pile.due) == (Severity.WARNING, SEQS, NOON + timedelta(seconds=30))
    assert pile.entries[3].subject == "x|job/5"
    assert state.complaints == {"rule/all": NOON}
