"""Silences and what was kept back: listed by their state, each with what it hid, on both databases."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from monitor.model import Event
from monitor.store import (
    Connection,
    HiddenRow,
    HiddenWrite,
    NotificationFilter,
    SilenceRow,
    Store,
    StoreConflict,
    add_silence,
    append_events,
    end_silence,
    get_silence,
    hidden_by,
    hidden_from,
    hidden_of,
    list_deliveries,
    list_silences,
    notifications_of,
    page_notifications,
    write_hidden,
    write_notifications,
)
from monitor.store.hidden import count_things
from tests.kit.made import NOON, draft, notification

HOUR = timedelta(hours=1)


def silence(id: str, starts: float = 0, ends: float = 2) -> SilenceRow:
    at = {"starts_at": NOON + starts * HOUR, "ends_at": NOON + ends * HOUR}
    return SilenceRow(id=id, match="job.name == 'x'", owner="ann", comment="repairs", **at)


async def test_silences_are_listed_newest_first_and_the_ended_only_when_asked_for(store: Store) -> None:
    rows = [silence("over", -2, -1), silence("active"), silence("later", 1), silence("early")]
    for row in rows:
        await store.write(partial(add_silence, row=row))
    assert await store.write(partial(end_silence, id="early", at=NOON + HOUR / 2, by="bob"))
    now = NOON + HOUR / 2
    assert [row.id for row in await store.read(partial(list_silences, now=now))] == ["later", "active"]
    every = await store.read(partial(list_silences, now=now, ended=True))
    states = {row.id: row.state(now) for row in every}
    assert states == {"early": "ended", "later": "scheduled", "active": "active", "over": "ended"}
    assert [row.id for row in every] == ["early", "later", "active", "over"]
    assert (every[0].ended_at, every[0].ended_by) == (now, "bob")
    assert every[2] == rows[1]


async def test_a_silence_ends_once(store: Store) -> None:
    await store.write(partial(add_silence, row=silence("s")))
    assert await store.write(partial(end_silence, id="s", at=NOON + HOUR, by=None))
    assert not await store.write(partial(end_silence, id="s", at=NOON + 2 * HOUR, by="bob"))
    assert not await store.write(partial(end_silence, id="none", at=NOON, by="bob"))
    found = await store.read(partial(get_silence, id="s"))
    assert found is not None
    assert (found.ended_at, found.ended_by) == (NOON + HOUR, None)
    assert await store.read(partial(get_silence, id="none")) is None


async def test_the_id_of_a_silence_is_given_once(store: Store) -> None:
    await store.write(partial(add_silence, row=silence("s")))
    with pytest.raises(StoreConflict):
        await store.write(partial(add_silence, row=silence("s")))


async def some_events(store: Store, count: int) -> list[Event]:
    drafts = [(draft(subject=f"job/ft-{n}"), 1) for n in range(count)]
    return await store.write(partial(append_events, epoch=store.epoch, drafts=drafts))


async def test_what_a_silence_hid_is_counted_by_messages_and_found_from_every_side(store: Store) -> None:
    first, second, third = await some_events(store, 3)

    def write(conn: Connection) -> None:
        add_silence(conn, silence("s"))
        writes = [
            HiddenWrite(by="silence/s", rule="a", sinks=("slack", "hook"), seqs=(first.seq, second.seq), at=NOON),
            HiddenWrite(by="silence/s", rule="b", sinks=("hook",), seqs=(first.seq,), at=NOON),
            HiddenWrite(by="silence/s", rule="b", sinks=("hook",), seqs=(first.seq,), at=NOON),
            HiddenWrite(by="mute", rule="b", sinks=("hook",), seqs=(third.seq,), at=NOON + HOUR),
        ]
        write_hidden(conn, writes)

    await store.write(write)
    found = await store.read(partial(get_silence, id="s"))
    assert found is not None
    assert found.hidden == 3, "two alike at one moment are two, one of two events is one"
    assert await store.read(partial(count_things, by="silence/s")) == 2
    again = HiddenRow(by="silence/s", rule="b", sinks=("hook",), seq=first.seq, at=NOON)
    assert await store.read(partial(hidden_of, seq=first.seq)) == [
        HiddenRow(by="silence/s", rule="a", sinks=("slack", "hook"), seq=first.seq, at=NOON),
        again,
        again,
    ]
    by = await store.read(partial(hidden_by, by="silence/s"))
    assert [(row.seq, row.rule) for row in by] == [
        (second.seq, "a"),
        (first.seq, "b"),
        (first.seq, "b"),
        (first.seq, "a"),
    ]
    assert [row.seq for row in await store.read(partial(hidden_from, rule="b"))] == [
        third.seq,
        first.seq,
        first.seq,
    ]
    assert len(await store.read(partial(hidden_by, by="silence/s", limit=1))) == 1


async def test_what_a_rule_on_trial_would_have_said_is_shown_marked_and_delivered_to_nobody(store: Store) -> None:
    (event,) = await some_events(store, 1)
    writes = [notification("told", events=(event,)), notification("tried", events=(event,), shadow=True)]
    await store.write(partial(write_notifications, writes=writes))

    async def listed(**wanted: bool) -> list[tuple[str, bool]]:
        rows, _ = await store.read(partial(page_notifications, wanted=NotificationFilter(**wanted)))
        return [(row.id, row.shadow) for row in rows]

    assert await listed() == [("tried", True), ("told", False)]
    assert await listed(shadow=True) == [("tried", True)]
    assert await listed(shadow=False) == [("told", False)]
    of = await store.read(partial(notifications_of, seq=event.seq))
    assert [(row.id, len(row.deliveries)) for row in of] == [("told", len(writes[0].sinks)), ("tried", 0)]
    assert len(await store.read(list_deliveries)) == len(writes[0].sinks)
