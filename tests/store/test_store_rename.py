"""Another name: all that is known goes on under it, in every table, on both databases, and twice is as good as once."""

from __future__ import annotations

from functools import partial

import pytest

from monitor.model import DeliveryState, Event, Scope
from monitor.store import (
    Connection,
    Health,
    HiddenWrite,
    JobWrite,
    Rename,
    Store,
    append_events,
    claim,
    ensure_scope,
    epoch_of,
    first_sight,
    hidden_by,
    list_deliveries,
    list_scopes,
    load_health,
    load_jobs,
    names,
    next_revision,
    read_events,
    rename,
    save_health,
    save_jobs,
    set_cursor,
    write_hidden,
    write_notifications,
)
from monitor.store.invariants import broken
from monitor.store.names import bears
from monitor.store.tables import metadata
from tests.kit.made import NOON, draft, known_job, notification

ACCOUNT = Rename(kind="account", before="llm", after="nlp")
SINK = Rename(kind="sink", before="slack", after="team")
RULE = Rename(kind="rule", before="r", after="ended")
WELL = Health(state="ok", failures=0, since=NOON, reason="")


async def filled(store: Store) -> list[Event]:
    """An account that knows a job, was told of twice, and has messages under way."""

    def fill(conn: Connection) -> list[Event]:
        scope = ensure_scope(conn, Scope(account="llm", watch="jobs", key="k"), now=NOON)
        job = JobWrite(known=known_job("ft-1"), previous_revision=None, hash=1, significant=1)
        save_jobs(conn, scope.id, [job], now=NOON)
        save_health(conn, "llm", "jobs", WELL)
        first_sight(conn, "llm", "status", "MOVING")
        subjects = (
            ("llm", "job/ft-1"),
            ("llm", "account/llm"),
            (None, "sink/slack"),
            (None, "rule/r"),
            (None, "monitor"),
        )
        drafts = [draft(subject=subject, account=account) for account, subject in subjects]
        events = append_events(
            conn, store.epoch, [(each, next_revision(conn, each.account, each.subject)) for each in drafts]
        )
        said = notification("n1", events=(events[0],), sinks=("slack", "mail"), rule="r")
        write_notifications(conn, [said])
        hide = HiddenWrite(by="mute", rule="r", sinks=("slack", "mail"), seqs=(events[0].seq,), at=NOON)
        write_hidden(conn, [hide])
        set_cursor(conn, "routing", events[-1].seq)
        return events

    return await store.write(fill)


async def test_an_account_keeps_what_is_known_of_it_under_its_new_name(store: Store) -> None:
    told = await filled(store)
    epoch = store.epoch
    assert [await store.write(partial(rename, wish=ACCOUNT)) for _ in range(2)] == [True, False]
    (scope,) = await store.read(list_scopes)
    assert scope.scope.account == "nlp"
    known = await store.read(partial(load_jobs, scope_id=scope.id, ids=["ft-1"]))
    assert set(known) == {"ft-1"}
    assert await store.read(load_health) == {("nlp", "jobs"): WELL}
    assert not await store.write(partial(first_sight, account="nlp", kind="status", word="MOVING"))
    found = await store.read(partial(read_events, limit=9, account="nlp"))
    assert [(event.id, event.subject) for event in found] == [(told[0].id, "job/ft-1"), (told[1].id, "account/nlp")]
    assert found[0].data == told[0].data, "what was said stays as it was said"
    assert await store.read(epoch_of) != epoch, "who bears the old name next gives out no id a second time"
    assert await store.read(lambda conn: list(broken(conn))) == []


async def test_an_account_whose_both_names_have_a_history_stays_as_it_is(store: Store) -> None:
    await filled(store)
    await store.write(partial(ensure_scope, scope=Scope(account="nlp", watch="jobs", key="k"), now=NOON))
    with pytest.raises(ValueError, match="history of their own"):
        await store.write(partial(rename, wish=ACCOUNT))
    assert {row.scope.account for row in await store.read(list_scopes)} == {"llm", "nlp"}


async def test_the_name_that_is_free_may_be_given_to_another_account(store: Store) -> None:
    await filled(store)
    await store.write(partial(rename, wish=ACCOUNT))

    def again(conn: Connection) -> list[Event]:
        return append_events(conn, epoch_of(conn), [(draft(subject="job/ft-1", account="llm"), 1)])

    assert await store.write(again), "an id that was given out already would be refused"


async def test_a_sink_keeps_what_waits_for_it_and_what_was_hidden_from_it(store: Store) -> None:
    (told, *_) = await filled(store)
    assert [await store.write(partial(rename, wish=SINK)) for _ in range(2)] == [True, False]
    waiting = await store.read(partial(list_deliveries, state=DeliveryState.PENDING, limit=9))
    assert {row.sink for row in waiting} == {"team", "mail"}
    (row,) = await store.read(partial(hidden_by, by="mute"))
    assert row.sinks == ("team", "mail")
    taken = await store.write(partial(claim, sink="team", now=NOON, limit=5))
    assert [delivery.notification.events[0].seq for delivery in taken] == [told.seq]
    assert [event.subject for event in await store.read(partial(read_events, limit=9))][2] == "sink/team"
    assert await store.read(lambda conn: list(broken(conn))) == []


async def test_a_rule_keeps_its_messages_and_the_order_of_those_under_way(store: Store) -> None:
    (told, *_) = await filled(store)
    assert [await store.write(partial(rename, wish=RULE)) for _ in range(2)] == [True, False]
    rows = await store.read(partial(list_deliveries, limit=9))
    assert {row.rule for row in rows} == {"ended"}
    later = notification("n2", events=(told,), sinks=("slack",), rule="ended")
    await store.write(lambda conn: write_notifications(conn, [later]))
    first = await store.write(partial(claim, sink="slack", now=NOON, limit=5))
    assert len(first) == 1, "the one that was written under the old name goes first"
    assert await store.read(lambda conn: list(broken(conn))) == []


@pytest.mark.parametrize("wish", [ACCOUNT, SINK, RULE], ids=lambda each: each.kind)
async def test_what_bears_a_name_is_known(store: Store, wish: Rename) -> None:
    async def borne() -> list[bool]:
        return [await store.read(partial(bears, kind=wish.kind, name=name)) for name in (wish.before, wish.after)]

    assert await borne() == [False, False]
    await filled(store)
    assert await borne() == [True, False]
    await store.write(partial(rename, wish=wish))
    assert await borne() == [False, True]


@pytest.mark.parametrize(
    ("column", "tables"),
    [("account", "OF_ACCOUNT"), ("sink", "OF_SINK"), ("rule", "OF_RULE"), ("budget", "OF_BUDGET")],
    ids=str,
)
def test_no_table_is_forgotten(column: str, tables: str) -> None:
    counted_by_triggers = {"job_counts"}
    having = {table.name for table in metadata.tables.values() if column in table.c} - counted_by_triggers
    assert having == {table.name for table in getattr(names, tables)}
