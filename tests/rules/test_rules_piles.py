"""What is kept to be told as one: groups, throttles, windows that hold or mute, and what is left of it at their end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.model import Event, Reason, Severity
from monitor.rules import Engine, Failed, Heard, Hide, Notify, RuleState, drive
from monitor.rules.engine import piling, releasing, telling
from tests.kit.played import (
    CATCH_UP,
    DIGEST,
    NEW,
    about,
    at,
    job,
    play,
    reborn,
    rule,
    ruleset,
    silence,
    stock,
    told,
    told_to,
    unsilence,
)

NOON = {"between": ["12:00", "16:00"]}
"""Open from 120 to 360 minutes after the start."""
OVERFLOW = "job.attempt + 9223372036854775807 > 0"


def sold_out(*minutes: float, name: str = "f") -> list[Event]:
    return [stock(seq, "sold_out", when, f"{name}{seq}") for seq, when in enumerate(minutes, 1)]


@pytest.mark.parametrize(
    ("options", "minutes", "said"),
    [
        ({}, [0, 0.4, 0.6], [(0.5, (1, 2)), (5.5, (3,))]),
        ({}, [0, 0.5], [(0.5, (1, 2))]),
        ({}, [0, 5, 10.4, 10.6], [(0.5, (1,)), (5.5, (2,)), (10.5, (3,)), (15.5, (4,))]),
        ({}, [0, 30], [(0.5, (1,)), (30.5, (2,))]),
        ({"group_wait": "10m"}, [0, 9, 11, 25], [(10, (1, 2)), (15, (3,)), (35, (4,))]),
        ({"group_wait": "0s"}, [0, 1, 2], [(0, (1,)), (5, (2, 3))]),
        ({"group_wait": "0s", "group_interval": "1h"}, [0, 1, 59, 61], [(0, (1,)), (60, (2, 3)), (120, (4,))]),
        ({"throttle": "1h"}, [0, 1, 59, 61], [(0.5, (1,)), (60.5, (2, 3)), (120.5, (4,))]),
    ],
)
def test_a_group_waits_for_more_and_then_for_its_interval(options: Any, minutes: list[float], said: Any) -> None:
    rules = ruleset(rule("flavor.*", group_by=["account.name"], **options))
    messages = told(play(rules, sold_out(*minutes), 999))
    assert [(when, seqs) for when, _, _, seqs in messages] == said
    assert [why for _, why, *_ in messages] == [DIGEST if len(seqs) > 1 else NEW for _, seqs in said]


def test_groups_are_made_by_the_values_of_their_fields() -> None:
    rules = ruleset(rule(["job.*", "flavor.*"], group_by=["job.creator", "event.type"]))
    events = [
        job(1, "queued", 0, "a", creator="ann"),
        job(2, "queued", 0, "b", creator="bob"),
        job(3, "queued", 0, "c", creator="ann"),
        job(4, "started", 0, "d", creator="ann"),
        stock(5, "sold_out", 0, "f"),
        stock(6, "sold_out", 0, "g"),
    ]
    assert [seqs for *_, seqs in told(play(rules, events, 99))] == [(1, 3), (2,), (4,), (5, 6)]


def test_a_storm_is_one_message_that_names_the_things_and_how_many_more() -> None:
    events = [job(seq, "finished", 0, f"j{seq}", outcome="failed") for seq in range(1, 201)]
    (one,) = play(ruleset(rule("job.finished", group_by=[])), events, 99)
    assert isinstance(one, Notify)
    assert len(one.events) == 200
    assert "j1" in one.text.plain
    assert "more" in one.text.plain


def test_each_sink_hears_each_thing_once_whoever_owns_it() -> None:
    rules = ruleset(rule("job.queued", group_by=[], notify=["s", "t", "owner"]))
    events = [job(1, "queued", 0, "a", creator="ann"), job(2, "queued", 0, "b", creator="bob")]
    assert sorted(told(play(rules, events, 99))) == [
        (0.5, DIGEST, "s+t", (1, 2)),
        (0.5, NEW, "ann", (1,)),
        (0.5, NEW, "bob", (2,)),
    ]


def test_the_same_thing_told_to_another_sink_at_another_time_is_another_message() -> None:
    rules = ruleset(rule("job.queued", throttle="1h", group_by=[], group_wait="0s", notify=["s", "owner"]))
    events = [job(1, "queued", 0, "a", creator="ann"), job(2, "queued", 9, "b", creator="bob")]
    effects = play(rules, events, 99)
    assert told(effects) == [(0, NEW, "s+ann", (1,)), (9, NEW, "bob", (2,)), (60, NEW, "s", (2,))]
    assert len({each.mark for each in effects if isinstance(each, Notify)}) == 2


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ([0], [(0, NEW, (1,))]),
        ([0, 10], [(0, NEW, (1,)), (60, NEW, (2,))]),
        ([0, 10, 20, 59], [(0, NEW, (1,)), (60, DIGEST, (2, 3, 4))]),
        ([0, 60], [(0, NEW, (1,)), (60, NEW, (2,))]),
        ([0, 10, 70, 130], [(0, NEW, (1,)), (60, NEW, (2,)), (120, NEW, (3,)), (180, NEW, (4,))]),
        ([0, 10, 121], [(0, NEW, (1,)), (60, NEW, (2,)), (121, NEW, (3,))]),
    ],
)
def test_a_throttle_lets_one_message_through_in_its_time_and_drops_nothing(minutes: list[float], said: Any) -> None:
    rules = ruleset(rule("job.checkpoint", throttle="1h"))
    events = [job(seq, "checkpoint", when) for seq, when in enumerate(minutes, 1)]
    assert [(when, why, seqs) for when, why, _, seqs in told(play(rules, events, 999))] == said


def test_a_throttle_goes_by_the_subject() -> None:
    events = [job(1, "checkpoint", 0, "a"), job(2, "checkpoint", 1, "b"), job(3, "checkpoint", 2, "a")]
    assert told(play(ruleset(rule("job.checkpoint", throttle="1h")), events, 99)) == [
        (0, NEW, "s", (1,)),
        (1, NEW, "s", (2,)),
        (60, NEW, "s", (3,)),
    ]


def test_what_nobody_heard_of_throttles_nothing() -> None:
    rules = ruleset(rule("job.checkpoint", throttle="3h", mute={"between": ["10:00", "10:30"]}))
    events = [job(1, "checkpoint", 0), job(2, "checkpoint", 35), job(3, "checkpoint", 36)]
    assert told(play(rules, events, 999)) == [(35, NEW, "s", (2,)), (215, NEW, "s", (3,))]


def test_the_text_of_a_kept_message_says_how_it_is_by_now() -> None:
    rules = ruleset(rule("flavor.sold_out", hold=NOON))
    events = [stock(1, "sold_out", 130, "f"), stock(2, "restocked", 200, "f"), stock(3, "sold_out", 150, "g")]
    (one,) = play(rules, sorted(events, key=lambda each: each.detected_at), 999)
    assert told([one]) == [(360, DIGEST, "s", (1, 3))]
    assert "in stock again" in one.text.plain  # type: ignore[union-attr]


def test_the_net_gathers_what_is_late_by_itself() -> None:
    rules = ruleset(rule("flavor.*"), net="info")
    events = [job(1, "queued", 0, late=True), job(2, "started", 0.2, late=True)]
    assert told(play(rules, events, 99)) == [(0.7, CATCH_UP, "net", (1, 2))]


def test_a_rule_that_was_removed_tells_what_it_kept_and_a_changed_one_goes_on() -> None:
    events = [job(1, "queued", 130)]
    engine = Engine(ruleset(rule("job.*", hold=NOON)), RuleState(), Heard(events))
    list(drive(engine, events))
    gone = Engine(ruleset(net="info"), reborn(engine.state()), Heard(events))
    assert told(gone.advance(at(131))) == [(130, DIGEST, "s", (1,))]
    changed = Engine(ruleset(rule("job.*")), reborn(engine.state()), Heard(events))
    assert told(changed.advance(at(999))) == [(360, DIGEST, "s", (1,))]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many events fill a pile, and a message."""
    for room in (piling, releasing, telling):
        monkeypatch.setattr(room, "FULL", 40)
    return 40


