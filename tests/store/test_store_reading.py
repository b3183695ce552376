"""A read of SQLite: one hop to a thread for each question, whatever it answers and however it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, text

from monitor.store import Store
from monitor.store.sqlite_reading import AHEAD, Reading
from tests.kit.until import BUSY

MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) SELECT i FROM n"
LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000) SELECT count(*) FROM n"


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    execute = Reading._execute

    async def counted(self: Reading, fn: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(fn.__name__)
        return await execute(self, fn, *args, **kwargs)

    monkeypatch.setattr(Reading, "_execute", counted)
    return seen


def count(conn: Connection) -> int:
    return int(conn.execute(text("SELECT count(*) FROM meta")).scalar_one())


async def test_a_question_is_one_hop_with_its_transaction_and_its_rows(sqlite_home: Any, hops: list[str]) -> None:
    store = await sqlite_home.open()
    try:
        await store.read(count)  # the connection is made
        hops.clear()
        assert await store.read(count) == await store.read(count)
        assert hops == ["_asked", "_asked"]
    finally:
        await store.aclose()


@pytest.mark.parametrize("many", [1, AHEAD - 1, AHEAD, AHEAD + 1, 3 * AHEAD])
@pytest.mark.parametrize("at_once", [None, 1, 300, AHEAD, 5 * AHEAD])
async def test_all_rows_come_at_once_or_as_a_stream(sqlite_home: Any, many: int, at_once: int | None) -> None:
    def read(conn: Connection) -> list[int]:
        options = {} if at_once is None else {"yield_per": at_once}
        return list(conn.execute(text(MANY), {"many": many}, execution_options=options).scalars())

    store: Store = await sqlite_home.open()
    try:
        assert await store.read(read) == list(range(1, many + 1))
        assert await store.read(count) > 0
    finally:
        await store.aclose()


async def test_who_stops_in_the_middle_of_a_stream_holds_nothing(sqlite_home: Any) -> None:
    def first(conn: Connection) -> Any:
        return next(iter(conn.execute(text(MANY), {"many": 9 * AHEAD}, execution_options={"yield_per": 10}).scalars()))

    store: Store = await sqlite_home.open()
    try:
        assert [await store.read(first) for _ in range(6)] == [1] * 6
    finally:
        await store.aclose()


async def test_the_loop_goes_on_while_a_question_that_nobody_waits_for_any_more_is_answered(sqlite_home: Any) -> None:
    store: Store = await sqlite_home.open()
    try:
        await store.read(count)
        asked = asyncio.create_task(store.read(lambda conn: conn.execute(text(LONG)).scalar_one()))
        await asyncio.sleep(0.05)
        asked.cancel()
        turns = 0
        while not asked.done():
            turns += 1
            await asyncio.sleep(0)
        assert asked.cancelled()
        assert turns > 5, "the loop stood still"
        async with asyncio.timeout(60 + BUSY):
            assert [await store.read(count) for _ in range(5)] == [await store.read(count)] * 5
    finally:
        await store.aclose()
