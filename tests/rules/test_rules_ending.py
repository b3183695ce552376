"""Sinks that are told the end of every state whose begin they were told, whatever the rule says of `resolved`."""

from __future__ import annotations

import pytest

from monitor.rules import Effect, RuleOptions, RuleSet, UnmatchedOptions
from tests.kit.played import AGAIN, DIGEST, NEW, OVER, SINKS, account, answer, job, play, rule, stock, told, told_to


def played(events: list[object], *rules: RuleOptions, until: float = 600, net: bool = False) -> list[Effect]:
    """`t` is told every end."""
    unmatched = UnmatchedOptions(notify=["net"]) if net else None
    return play(RuleSet.compile(rules, [], unmatched, SINKS, ending=["t"]), events, until)  # type: ignore[arg-type]


def test_the_end_goes_to_that_sink_alone_where_the_rule_does_not_tell_it() -> None:
    events = [stock(1, "sold_out", 0), stock(2, "restocked", 60)]
    effects = played(events, rule("flavor.sold_out", notify=["s", "t"]))
    assert told(effects) == [(0, NEW, "s+t", (1,)), (60, OVER, "t", (2,))]


def test_a_rule_that_tells_ends_tells_them_to_all() -> None:
    events = [account(1, "unreachable", 0), account(2, "recovered", 60)]
    effects = played(events, rule("account.unreachable", notify=["s", "t"], resolved=True))
    assert told(effects) == [(0, NEW, "s+t", (1,)), (60, OVER, "s+t", (2,))]


def test_the_event_that_the_rule_takes_itself_is_the_end_and_comes_once() -> None:
    events = [stock(1, "sold_out", 0), stock(2, "restocked", 60)]
    assert told_to(played(events, rule("flavor.*", notify=["t"])), "t") == [(0, NEW, (1,)), (60, NEW, (2,))]


def test_who_was_not_told_the_begin_is_not_told_the_end() -> None:
    events = [job(1, "queued", 0), job(2, "started", 30)]
    assert told(played(events, rule("job.queued", notify=["t"], lasting="1h"))) == []
    assert told(played(events, rule("job.queued", notify=["s"]))) == [(0, NEW, "s", (1,))]


def test_after_a_wait_a_reminder_and_an_answer_the_end_still_comes() -> None:
    events = [job(1, "queued", 0), answer(2, "acknowledged", 150), job(3, "started", 400)]
    stuck = rule("job.queued", notify=["t"], lasting="1h", remind_every="1h", resolved=False)
    assert told_to(played(events, stuck), "t") == [(60, NEW, (1,)), (120, AGAIN, (1,)), (400, OVER, (3,))]


@pytest.mark.parametrize("what", ["finished", "gone"])
def test_what_ends_nothing_by_itself_is_not_remembered(what: str) -> None:
    events = [job(1, what, 0), job(2, "reopened", 60)]
    assert told(played(events, rule(f"job.{what}", notify=["t"]))) == [(0, NEW, "t", (1,))]


def test_that_a_sink_hears_the_end_keeps_the_net_from_nothing() -> None:
    events = [job(1, "queued", 0), job(2, "started", 60)]
    effects = played(events, rule("job.queued", notify=["t"]), net=True)
    assert told(effects) == [(0, NEW, "t", (1,)), (60, OVER, "t", (2,)), (60, NEW, "net", (2,))]


def test_a_group_s_members_end_one_by_one() -> None:
    events = [
        *(job(1, "queued", 0, "a"), job(2, "queued", 1, "b")),
        *(job(3, "started", 60, "a"), job(4, "started", 90, "b")),
    ]
    queued = rule("job.queued", notify=["t"], group_by=[], group_wait="5m", group_interval="1m")
    assert [(why, seqs) for _, why, seqs in told_to(played(events, queued), "t")] == [
        (DIGEST, (1, 2)),
        (OVER, (3,)),
        (OVER, (4,)),
    ]
