"""Clean-up in the store: how policies stand, whether people heard of a job's end, what was refused, another name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor import store as stores
from monitor.model import (
    ActionState,
    Asker,
    AskerKind,
    DeliveryState,
    Event,
    EventType,
    Outcome,
    Receipt,
    Scope,
)
from monitor.store import ActionFilter, CleanupRow, Connection, Rename, Store
from tests.kit.made import NOON, deletion, draft, known_job, notification

POLICY = Asker(AskerKind.POLICY, "nightly")


def finished(conn: Connection, revision: int, job: str = "ft-1") -> Event:
    end = draft(type=EventType.JOB_FINISHED, subject=f"job/{job}", data={"job": {"id": job}})
    (event,) = stores.append_events(conn, "e", [(end, revision)])
    return event


def told(conn: Connection, id: str, event: Event, state: DeliveryState = DeliveryState.DELIVERED) -> None:
    stores.write_notifications(conn, [notification(id, events=(event,))])
    (taken,) = stores.claim(conn, "slack", now=NOON, limit=1)
    stores.settle(conn, taken.id, state=state, receipt=Receipt(outcome=Outcome.DELIVERED, detail=""), now=NOON)


async def test_a_policy_that_stands_still_keeps_its_first_reason_and_is_due_once_it_goes_on(store: Store) -> None:
    def write(conn: Connection) -> list[object]:
        stores.cleanup_ran(conn, "nightly", NOON, "form")
        stopped = [stores.stop_cleanup(conn, "nightly", reason, NOON) for reason in ("first", "second")]
        row = stores.load_cleanup(conn)["nightly"]
        resumed = [stores.resume_cleanup(conn, "nightly") for _ in range(2)]
        return [stopped, row, resumed, stores.load_cleanup(conn)["nightly"]]

    assert await store.write(write) == [
        [True, False],
        CleanupRow(policy="nightly", ran_at=NOON, stopped_at=NOON, reason="first", form="form"),
        [True, False],
        CleanupRow(policy="nightly", form="form"),
    ]


@pytest.mark.parametrize(
    ("rule", "job", "heard"), [("job-ended", "ft-1", True), ("other", "ft-1", False), ("job-ended", "ft-2", False)]
)
async def test_people_heard_of_an_end_where_a_message_of_that_rule_arrived(
    store: Store, rule: str, job: str, heard: bool
) -> None:
    await store.write(lambda conn: told(conn, "n1", finished(conn, 1)))
    assert await store.read(lambda conn: stores.end_was_told(conn, "north", job, rule)) is heard
    assert await store.read(lambda conn: stores.end_was_told(conn, "south", job, rule)) is False


async def test_a_message_that_did_not_arrive_or_is_of_an_earlier_end_does_not_count(store: Store) -> None:
    await store.write(lambda conn: told(conn, "n1", finished(conn, 1), DeliveryState.DEAD))
    assert await store.read(lambda conn: stores.end_was_told(conn, "north", "ft-1", "job-ended")) is False
    await store.write(lambda conn: told(conn, "n2", finished(conn, 2)))
    assert await store.read(lambda conn: stores.end_was_told(conn, "north", "ft-1", "job-ended")) is True
    await store.write(lambda conn: finished(conn, 3))
    assert await store.read(lambda conn: stores.end_was_told(conn, "north", "ft-1", "job-ended")) is False


async def test_what_policies_were_refused_is_found_and_goes_on_under_another_name(store: Store) -> None:
    def write(conn: Connection) -> None:
        scope = stores.ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=NOON)
        row = stores.JobWrite(known=known_job(), previous_revision=None, hash=1, significant=1)
        stores.save_jobs(conn, scope.id, [row], now=NOON)
        settled = {"state": ActionState.REFUSED, "due_at": None, "settled_at": NOON, "scope_id": scope.id}
        for number, asker in enumerate([POLICY, Asker(AskerKind.USER, "nightly"), POLICY]):
            changes = {**settled, "state": ActionState.DELETED} if number == 2 else settled
            stores.add_action(conn, replace(deletion(id=f"d{number}"), asker=asker, **changes))
        by_hand = replace(deletion(id="sent"), asker=Asker(AskerKind.USER, "ann"), **settled, tries=1)
        stores.add_action(conn, by_hand)
        stores.stop_cleanup(conn, "nightly", "why", NOON)

    await store.write(write)
    no = (ActionState.REFUSED, ActionState.FAILED)
    for since, ids in ((NOON, ["d0", "sent"]), (NOON + timedelta(seconds=1), [])):
        found = await store.read(lambda conn, since=since: stores.settled_for_policies(conn, since, no))  # type: ignore[misc]
        assert [action.id for action in found] == ids
    wish = Rename(kind="cleanup", before="nightly", after="daily")
    assert await store.write(lambda conn: [stores.rename(conn, wish), stores.rename(conn, wish)]) == [True, False]
    assert (await store.read(stores.load_cleanup)).keys() == {"daily"}
    by = ActionFilter(asker=Asker(AskerKind.POLICY, "daily"))
    assert len(await store.read(lambda conn: stores.list_actions(conn, by))) == 2
    users = ActionFilter(asker=Asker(AskerKind.USER, "nightly"))
    assert len(await store.read(lambda conn: stores.list_actions(conn, users))) == 1
