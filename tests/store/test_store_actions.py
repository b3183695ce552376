"""Deletions in the store: one open at a time, moved by compare-and-set, found again by whoever goes on with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from monitor import store as stores
from monitor.model import Action, ActionState, Asker, AskerKind, Scope
from monitor.store import ActionFilter, Connection, JobWrite, Store, StoreConflict
from tests.kit.made import NOON, deletion, known_job

LATER = NOON + timedelta(minutes=10)


def moved(action: Action, state: ActionState, **changes: Any) -> Action:
    settled = LATER if state.settled else None
    return replace(action, state=state, settled_at=settled, due_at=None if state.settled else LATER, **changes)


@pytest.fixture
async def add(store: Store) -> Callable[..., Any]:
    """Stores a job of `north` and a deletion of it."""

    def write(conn: Connection, job_id: str, gone: bool, changes: dict[str, Any]) -> Action:
        scope = stores.ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        if not stores.load_jobs(conn, scope.id, [job_id]):
            row = JobWrite(known=known_job(job_id, gone=gone), previous_revision=None, hash=1, significant=1)
            stores.save_jobs(conn, scope.id, [row], now=NOON)
        found = deletion(id=f"d-{job_id}", scope_id=scope.id, job_id=job_id)
        return stores.add_action(conn, replace(found, **changes))

    async def done(job_id: str = "ft-1", *, gone: bool = False, **changes: Any) -> Action:
        found: Action = await store.write(lambda conn: write(conn, job_id, gone, changes))
        return found

    return done


async def test_what_is_asked_for_is_found_as_it_was_written(store: Store, add: Any) -> None:
    first, second = await add(), await add("ft-2", asker=Asker(AskerKind.POLICY, "nightly"))
    assert (first.n, second.n) == (1, 2)
    assert await store.read(lambda conn: stores.get_action(conn, "d-ft-2")) == second
    assert await store.read(lambda conn: stores.list_actions(conn)) == [second, first]
    assert await store.read(lambda conn: stores.list_actions(conn, before=2)) == [first]
    policy = ActionFilter(asker=second.asker, account="north", open=True, states=[ActionState.REQUESTED])
    assert await store.read(lambda conn: stores.list_actions(conn, policy)) == [second]
    assert await store.read(lambda conn: stores.list_actions(conn, ActionFilter(job_id="ft-1"))) == [first]


async def test_a_job_has_one_open_deletion_at_most(store: Store, add: Any) -> None:
    first = await add()
    with pytest.raises(StoreConflict):
        await add(id="again")
    assert await store.write(lambda conn: stores.move_action(conn, first, moved(first, ActionState.REFUSED)))
    assert await store.read(lambda conn: stores.open_action(conn, "north", "ft-1")) is None
    again = await add(id="again")
    assert await store.read(lambda conn: stores.open_action(conn, "north", "ft-1")) == again


async def test_of_two_that_move_a_deletion_one_does(store: Store, add: Any) -> None:
    first = await add()
    sent = moved(first, ActionState.SENT, tries=1, sent_at=LATER)
    assert await store.write(lambda conn: stores.move_action(conn, first, sent))
    assert not await store.write(lambda conn: stores.move_action(conn, first, moved(first, ActionState.REFUSED)))
    assert await store.read(lambda conn: stores.get_action(conn, first.id)) == sent


async def test_what_is_due_comes_in_order_what_is_on_its_way_first(store: Store, add: Any) -> None:
    first, second, _ = await add(), await add("ft-2"), await add("ft-3", due_at=LATER + timedelta(seconds=1))
    sent = moved(second, ActionState.SENT, tries=1, sent_at=NOON)
    await store.write(lambda conn: stores.move_action(conn, second, sent))
    assert await store.read(lambda conn: stores.due_actions(conn, "north", LATER)) == [sent, first]
    assert await store.read(lambda conn: stores.due_actions(conn, "south", LATER)) == []
    assert await store.read(lambda conn: stores.leaving_jobs(conn, "north")) == {"ft-2"}
    assert await store.read(lambda conn: stores.actions_due_at(conn)) == {"north": NOON}


@pytest.mark.parametrize(
    ("state", "sent", "counts"),
    [
        (ActionState.SENT, True, True),
        (ActionState.ACCEPTED, True, True),
        (ActionState.FAILED, True, True),
        (ActionState.FAILED, False, False),
        (ActionState.REFUSED, True, False),
        (ActionState.DELETED, True, True),
        (ActionState.ARCHIVED, False, False),
    ],
)
async def test_what_makes_a_job_vanish_is_the_deletion_that_the_platform_may_know_of(
    store: Store, add: Any, state: ActionState, sent: bool, counts: bool
) -> None:
    first = await add()
    after = moved(first, state, tries=int(sent), sent_at=NOON if sent else None)
    await store.write(lambda conn: stores.move_action(conn, first, after))
    found = await store.read(lambda conn: stores.last_sent(conn, "north", "ft-1"))
    assert found == (after if counts else None)


async def test_the_newest_job_of_an_account_has_no_newer_one(store: Store, add: Any) -> None:
    await add()
    newer = partial(stores.has_newer_job, account="north")
    assert await store.read(lambda conn: newer(conn, created_at=NOON - timedelta(seconds=1)))
    assert not await store.read(lambda conn: newer(conn, created_at=NOON))
    assert not await store.read(lambda conn: newer(conn, created_at=NOON + timedelta(microseconds=100)))
    assert not await store.read(lambda conn: stores.has_newer_job(conn, "south", NOON - timedelta(days=1)))


async def test_a_policy_stands_still_from_its_first_stop_until_it_is_let_go(store: Store) -> None:
    def stop(conn: Connection, why: str) -> bool:
        return stores.stop_cleanup(conn, "nightly", why, NOON)

    await store.write(lambda conn: stores.cleanup_ran(conn, "nightly", NOON))
    assert await store.write(lambda conn: stop(conn, "HTTP 403"))
    assert not await store.write(lambda conn: stop(conn, "another"))
    row = (await store.read(stores.load_cleanup))["nightly"]
    assert (row.ran_at, row.stopped_at, row.reason) == (NOON, NOON, "HTTP 403")
    assert await store.write(lambda conn: stores.resume_cleanup(conn, "nightly"))
    assert not await store.write(lambda conn: stores.resume_cleanup(conn, "nightly"))
    assert (await store.read(stores.load_cleanup))["nightly"].stopped_at is None


async def test_deletions_follow_their_account_to_another_name(store: Store, add: Any) -> None:
    first = await add()
    await store.write(lambda conn: stores.rename(conn, stores.Rename(kind="account", before="north", after="polar")))
    assert await store.read(lambda conn: stores.open_action(conn, "polar", "ft-1")) == replace(first, account="polar")
