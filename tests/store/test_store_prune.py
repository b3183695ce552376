"""Retention removes what is over, and nothing that something still refers to; no id is ever given twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.app.pruning import Limits, Pruning
from monitor.model import DeliveryState, Event, Outcome, Reason, Receipt, Scope, Severity
from monitor.routing.memory import Rows
from monitor.rules import RuleState
from monitor.rules.state import Entry, Flips, Followed, Period, Pile, Standing, Timer
from monitor.store import (
    BookingRow,
    Connection,
    HiddenWrite,
    JobWrite,
    SilenceRow,
    Store,
    add_silence,
    append_events,
    book,
    check,
    claim,
    ensure_scope,
    load_jobs,
    load_jobs_elsewhere,
    next_revision,
    renew,
    save_jobs,
    save_rule_state,
    set_cursor,
    settle,
    sum_usage,
    write_hidden,
    write_notifications,
)
from monitor.store.old import old_messages
from monitor.store.prune import PIECE, Pruned, drop_messages
from monitor.store.tables import metadata
from tests.kit.clock import VirtualClock
from tests.kit.made import NOON, draft, known_job, notification
from tests.store.conftest import Home

NOW = NOON
OLD, RECENT = NOW - timedelta(days=500), NOW - timedelta(days=5)
LIMITS = Limits(events=NOW - timedelta(days=400), deliveries=NOW - timedelta(days=90))
RECEIPT = Receipt(outcome=Outcome.REFUSED)


@dataclass
class Past:
    """Writes history into a store."""

    store: Store
    number: int = 0
    rests: list[float] = field(default_factory=list)

    async def event(self, subject: str = "job/a", at: datetime = OLD, **changes: Any) -> Event:
        self.number += 1
        made = draft(subject=subject, time=at, detected_at=at, **changes)
        write = partial(append_events, epoch=self.store.epoch, drafts=[(made, self.number)])
        event = (await self.store.write(write))[0]
        await self.store.write(partial(set_cursor, name="routing", seq=event.seq))
        return event

    async def message(self, name: str, *events: Event, at: datetime = OLD, settled: datetime | None = OLD) -> None:
        made = notification(name, events=events, created_at=at)

        def write(conn: Connection) -> None:
            write_notifications(conn, [made])
            if settled is not None:
                (sending,) = claim(conn, "slack", now=at, limit=1)
                settle(conn, sending.id, state=DeliveryState.DEAD, receipt=RECEIPT, now=settled)

        await self.store.write(write)

    async def remembered(self, **state: Any) -> None:
        """What the rules remember."""
        memory = RuleState(**state)
        changed = {(name, key): row for name, rows in state.items() for key, row in rows.items()}
        await self.store.write(partial(save_rule_state, changed=Rows(RuleState()).encode(changed)))
        assert memory != RuleState()

    async def job(self, name: str, at: datetime = OLD, **changes: Any) -> None:
        def write(conn: Connection) -> None:
            scope = ensure_scope(conn, Scope(account="north", watch="jobs", key="k"), now=OLD)
            known = known_job(name, revision=7, **changes)
            save_jobs(conn, scope.id, [JobWrite(known=known, previous_revision=None, hash=1, significant=1)], now=at)

        await self.store.write(write)

    async def prune(self) -> Pruned:
        """What a walk removes, after a look that must have foretold it and changed nothing."""

        async def rest(took: float) -> None:
            self.rests.append(took)

        pruning = Pruning(self.store, LIMITS, VirtualClock(), rest)
        before = await self.counts()
        foretold = await pruning.look()
        assert await self.counts() == before
        done = await pruning.run()
        assert done == foretold
        return done

    async def counts(self) -> dict[str, int]:
        def read(conn: Connection) -> dict[str, int]:
            return {
                name: conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for name, table in metadata.tables.items()
            }

        return await self.store.read(read)

    async def seqs(self) -> list[int]:
        query = sa.select(metadata.tables["events"].c.seq).order_by(sa.text("seq"))
        return list(await self.store.read(lambda conn: conn.execute(query).scalars().all()))


@pytest.fixture
def past(store: Store) -> Past:
    return Past(store)


async def test_what_is_over_for_long_is_removed_with_all_that_hangs_on_it(past: Past, home: Home) -> None:
    old = await past.event("job/a")
    await past.message("old", old)
    new = await past.event("job/a", RECENT)
    await past.message("new", new, at=RECENT, settled=RECENT)
    assert await past.prune() == Pruned(events=1, messages=1, deliveries=1)
    left = await past.counts()
    assert {name: left[name] for name in ("events", "notifications", "deliveries", "attempts")} == dict.fromkeys(
        ("events", "notifications", "deliveries", "attempts"), 1
    )
    assert (left["notification_events"], await past.seqs()) == (1, [new.seq])
    assert await past.prune() == Pruned()
    assert (await check(home.url, home.state_dir)).problems == ()


async def test_a_message_that_waits_or_ended_lately_is_kept_with_its_events(past: Past) -> None:
    """However old it is: a delivery that was retried for long ends long after it began."""
    for name, settled in (("waits", None), ("late", RECENT)):
        await past.message(name, await past.event("job/a"), settled=settled)
    await past.event("job/a", RECENT)
    assert await past.prune() == Pruned()


async def test_a_message_that_somebody_sends_again_between_the_look_and_the_removal_is_kept(past: Past) -> None:
    await past.message("old", await past.event("job/a"))
    window = await past.store.read(partial(old_messages, before=LIMITS.deliveries, keep=(), behind=0))
    assert len(window.numbers) == 1
    await past.store.write(partial(renew, numbers=[1], detail="", now=NOW))
    dropped = await past.store.write(partial(drop_messages, numbers=window.numbers, before=LIMITS.deliveries))
    assert dropped == Pruned()
    assert (await past.counts())["notifications"] == 1


async def test_an_event_that_was_not_routed_yet_is_kept(past: Past) -> None:
    first, second = await past.event("job/a"), await past.event("job/a")
    await past.event("job/a", RECENT)
    await past.store.write(partial(set_cursor, name="routing", seq=first.seq))
    assert await past.prune() == Pruned(events=1)
    assert (await past.seqs())[0] == second.seq


def followed(**changes: Any) -> dict[str, Any]:
    return {"followed": {"north|job/a": Followed(subject="north|job/a", watch=None, state="queued", **changes)}}


def pile(*entries: Entry) -> dict[str, Any]:
    times = {"first": OLD, "last": OLD, "due": NOW}
    about = {"rule": "r", "sink": "s", "kind": "hold", "key": "", "reason": Reason.NEW, "severity": Severity.INFO}
    return {"piles": {"hold|r": Pile(**about, entries=entries, **times)}}


REFERRING: dict[str, Callable[[int], dict[str, Any]]] = {
    "the state that is followed": lambda seq: followed(since=seq, latest=99),
    "the newest of a subject": lambda seq: followed(since=99, latest=seq),
    "a timer": lambda seq: followed(timers={"r": Timer(seq=seq, due=NOW)}),
    "a standing message": lambda seq: followed(
        standings={"r": Standing(seq=seq, sinks=("s",), severity=Severity.INFO, told_at=OLD)}
    ),
    "a pile": lambda seq: pile(Entry(seq, "north|job/a", "queued")),
    "what an end ends": lambda seq: pile(Entry(99, "north|job/a", None, over=True, begun=seq)),
    "a stock that flaps": lambda seq: {"flips": {"f": Flips(subject="f", times=(OLD,), seq=seq, due=NOW)}},
}


@pytest.mark.parametrize("what", REFERRING)
async def test_what_the_rules_still_refer_to_is_kept_and_so_is_what_was_said_of_it(what: str, past: Past) -> None:
    await past.event("job/a")
    held = await past.event("job/a")
    await past.message("about it", held)
    await past.event("job/a", RECENT)
    await past.remembered(**REFERRING[what](held.seq))
    assert await past.prune() == Pruned(events=1)
    assert held.seq in await past.seqs()
    assert (await past.counts())["notifications"] == 1


async def test_a_report_that_is_yet_to_be_made_misses_no_event(past: Past) -> None:
    in_it = await past.event("job/a", OLD + timedelta(days=1))
    before = await past.event("job/a", OLD - timedelta(days=1))
    await past.event("job/a", RECENT)
    await past.remembered(periods={"weekly": Period(since=OLD, due=NOW)})
    await past.prune()
    seqs = await past.seqs()
    assert in_it.seq in seqs
    assert before.seq not in seqs


async def test_the_last_word_on_what_is_still_known_is_kept(past: Past) -> None:
    await past.job("known", at=OLD)
    await past.job("gone", at=RECENT, gone=True)
    kept = [
        await past.event(subject)
        for subject in ("job/known", "job/gone", "sink/slack", "flavor/f/zone", "account/north")
    ]
    for subject in ("job/never-known", "notification/none", "silence/none"):
        await past.event(subject, account=None if "/none" in subject else "north")
    assert await past.prune() == Pruned(events=3)
    assert await past.seqs() == [event.seq for event in kept]


async def test_a_job_that_is_long_gone_is_forgotten_but_for_what_keeps_ids_and_the_ledger_right(past: Past) -> None:
    await past.job("a", gone=True, booked_tokens=500)
    await past.job("b")
    await past.event("job/a")
    row = BookingRow(
        account="north",
        provider="modelarts",
        scope_id=1,
        job_id="a",
        job_name="a",
        model=None,
        creator=None,
        labels={},
        at=OLD,
        tokens=500,
        cost=None,
        currency=None,
        correction=False,
    )
    await past.store.write(lambda conn: book(conn, row))
    assert await past.prune() == Pruned(events=1, jobs=1)
    assert set(await past.store.read(partial(load_jobs, scope_id=1, ids=["a", "b"]))) == {"b"}
    trace = (await past.store.read(partial(load_jobs_elsewhere, scope_id=1, ids=["a", "b"])))["a"]
    assert (trace.revision, trace.booked_tokens, trace.forgotten) == (7, 500, True)
    (sum_,) = await past.store.read(partial(sum_usage, by=["account"]))
    assert sum_.tokens == 500
    assert (await past.store.read(partial(load_jobs_elsewhere, scope_id=1, ids=["b"]))) == {}


async def test_the_revisions_of_what_goes_on_living_go_on(past: Past) -> None:
    for _ in range(3):
        await past.store.write(partial(next_revision, account="north", subject="account/north"))
    await past.event("account/north")
    await past.event("account/north", RECENT)
    await past.prune()
    assert await past.store.write(partial(next_revision, account="north", subject="account/north")) == 4


async def test_what_a_silence_hid_and_the_silence_itself_go_with_the_events(past: Past) -> None:
    old, new = await past.event("job/a"), await past.event("job/a", RECENT)
    day = timedelta(days=1)

    def write(conn: Connection) -> None:
        for name, starts, at, event in (("old", OLD, OLD, old), ("new", RECENT, RECENT, new)):
            times = {"starts_at": starts, "ends_at": starts + day}
            add_silence(conn, SilenceRow(id=name, match="true", owner="ann", comment="", **times))
            write_hidden(conn, [HiddenWrite(by=f"silence/{name}", rule="r", sinks=("s",), seqs=(event.seq,), at=at)])
            next_revision(conn, None, f"silence/{name}")

    await past.store.write(write)
    assert await past.prune() == Pruned(events=1, silences=1)
    left = await past.counts()
    assert (left["silences"], left["hidden"], left["subject_revisions"]) == (1, 1, 1)


async def test_it_goes_in_small_pieces_with_a_rest_after_each(past: Past) -> None:
    await past.store.write(
        lambda conn: append_events(
            conn,
            past.store.epoch,
            [(draft(subject="job/a", detected_at=OLD), number) for number in range(5 * PIECE)],
        )
    )
    past.number = 5 * PIECE
    await past.event("job/a", RECENT)
    assert await past.prune() == Pruned(events=5 * PIECE)
    assert len(past.rests) == 5


async def test_what_was_said_late_in_an_old_message_is_removed_with_it_though_it_is_foretold(past: Past) -> None:
    """Counting before and removing agree where removing one thing lets another go."""
    said = await past.event("job/a")
    await past.message("one", said)
    await past.message("two", said)
    await past.store.write(partial(next_revision, account=None, subject="notification/one"))
    await past.event("notification/one", account=None)
    assert await past.prune() == Pruned(events=2, messages=2, deliveries=2)
    assert (await past.counts())["subject_revisions"] == 0
