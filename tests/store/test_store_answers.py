"""Answers to messages: the last one of each, whom they concern, and the key that signs links; on both databases."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from monitor.diff import acknowledged, snoozed
from monitor.model import Reason
from monitor.store import (
    Connection,
    Store,
    append_events,
    next_revision,
    save_rule_state,
    write_notifications,
)
from monitor.store.answers import (
    count_answers,
    end_links,
    last_answers,
    link_key,
    link_keys,
    make_link_key,
    rule_rows,
    subjects_told,
)
from monitor.store.told import ToldRow, sinks_told, told_since
from tests.kit.made import NOON, draft, notification

EPOCH = "e"


def answer(conn: Connection, id: str, by: str, *, later: bool = False) -> None:
    about = {"rule": "r", "subjects": ["north|job/1"], "title": "t", "by": by, "now": NOON}
    made = snoozed(id, until=NOON + timedelta(hours=1), **about) if later else acknowledged(id, **about)
    append_events(conn, EPOCH, [(made, next_revision(conn, None, made.subject))])


def told(conn: Connection) -> None:
    events = append_events(conn, EPOCH, [(draft(subject=f"job/ft-{n}"), 1) for n in range(3)])
    write_notifications(conn, [notification("early", events=(events[0],), created_at=NOON - timedelta(days=2))])
    write_notifications(conn, [notification("both", events=tuple(events[:2]), sinks=("slack", "hook"))])
    write_notifications(conn, [notification("one", events=(events[2],))])
    write_notifications(conn, [notification("trial", events=(events[2],), shadow=True)])
    write_notifications(conn, [notification("again", events=(events[2],), reason=Reason.CATCH_UP)])


async def test_the_key_is_made_once_and_then_always_the_same(store: Store) -> None:
    assert await store.read(link_key) is None
    first = await store.write(make_link_key)
    assert len(first) == 32
    assert await store.write(make_link_key) == first == await store.read(link_key)


async def test_another_key_takes_the_place_of_the_one_before_which_is_kept_to_be_recognised(store: Store) -> None:
    assert not await store.write(end_links)
    first = await store.write(make_link_key)
    for _ in range(2):
        assert await store.write(end_links)
        key, before = await store.read(link_keys)
        assert before == first != key
        assert key is not None
        first = key


async def test_the_last_answer_of_each_message_counts(store: Store) -> None:
    for name, by, later in (("a", "ann", True), ("a", "bob", False), ("b", "eve", True)):
        await store.write(partial(answer, id=name, by=by, later=later))
    found = await store.read(partial(last_answers, ids=["a", "b", "c"]))
    assert {name: event.data["by"] for name, event in found.items()} == {"a": "bob", "b": "eve"}
    assert await store.read(partial(count_answers, id="a")) == 2
    assert await store.read(partial(count_answers, id="c")) == 0
    assert await store.read(partial(last_answers, ids=[])) == {}


async def test_a_message_concerns_each_of_its_subjects_once(store: Store) -> None:
    await store.write(told)
    assert await store.read(partial(subjects_told, id="both")) == ["north|job/ft-0", "north|job/ft-1"]
    assert await store.read(partial(subjects_told, id="none")) == []


async def test_what_was_told_lately_is_found_newest_first_without_trials_and_repeats(store: Store) -> None:
    await store.write(told)
    since = NOON - timedelta(days=1)
    rows = await store.read(partial(told_since, since=since, limit=10))
    assert rows == [ToldRow(3, "job-ended", 3), ToldRow(2, "job-ended", 1), ToldRow(2, "job-ended", 2)]
    assert len(await store.read(partial(told_since, since=since, limit=2))) == 2
    assert len(await store.read(partial(told_since, since=NOON - timedelta(days=3), limit=10))) == 4
    assert await store.read(partial(sinks_told, numbers=[2, 3, 9])) == {2: ["slack", "hook"], 3: ["slack"]}


async def test_rows_of_the_rules_state_are_read_by_their_keys(store: Store) -> None:
    await store.write(partial(save_rule_state, changed={"followed/a": b"1", "followed/b": b"2"}))
    assert await store.read(partial(rule_rows, keys=["followed/a", "followed/c"])) == {"followed/a": b"1"}
