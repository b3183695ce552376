"""A database of the release before, with a row in every table, comes to this one whole, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from monitor.model import Reason, Severity
from monitor.routing.memory import decode
from monitor.store import check, load_rule_state, upgrade
from monitor.store.alembic import upgrade_to_head
from monitor.store.engine import open_store
from monitor.store.migrate import HEAD
from monitor.store.postgres import postgres_engine
from monitor.store.sqlite import sqlite_engine
from monitor.store.url import SqlitePlace, parse_place
from tests.kit.made import NOON
from tests.store.conftest import Home

SEQS = tuple(range(2, 152))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A database of the release before this one."""
    sqlite = request.param == "sqlite"
    home = Home("sqlite:old.db" if sqlite else request.getfixturevalue("postgres_server").empty_database(), tmp_path)
    asyncio.run(within(home, lambda conn: upgrade_to_head(conn, "0002")))
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
    kinds = {sa.Boolean: False, sa.LargeBinary: b"{}", sa.Integer: 1, sa.String: "x"}
    return next(made for kind, made in kinds.items() if isinstance(column.type, kind))


def rows(conn: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    known = sa.MetaData()
    known.reflect(conn)
    return {table.name: [dict(row._mapping) for row in conn.execute(sa.select(table))] for table in known.sorted_tables}


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


async def test_every_row_of_the_release_before_is_kept(before: Home) -> None:
    await within(before, fill)
    old = await within(before, rows)
    assert await upgrade(before.url, before.state_dir)
    new = await within(before, rows)
    assert all(old.values()), "a row in every table"
    for name in old.keys() - {"alembic_version", "rule_state"}:
        assert [{column: row[column] for column in old[name][0]} for row in new[name]] == old[name], name
    assert [row["shadow"] for row in new["notifications"]] == [False]
    assert (await check(before.url, before.state_dir)).revision == HEAD


async def test_what_was_gathered_before_the_upgrade_is_told_after_it(before: Home) -> None:
    await within(before, fill)
    await upgrade(before.url, before.state_dir)
    store = await open_store(before.url, state_dir=before.state_dir, lock=True)
    state = decode(await store.read(load_rule_state))
    await store.aclose()
    (pile,) = state.piles.values()
    assert (pile.rule, pile.sink, pile.kind, pile.reason) == ("all", "slack", "late", Reason.NEW)
    assert (pile.severity, pile.seqs, pile.due) == (Severity.WARNING, SEQS, NOON + timedelta(seconds=30))
    assert pile.entries[3].subject == "x|job/5"
    assert state.complaints == {"rule/all": NOON}
