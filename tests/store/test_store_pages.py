"""Pages along an index: what a page may look through, counts that triggers keep, and rows of an older release."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from monitor.model import JobState, Scope
from monitor.store import (
    Connection,
    EventFilter,
    JobFilter,
    JobWrite,
    Owned,
    Store,
    append_events,
    count_jobs,
    ensure_scope,
    open_store,
    page_events,
    page_jobs,
    save_jobs,
)
from monitor.store.migrate import HEAD
from monitor.store.tables import events, jobs
from monitor.store.walk import Walked, merged, walk
from tests.kit.made import NOON, draft, known_job

KEY = (jobs.c.created_at, jobs.c.id)


def job(number: int, **changes: Any) -> JobWrite:
    known = known_job(f"ft-{number}", created_at=NOON + timedelta(minutes=number // 3), **changes)
    known = replace(known, job=replace(known.job, creator="ann" if number % 2 else None, model="m", base_model="base"))
    return JobWrite(known=known, previous_revision=None, hash=number, significant=1)


async def fill(store: Store, count: int = 30) -> None:
    def write(conn: Connection) -> None:
        scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        save_jobs(conn, scope.id, [job(number) for number in range(count)], now=NOON)

    await store.write(write)


def test_pages_of_several_lists_become_one_and_lose_nothing() -> None:
    """Some of the lists end in the middle of nowhere, as a long search does."""
    dice = random.Random(5)
    for _ in range(200):
        numbers = dice.sample(range(60), 40)
        lists = [sorted(numbers[at::3], reverse=True) for at in range(3)]
        after, seen, turns = 60, [], 0
        while turns < 200:
            turns += 1
            page = merged([_part([n for n in one if n < after], dice) for one in lists], 5)
            seen += [row[-1] for row in page.rows]
            assert len(page.rows) <= 5
            if page.number is None:
                break
            after = page.number
        assert seen == sorted(numbers, reverse=True)


def _part(left: list[int], dice: random.Random) -> Walked:
    reach = dice.randint(1, 5)
    rows: list[Any] = [("row", n) for n in left[:reach]]
    return Walked(rows, (left[reach - 1],) if len(left) > reach else None)


async def test_a_page_looks_through_so_many_rows_and_says_where_to_go_on(store: Store) -> None:
    await fill(store)
    rare = jobs.c.name == "name of ft-4"
    after, pages = None, []
    while True:
        asked = partial(walk, query=select(jobs), key=KEY, filters=[rare], after=after, limit=5, reach=10)
        page = await store.read(lambda conn, asked=asked: asked(conn))
        pages.append([row.job_id for row in page.rows])
        after = page.next
        if after is None:
            break
    assert pages == [[], [], ["ft-4"], []]


async def test_pages_of_any_length_are_together_the_whole(store: Store) -> None:
    await fill(store)
    whole, end = await store.read(partial(page_jobs, wanted=JobFilter(), limit=100))
    assert (len(whole), end) == (30, None)
    created = [record.known.job.created_at or NOON for record in whole]
    assert created == sorted(created, reverse=True)
    for limit in (1, 7, 29, 30):
        found, after = [], None
        while True:
            some, after = await store.read(partial(page_jobs, wanted=JobFilter(), after=after, limit=limit))
            found += some
            if after is None:
                break
        assert found == whole


async def test_owners_are_creators_in_their_accounts(store: Store) -> None:
    await fill(store)
    for owners, count in (
        ([Owned(creator="ann")], 15),
        ([Owned(creator="ann", accounts=["north"]), Owned(creator="bob")], 15),
        ([Owned(creator="ann", accounts=["south"])], 0),
        ([Owned(creator="ann", accounts=[])], 0),
        ([], 0),
    ):
        found, _ = await store.read(partial(page_jobs, wanted=JobFilter(owners=owners, model="base")))
        assert len(found) == count


async def test_events_of_a_time_are_found_though_a_clock_was_set_back(store: Store) -> None:
    minutes = [0, 1, 2, 30, 31, 3, 4, 5]
    drafts = [(draft(subject=f"job/{n}", detected_at=NOON + timedelta(minutes=m)), 1) for n, m in enumerate(minutes)]
    await store.write(partial(append_events, epoch="e", drafts=drafts))
    wanted = EventFilter(since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=5))
    for ascending in (False, True):
        found, _ = await store.read(partial(page_events, wanted=wanted, ascending=ascending))
        assert sorted(event.seq for event in found) == [2, 3, 6, 7]


async def test_jobs_are_counted_by_state_whatever_happens_to_them(store: Store) -> None:
    dice = random.Random(11)
    states = [JobState.RUNNING, JobState.QUEUED, JobState.FAILED]
    known: dict[str, JobWrite] = {}

    def turn(conn: Connection) -> None:
        scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        for number in dice.sample(range(20), 5):
            state, gone = dice.choice(states), dice.random() < 0.3
            old = known.get(f"ft-{number}")
            revision = 1 if old is None else old.known.revision + 1
            new = replace(known_job(f"ft-{number}", state=state, revision=revision), gone=gone)
            write = JobWrite(known=new, previous_revision=old.known.revision if old else None, hash=1, significant=1)
            save_jobs(conn, scope.id, [write], now=NOON)
            known[f"ft-{number}"] = write

    for _ in range(12):
        await store.write(turn)
        counts = Counter(write.known.job.state.value for write in known.values() if not write.known.gone)
        assert await store.read(count_jobs) == ({"north": dict(counts)} if counts else {})
    await store.write(lambda conn: conn.execute(text("DELETE FROM jobs")) and None)
    assert await store.read(count_jobs) == {}


async def test_rows_of_the_first_release_are_filled_and_counted(tmp_path: Path) -> None:
    """As 0.1 made them: a database at 0001 with jobs in it."""
    from monitor.store.alembic import upgrade_to_head
    from monitor.store.sqlite import sqlite_engine
    from monitor.store.url import SqlitePlace, parse_place

    place = parse_place("sqlite:monitor.db", tmp_path)
    assert isinstance(place, SqlitePlace)
    engine = sqlite_engine(place)
    with engine.connect() as conn:
        upgrade_to_head(conn, "0001")
    engine.dispose()
    with closing(sqlite3.connect(place.path)) as raw, raw:
        raw.execute("INSERT INTO scopes (id, account, watch, key, made_at) VALUES (1, 'north', 'jobs', 'k', 0)")
        for number in range(2500):
            told = {"creator": f"a\0{number}" if number == 7 else "ann", "model": "m", "base_model": None}
            raw.execute(
                "INSERT INTO jobs (scope_id, account, job_id, name, state, created_at, active, gone, hash, significant,"
                " revision, changed_at, doc) VALUES (1, 'north', ?, 'n', 'failed', 0, 0, ?, 1, 1, 1, 0, ?)",
                (f"ft-{number}", number % 5 == 0, json.dumps({"job": told})),
            )
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
    query = text("SELECT creator, model, count(*) FROM jobs GROUP BY creator, model ORDER BY 3")
    found = await store.read(lambda conn: [tuple(row) for row in conn.execute(query)])
    assert found == [("a\ufffd7", "m", 1), ("ann", "m", 2499)]
    assert await store.read(count_jobs) == {"north": {"failed": 2000}}
    await store.aclose()
    assert (tmp_path / f"monitor.db.before-{HEAD}").exists()


async def test_the_log_is_walked_from_either_end(store: Store) -> None:
    await store.write(partial(append_events, epoch="e", drafts=[(draft(subject=f"job/{n}"), 1) for n in range(9)]))
    key = (events.c.seq,)
    up = await store.read(lambda conn: walk(conn, select(events), key, after=(4,), limit=3, ascending=True))
    down = await store.read(lambda conn: walk(conn, select(events), key, after=(4,), limit=3))
    assert ([row.seq for row in up.rows], up.number) == ([5, 6, 7], 7)
    assert ([row.seq for row in down.rows], down.number) == ([3, 2, 1], None)
