"""The event log: each fact once, read by cursor and by filter; and what else is remembered of accounts and money."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from monitor.model import Event, EventDraft, EventType, Scope
from monitor.store import (
    BookingRow,
    Connection,
    Health,
    Store,
    StoreConflict,
    append_events,
    bad_signatures,
    book,
    ensure_scope,
    first_sight,
    get_cursor,
    get_event,
    last_seq,
    load_health,
    load_rule_state,
    next_revision,
    read_events,
    save_health,
    save_rule_state,
    set_bad_signatures,
    set_cursor,
    sum_usage,
)
from tests.kit.made import NOON, draft


async def append(store: Store, *drafts: tuple[EventDraft, int]) -> list[Event]:
    return await store.write(partial(append_events, epoch=store.epoch, drafts=drafts))


async def test_an_event_comes_back_as_it_was_told(store: Store) -> None:
    odd = draft(account=None, subject="monitor", late=True, quiet=True, data={"名": ["💥", None, 1.5, {"a": True}]})
    odd = replace(odd, time=NOON + timedelta(microseconds=1999))
    told = await append(store, (odd, 1), (draft(), 1))
    assert [event.seq for event in told] == [1, 2]
    assert told[0].time == NOON + timedelta(milliseconds=1)
    assert await store.read(read_events) == told
    assert await store.read(partial(get_event, id_or_seq=told[0].id)) == told[0]
    assert (
        await store.read(partial(get_event, id_or_seq=2))
        == await store.read(partial(get_event, id_or_seq="2"))
        == told[1]
    )
    assert await store.read(partial(get_event, id_or_seq="nothing")) is None
    assert await store.read(partial(get_event, id_or_seq=9)) is None


async def test_the_same_fact_is_never_stored_twice(store: Store) -> None:
    (first,) = await append(store, (draft(), 5))
    with pytest.raises(StoreConflict):
        await append(store, (draft(subject="job/other"), 1), (draft(), 5))
    (next_one,) = await append(store, (draft(), 6))
    assert (next_one.seq, next_one.id == first.id) == (2, False)
    assert await store.read(last_seq) == 2


async def test_events_are_filtered(store: Store) -> None:
    kinds = [EventType.JOB_STARTED, EventType.JOB_FINISHED, EventType.FLAVOR_SOLD_OUT, EventType.JOB_STARTED]
    for number, kind in enumerate(kinds):
        at = NOON + timedelta(minutes=number)
        what = draft(
            type=kind, detected_at=at, account=f"a{number % 2}", subject=f"job/{number // 2}", quiet=number == 1
        )
        await append(store, (what, number))

    async def seqs(**wanted: Any) -> list[int]:
        return [event.seq for event in await store.read(partial(read_events, **wanted))]

    assert await seqs() == [1, 2, 3, 4]
    assert await seqs(newest_first=True, limit=2) == [4, 3]
    assert await seqs(after=1, before=4) == [2, 3]
    assert await seqs(types=["job.*"]) == [1, 2, 4]
    assert await seqs(types=["job.*", "flavor.sold_out"], limit=3, newest_first=True) == [4, 3, 2]
    assert await seqs(types=["*"]) == [1, 2, 3, 4]
    assert await seqs(types=["job.start?d"], after=1) == [4]
    assert await seqs(types=[]) == await seqs(types=["nothing.*"]) == []
    assert await seqs(account="a1") == [2, 4]
    assert await seqs(account="a1", types=["job.finished"]) == [2]
    assert await seqs(subject="job/0") == [1, 2]
    assert await seqs(since=NOON + timedelta(minutes=2)) == [3, 4]
    assert await seqs(since=NOON + timedelta(days=2)) == []
    assert await seqs(types=["job.*"], since=NOON + timedelta(minutes=1), quiet=False) == [4]
    assert await seqs(quiet=False) == [1, 3, 4]


async def test_a_clock_that_was_set_back_hides_nothing(store: Store) -> None:
    times = [NOON, NOON + timedelta(hours=1), NOON + timedelta(minutes=30), NOON + timedelta(minutes=59)]
    await append(store, *((draft(detected_at=at), number) for number, at in enumerate(times)))
    found = await store.read(partial(read_events, since=NOON + timedelta(minutes=31)))
    assert [event.seq for event in found] == [2, 4]


async def test_subjects_without_a_row_count_their_own_revisions(store: Store) -> None:
    def three(conn: Connection) -> list[int]:
        return [next_revision(conn, *which) for which in ((None, "monitor"), ("a", "monitor"), (None, "monitor"))]

    assert await store.write(three) == [1, 1, 2]


async def test_a_word_is_new_once(store: Store) -> None:
    see = partial(first_sight, account="north", kind="state", word="Frozen")
    assert [await store.write(see), await store.write(see)] == [True, False]
    assert await store.write(partial(first_sight, account="south", kind="state", word="Frozen"))


async def test_health_signatures_cursors_and_rule_state_survive(home: Any, store: Store) -> None:
    ill = Health(state="unreachable", failures=3, since=NOON, reason="time-out")

    def fill(conn: Connection) -> None:
        save_health(conn, "north", "jobs", Health(state="ok", failures=0, since=NOON, reason=""))
        save_health(conn, "north", "jobs", ill)
        set_bad_signatures(conn, "ab12", 2, now=NOON)
        set_bad_signatures(conn, "ab12", 3, now=NOON)
        set_cursor(conn, "routing", 17)
        set_cursor(conn, "routing", 18)
        save_rule_state(conn, {"a": b"\x00\xff", "b": b"", "c": b"1"})
        save_rule_state(conn, {"c": None, "a": b"2", "nobody": None})

    await store.write(fill)
    await store.aclose()
    again = await home.open()
    assert await again.read(load_health) == {("north", "jobs"): ill}
    assert await again.read(partial(bad_signatures, fingerprint="ab12")) == 3
    assert await again.read(partial(bad_signatures, fingerprint="never tried")) is None
    assert await again.read(partial(get_cursor, name="routing")) == 18
    assert await again.read(partial(get_cursor, name="nobody")) == 0
    assert await again.read(load_rule_state) == {"a": b"2", "b": b""}
    await again.aclose()


def booking(scope_id: int, **changes: Any) -> BookingRow:
    plain = BookingRow(
        account="north",
        provider="model-studio",
        scope_id=scope_id,
        job_id="ft-1",
        job_name="sft",
        model="qwen3-14b",
        creator="1396",
        labels={"team": "nlp"},
        at=NOON,
        tokens=1000,
        cost=Decimal("0.1"),
        currency="CNY",
    )
    return replace(plain, **changes)


async def test_usage_is_added_exactly_by_every_grouping(store: Store) -> None:
    scope = await store.write(partial(ensure_scope, scope=Scope(account="north", watch="jobs", key="k"), now=NOON))
    other = {"job_id": "ft-2", "account": "south", "creator": None, "labels": {}, "model": None}
    rows = [booking(scope.id), booking(scope.id, cost=Decimal("0.2"), correction=True)]
    rows += [
        booking(scope.id, **other, cost=Decimal("-0.3"), tokens=-5),
        booking(scope.id, job_id="ft-3", at=NOON + timedelta(days=1), cost=None, currency=None),
    ]
    rows += [booking(scope.id, job_id="ft-4", cost=Decimal("1.00"), currency="USD", tokens=2**50)]
    await store.write(lambda conn: book(conn, *rows))
    await store.write(book)  # a page without usage

    async def sums(by: str, since: datetime | None = None, **wanted: Any) -> list[tuple[Any, ...]]:
        found = await store.read(partial(sum_usage, by=[by], since=since, **wanted))
        return [(row.keys[0] or "", row.currency, row.jobs, row.tokens, row.cost) for row in found]

    assert await sums("day") == [
        ("2026-11-20", "CNY", 2, 1995, Decimal(0)),
        ("2026-11-20", "USD", 1, 2**50, Decimal(1)),
        ("2026-11-21", None, 1, 1000, None),
    ]
    assert await sums("account", until=NOON + timedelta(seconds=1)) == [
        ("north", "CNY", 1, 2000, Decimal("0.3")),
        ("north", "USD", 1, 2**50, Decimal(1)),
        ("south", "CNY", 1, -5, Decimal("-0.3")),
    ]
    assert await sums("owner", account="south") == [("", "CNY", 1, -5, Decimal("-0.3"))]
    assert ("model-studio:1396", None, 1, 1000, None) in await sums("owner")
    assert await sums("model", since=NOON + timedelta(hours=1)) == [("qwen3-14b", None, 1, 1000, None)]
    assert {row[0] for row in await sums("label:team")} == {"", "nlp"}
    with pytest.raises(ValueError, match="grouped by day, week, month, owner"):
        await store.read(partial(sum_usage, by=["moon"]))