def test_a_pile_that_is_full_is_told_at_once_and_a_message_is_never_fuller(few: int) -> None:
    events = [job(seq, "checkpoint", 0) for seq in range(1, few + 2)]
    made = play(ruleset(rule("job.*", group_by=[])), events, 0)
    assert [len(each.events) for each in made if isinstance(each, Notify)] == [few, 1]


@pytest.mark.parametrize(("window", "said"), [("hold", [360, 360]), ("mute", [])])
def test_what_a_window_keeps_waits_for_its_end_however_much_it_is(few: int, window: str, said: list[float]) -> None:
    events = [job(seq, "checkpoint", 130) for seq in range(1, few + 2)]
    assert [when for when, *_ in told(play(ruleset(rule("job.*", **{window: NOON})), events, 999))] == said


def test_a_clock_that_was_set_leaves_windows_where_they_are() -> None:
    engine = Engine(ruleset(rule("job.*", hold=NOON)), RuleState(), Heard([job(1, "queued", 130)]))
    list(drive(engine, [job(1, "queued", 130)]))
    engine.jump(timedelta(minutes=90))
    assert told(engine.advance(at(999))) == [(360, DIGEST, "s", (1,))]


def test_a_rule_on_trial_goes_the_same_way_and_counts_for_nothing() -> None:
    trial = rule("job.*", "trial", shadow=True, mute=NOON)
    rules = ruleset(trial, rule("flavor.*"), net="info")
    effects = play(rules, [job(1, "queued", 0), job(2, "started", 130)], 999)
    assert told(effects, rule="trial") == [(0, NEW, "s", (1,)), (360, DIGEST, "s", (2,))]
    assert told(effects, rule="unmatched") == [(0, NEW, "net", (1,)), (130, NEW, "net", (2,))]
    assert [each.shadow for each in effects if isinstance(each, Notify | Hide)] == [True, False, True, False, True]
    failing = ruleset(rule("job.*", "trial", shadow=True, when=OVERFLOW), rule("job.*"), net="info")
    effects = play(failing, [job(1, "queued", 0, attempt=1)], 9)
    assert told(effects) == [(0, NEW, "s", (1,))]
    assert [each.rule for each in effects if isinstance(each, Failed)] == ["trial"]


