"""What the rules remember goes on under another name: timers, piles, silent groups, what stands and what is dark."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

from monitor.model import Reason, Severity
from monitor.routing.memory import Rows, decode
from monitor.routing.renaming import is_taken, rename_in_memory, renamed
from monitor.rules import RuleState
from monitor.rules.engine.piling import key_of
from monitor.rules.state import Dark, Entry, Flips, Followed, Period, Pile, Standing, Timer
from monitor.store import Rename, load_rule_state, save_rule_state, write_notifications
from tests.kit.made import NOON, notification
from tests.kit.web import fresh_store

DUE = NOON + timedelta(hours=1)
ACCOUNT = Rename(kind="account", before="llm", after="nlp")
SINK = Rename(kind="sink", before="slack", after="team")
RULE = Rename(kind="rule", before="r", after="ended")
JOB = "llm|job/ft-1"


def pile(subject: str = JOB, rule: str = "r", sink: str = "slack", key: str = JOB, size: int = 1) -> tuple[str, Pile]:
    entries = tuple(Entry(seq, subject, None) for seq in range(size))
    facts = {"reason": Reason.NEW, "severity": Severity.INFO, "first": NOON, "last": NOON, "due": DUE}
    made = Pile(rule=rule, sink=sink, kind="group", key=key, entries=entries, **facts)  # type: ignore[arg-type]
    return key_of("group", rule, key, Reason.NEW, sink), made


def state(size: int = 1) -> RuleState:
    standing = Standing(seq=1, sinks=("slack", "mail"), severity=Severity.INFO, told_at=NOON, group="llm\x1fx")
    followed = Followed(
        subject=JOB,
        watch="llm|jobs",
        state="queued",
        timers={"r": Timer(seq=1, due=DUE), "s": Timer(seq=1, due=DUE)},
        standings={"r": standing},
    )
    return RuleState(
        followed={JOB: followed},
        piles=dict([pile(size=size), pile(sink="mail")]),
        flips={JOB: Flips(subject=JOB, times=(NOON,), seq=1, due=DUE)},
        periods={"r": Period(since=NOON, due=DUE)},
        dark={"llm": Dark(None), "llm|jobs": Dark(DUE), "*": Dark(None)},
        complaints={"rule/r": NOON},
    )


def test_an_account_is_renamed_in_everything_that_waits_for_it() -> None:
    before = state()
    after = renamed(before, ACCOUNT)
    assert "llm" not in str(after)
    assert after.followed["nlp|job/ft-1"].watch == "nlp|jobs"
    assert after.followed["nlp|job/ft-1"].timers == before.followed[JOB].timers
    assert set(after.dark) == {"nlp", "nlp|jobs", "*"}
    assert renamed(after, Rename(kind="account", before="nlp", after="llm")) == before
    assert renamed(after, ACCOUNT) == after


def test_a_rule_and_a_sink_are_renamed_in_what_they_wait_for_and_in_nothing_else() -> None:
    before = state()
    after = renamed(renamed(before, RULE), SINK)
    row = after.followed[JOB]
    assert (set(row.timers), row.standings["ended"].sinks) == ({"ended", "s"}, ("team", "mail"))
    assert {(each.rule, each.sink) for each in after.piles.values()} == {("ended", "team"), ("ended", "mail")}
    assert all(
        key == key_of(each.kind, each.rule, each.key, each.reason, each.sink) for key, each in after.piles.items()
    )
    assert (set(after.periods), set(after.complaints)) == ({"ended"}, {"rule/ended"})
    assert renamed(before, Rename(kind="sink", before="llm", after="x")) == before, "an account is no sink"


def test_what_the_new_name_has_already_stands() -> None:
    both = RuleState(periods={"ended": Period(since=NOON, due=DUE), "r": Period(since=DUE, due=DUE)})
    assert renamed(both, RULE).periods == {"ended": Period(since=NOON, due=DUE)}


def test_events_of_the_renamed_thing_itself_are_followed_under_its_new_name() -> None:
    gone = Followed(subject="|sink/slack", watch=None, state="failing")
    assert set(renamed(RuleState(followed={"|sink/slack": gone}), SINK).followed) == {"|sink/team"}
    gone = Followed(subject="llm|account/llm", watch=None, state="unreachable")
    assert set(renamed(RuleState(followed={"llm|account/llm": gone}), ACCOUNT).followed) == {"nlp|account/nlp"}


async def test_it_is_stored_as_a_start_would_read_it_and_nothing_of_the_old_name_is_left(tmp_path: Path) -> None:
    store = await fresh_store(tmp_path)
    before = state(size=200)  # a pile of several rows
    tables = ("followed", "piles", "flips", "periods", "dark", "complaints")
    rows = Rows(RuleState()).encode({(name, key): row for name in tables for key, row in getattr(before, name).items()})
    await store.write(partial(save_rule_state, changed={**rows, "marks/taken": b"7"}))
    for wish in (ACCOUNT, RULE, SINK):
        assert [await store.write(partial(rename_in_memory, wish=wish)) for _ in range(2)] == [True, False]
    stored = await store.read(load_rule_state)
    wanted = renamed(renamed(renamed(before, ACCOUNT), RULE), SINK)
    found = decode(stored)
    assert (found.followed, found.piles, found.dark, found.marks) == (
        wanted.followed, wanted.piles, wanted.dark, {"taken": 7},
    )  # fmt: skip
    assert not [key for key in stored if "llm" in key or "slack" in key]
    await store.aclose()


async def test_a_name_is_taken_once_nothing_that_waits_goes_by_the_one_before(tmp_path: Path) -> None:
    """A rule of which only the rules' memory knows, for it waits since it was written."""
    store = await fresh_store(tmp_path)
    try:
        rows = Rows(RuleState()).encode({("followed", JOB): state().followed[JOB]})
        await store.write(lambda conn: save_rule_state(conn, rows))
        said = notification("n", rule="ended")
        await store.write(lambda conn: write_notifications(conn, [said]))
        assert not await store.read(partial(is_taken, wish=RULE))
        await store.write(partial(rename_in_memory, wish=RULE))
        assert await store.read(partial(is_taken, wish=RULE))
        assert not await store.read(partial(is_taken, wish=SINK)), "nothing is known of either"
    finally:
        await store.aclose()
