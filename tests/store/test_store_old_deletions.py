"""Retention and deletions: what is over for long goes with its job, and what somebody still needs stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor import store as stores
from monitor.app.pruning import Limits, Pruning
from monitor.model import ActionState, Scope
from monitor.store import Connection, JobWrite, Store
from monitor.store.invariants import broken
from monitor.store.old_deletions import old_archived
from monitor.store.prune import Pruned
from tests.kit.clock import VirtualClock
from tests.kit.made import NOON, deletion, known_job

OLD, NEW = NOON - timedelta(days=500), NOON - timedelta(days=3)
LATELY = NOON - timedelta(days=430)
"""Longer ago than events are kept, and too short to forget a refusal."""
LIMITS = Limits(events=NOON - timedelta(days=400), deliveries=NOON - timedelta(days=90))
DELETED, REFUSED, FAILED = ActionState.DELETED, ActionState.REFUSED, ActionState.FAILED
Put = Callable[..., Any]


@pytest.fixture
async def put(store: Store) -> Put:
    """Stores an archived job and its deletions, each as state and moment; None: open."""

    def write(conn: Connection, job_id: str, gone: datetime | None, made: tuple[Any, ...]) -> None:
        scope = stores.ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=OLD)
        row = JobWrite(known=known_job(job_id, gone=gone is not None), previous_revision=None, hash=1, significant=1)
        stores.save_jobs(conn, scope.id, [row], now=gone or OLD)
        stores.archive_job(conn, scope.id, job_id, OLD)
        for number, (state, at) in enumerate(made):
            facts: dict[str, Any] = {"state": state, "settled_at": at, "requested_at": at or OLD}
            facts |= {"due_at": None if at else OLD, "sent_at": None if state is REFUSED else OLD}
            plain = deletion(id=f"{job_id}-{number}", scope_id=scope.id, job_id=job_id)
            stores.add_action(conn, replace(plain, **facts))

    async def done(job_id: str, gone: datetime | None, *made: Any) -> None:
        await store.write(lambda conn: write(conn, job_id, gone, made))

    return done


async def left(store: Store) -> tuple[set[str], set[str]]:
    """The jobs and the deletions that are there."""
    jobs = await store.read(lambda conn: stores.list_jobs(conn, include_gone=True))
    actions = await store.read(lambda conn: stores.list_actions(conn))
    return {job.known.job.id for job in jobs}, {action.id for action in actions}


async def pruned(store: Store) -> Pruned:
    async def rest(took: float) -> None: ...

    pruning = Pruning(store, LIMITS, VirtualClock(), rest)
    looked = await pruning.look()
    done = await pruning.run()
    assert looked == done, "what a look promises is what goes"
    assert await store.read(lambda conn: list(broken(conn))) == []
    return done


async def test_a_job_that_was_deleted_long_ago_goes_with_its_deletions(store: Store, put: Put) -> None:
    await put("gone", OLD, (REFUSED, OLD), (DELETED, OLD))
    await put("lately", NEW, (DELETED, NEW))
    await put("twice", OLD, (DELETED, OLD), (REFUSED, NEW))
    assert await pruned(store) == Pruned(jobs=1, deletions=2)
    assert await left(store) == ({"lately", "twice"}, {"lately-0", "twice-0", "twice-1"})
    assert not await pruned(store)
    traces = await store.read(lambda conn: stores.load_jobs_elsewhere(conn, 1, ["gone", "lately"]))
    assert {job: trace.forgotten for job, trace in traces.items()} == {"gone": True}


async def test_what_says_who_made_a_job_leave_stays_while_it_is_there(store: Store, put: Put) -> None:
    await put("here", None, (REFUSED, OLD), (FAILED, OLD), (REFUSED, OLD), (REFUSED, OLD))
    await put("open", OLD, (REFUSED, OLD), (ActionState.SENT, None))
    assert await pruned(store) == Pruned(deletions=3)
    assert await left(store) == ({"here", "open"}, {"here-1", "here-3", "open-1"})


async def test_a_refusal_by_which_policies_go_stays_longer(store: Store, put: Put) -> None:
    await put("here", None, (REFUSED, LATELY), (REFUSED, LATELY))
    await put("gone", OLD, (FAILED, LATELY))
    assert await pruned(store) == Pruned(jobs=1)
    assert (await left(store))[1] == {"here-0", "here-1", "gone-0"}


async def test_where_a_wrong_clock_ended_an_earlier_deletion_later_retention_does_not_look_for_ever(
    store: Store, put: Put
) -> None:
    await put("odd", OLD, (REFUSED, NEW), (DELETED, OLD))
    assert await store.read(lambda conn: old_archived(conn, LIMITS.events)) == []
    assert await pruned(store) == Pruned()
    assert await left(store) == ({"odd"}, {"odd-0", "odd-1"})


async def test_of_jobs_that_are_over_nobody_needs_to_know_how_far_their_logs_were_read(store: Store, put: Put) -> None:
    await put("over", NEW, (DELETED, NEW))
    rows = "SELECT count(*) FROM progress"
    await store.write(lambda conn: conn.exec_driver_sql("INSERT INTO progress VALUES (1, 'over', 1, 1, 1)"))
    assert await store.read(lambda conn: conn.exec_driver_sql(rows).scalar()) == 1
    await pruned(store)
    assert await store.read(lambda conn: conn.exec_driver_sql(rows).scalar()) == 0