def test_fallback_stands_in_for_an_owner_whom_nobody_knows() -> None:
    rules = ruleset(rule("job.*", notify=["t", "owner"], fallback=["boss", "s"]), net="info")
    events = [job(1, "queued", 0, creator="eve"), job(2, "queued", 1, creator="bob")]
    assert told(play(rules, events, 9)) == [(0, NEW, "t+boss+s", (1,)), (1, NEW, "t+bob", (2,))]


def test_a_pile_is_as_severe_as_the_worst_of_it() -> None:
    rules = ruleset(rule("delivery.dead", group_by=[]))
    events = [
        about(n, "delivery.dead", 0, "sink/t", severity=word) for n, word in ((1, "info"), (2, "critical"), (3, "info"))
    ]
    (one,) = play(rules, events, 9)
    assert isinstance(one, Notify)
    assert (one.severity, one.reason) == (Severity.CRITICAL, Reason.DIGEST)
    assert told_to([one], "s") == [(0.5, DIGEST, (1, 2, 3))]


def test_an_end_that_waited_in_a_group_says_what_it_ended_and_when_that_was_told() -> None:
    grouped = rule("job.queued", lasting="10m", remind_every="1d", group_by=["account.name"], group_wait="5m")
    *_, end = play(ruleset(grouped), [job(1, "queued", 0), job(2, "started", 30)], 60)
    assert isinstance(end, Notify)
    assert (end.reason, end.at) == (Reason.RESOLVED, at(35))
    assert "after 30 min in the queue" in end.text.title
    assert "You were told: " in end.text.plain


@pytest.mark.parametrize("manner", [{"group_by": ["event.type"], "group_wait": "1m"}, {"group_by": []}, {}])
@pytest.mark.parametrize(
    ("before", "options", "first"),
    [
        ([silence(1, 0, 60), job(2, "finished", 10)], {}, (60, DIGEST, "s", (2,))),
        ([silence(1, 0, 90), job(2, "finished", 10), unsilence(3, 60)], {}, (60, DIGEST, "s", (2,))),
        (
            [silence(1, 0, 60), job(2, "finished", 10), job(3, "reopened", 20)],
            {"on": "job.finished"},
            (60, DIGEST, "s", (2,)),
        ),
        ([job(2, "finished", 10)], {"hold": {"between": ["10:00", "11:00"]}}, (60, DIGEST, "s", (2,))),
        ([job(2, "finished", 10)], {"mute": {"between": ["10:00", "11:00"]}}, (60, DIGEST, "s", (2,))),
        ([job(2, "finished", 59.5, late=True)], {}, (60, CATCH_UP, "s", (2,))),
    ],
    ids=["silence", "ended early", "nothing holds", "hold", "mute", "late"],
)  # fmt: skip
def test_what_was_told_after_a_window_or_a_silence_is_a_message_of_its_group(
    manner: dict[str, Any], before: list[Event], options: dict[str, Any], first: Any
) -> None:
    pace = {"throttle": "20m"} if not manner else {**manner, "group_interval": "20m"}
    name = "a" if not manner else "b"  # `throttle` alone counts each subject by itself
    after = [job(seq, "finished", 60 + seq, name, outcome=f"o{seq}") for seq in (5, 6)]
    effects = play(ruleset(rule(**{"on": "job.*", **options, **pace})), [*before, *after], 999)
    assert [each for each in told(effects) if each[0] >= 60] == [first, (80, DIGEST, "s", (5, 6))]
