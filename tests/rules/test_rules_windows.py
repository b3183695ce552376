"""Windows of a rule: what is held until their end, what is muted, and what still holds then."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.model import Event
from monitor.rules import Engine, Failed, Heard, Hide, RuleState, drive
from tests.kit.played import (
    DIGEST,
    NEW,
    at,
    job,
    play,
    rule,
    ruleset,
    stock,
    told,
)

NOON = {"between": ["12:00", "16:00"]}
"""Open from 120 to 360 minutes after the start."""
OVERFLOW = "job.attempt + 9223372036854775807 > 0"


def test_a_window_that_holds_keeps_everything_and_tells_it_as_one() -> None:
    rules = ruleset(rule(["job.*", "flavor.*"], hold=NOON, notify=["s", "t"]))
    events = [job(1, "queued", 119), job(2, "started", 120), stock(3, "sold_out", 200), job(4, "finished", 359.9)]
    assert told(play(rules, [*events, job(5, "queued", 360, "b")], 999)) == [
        (119, NEW, "s+t", (1,)),
        (360, NEW, "s+t", (5,)),
        (360, DIGEST, "s+t", (2, 3, 4)),
    ]


def test_events_of_an_exception_are_not_held() -> None:
    rules = ruleset(rule("job.*", hold={**NOON, "except": "job.name == 'a'"}))
    events = [job(1, "queued", 130, "a"), job(2, "queued", 130, "b")]
    assert told(play(rules, events, 999)) == [(130, NEW, "s", (1,)), (360, DIGEST, "s", (2,))]


@pytest.mark.parametrize(("window", "hidden"), [("hold", 0), ("mute", 0)])
def test_an_exception_that_fails_loses_nothing(window: str, hidden: int) -> None:
    rules = ruleset(rule("job.*", **{window: {**NOON, "except": OVERFLOW}}))
    effects = play(rules, [job(1, "queued", 130, attempt=1)], 999)
    assert [when for when, *_ in told(effects)] == [360 if window == "hold" else 130]
    assert len([each for each in effects if isinstance(each, Hide)]) == hidden
    assert [each.rule for each in effects if isinstance(each, Failed)] == ["r"]


@pytest.mark.parametrize(
    ("options", "events", "said"),
    [
        ({"group_by": [], "group_wait": "30m"}, [job(1, "queued", 100)], [(360, DIGEST, (1,))]),
        ({"throttle": "1h"}, [job(1, "queued", 90), job(2, "started", 95)], [(90, NEW, (1,)), (360, DIGEST, (2,))]),
        ({}, [job(1, "queued", 119.9, late=True)], [(360, DIGEST, (1,))]),
        ({}, [job(1, "queued", 150, late=True)], [(360, DIGEST, (1,))]),
        ({"late": "each"}, [job(1, "queued", 119.9, late=True)], [(119.9, NEW, (1,))]),
    ],
)
def test_what_falls_due_in_a_window_is_kept_until_its_end(options: Any, events: list[Event], said: Any) -> None:
    rules = ruleset(rule("job.*", hold=NOON, **options))
    assert [(when, why, seqs) for when, why, _, seqs in told(play(rules, events, 999))] == said


def test_a_timer_that_falls_due_in_a_window_is_kept_too() -> None:
    rules = ruleset(rule("job.queued", lasting="1h", hold=NOON))
    assert told(play(rules, [job(1, "queued", 100)], 999)) == [(360, DIGEST, "s", (1,))]


def test_windows_that_touch_are_one_and_days_and_zones_count() -> None:
    touching = [NOON, {"between": ["16:00", "17:00"], "days": ["mon"]}]
    monday, tuesday = ([job(1, "queued", 130 + 1440 * day)] for day in (0, 1))
    assert told(play(ruleset(rule("job.*", hold=touching)), monday, 999)) == [(420, DIGEST, "s", (1,))]
    assert told(play(ruleset(rule("job.*", hold=touching)), tuesday, 1999)) == [(1800, DIGEST, "s", (1,))]
    shanghai = {"between": ["18:00", "19:00"], "timezone": "Asia/Shanghai"}  # 10:00 to 11:00 of UTC
    assert told(play(ruleset(rule("job.*", hold=shanghai)), [job(1, "queued", 30)], 999)) == [(60, DIGEST, "s", (1,))]
    another = {"between": ["10:00", "11:00"], "days": ["tue"]}
    assert told(play(ruleset(rule("job.*", hold=another)), [job(1, "queued", 30)], 999)) == [(30, NEW, "s", (1,))]


def test_a_mute_window_tells_what_still_holds_at_its_end_once_and_remembers_the_rest() -> None:
    rules = ruleset(rule(["job.*", "flavor.*"], mute=NOON))
    events = [
        job(1, "queued", 130, "a"),
        job(2, "started", 140, "a"),
        job(3, "checkpoint", 150, "a"),
        stock(4, "sold_out", 160),
        stock(5, "restocked", 170),
        stock(6, "sold_out", 180),
    ]
    effects = play(rules, events, 999)
    assert told(effects) == [(360, DIGEST, "s", (2, 6))]
    hidden = [each for each in effects if isinstance(each, Hide)]
    assert [(each.by, each.rule, each.sinks, each.seqs) for each in hidden] == [
        ("mute", "r", ("s",), (seq,)) for seq in range(1, 7)
    ]


def test_nothing_is_told_at_the_end_of_a_mute_window_if_all_of_it_is_over() -> None:
    rules = ruleset(rule("flavor.sold_out", mute=NOON), rule("flavor.restocked", "q", notify=["t"]))
    events = [stock(1, "sold_out", 130), stock(2, "restocked", 150)]
    engine = Engine(rules, RuleState(), Heard(events))
    assert told(drive(engine, events, at(999))) == [(150, NEW, "t", (2,))]
    assert engine.state().followed == {}


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        (["sold_out", "restocked"], []),
        (["sold_out", "restocked", "sold_out"], [(360, DIGEST, "s", (3,))]),
        (["restocked", "sold_out"], []),
        (["restocked"], [(360, DIGEST, "s", (1,))]),
    ],
)
def test_what_went_and_came_back_in_a_mute_window_is_as_people_know_it(turns: list[str], said: list[object]) -> None:
    events = [stock(number, turn, 130 + number) for number, turn in enumerate(turns, 1)]
    assert told(play(ruleset(rule("flavor.*", mute=NOON)), events, 999)) == said


def test_what_came_anew_in_a_mute_window_is_told_by_its_last() -> None:
    rules = ruleset(rule("flavor.sold_out", mute={**NOON, "except": "event.seq > 2"}))
    events = [stock(1, "sold_out", 130), stock(2, "restocked", 150), stock(3, "sold_out", 160)]
    assert told(play(rules, events, 999)) == [(160, NEW, "s", (3,))]


def test_timers_run_on_in_a_mute_window() -> None:
    rules = ruleset(rule("job.queued", lasting="1h", mute=NOON))
    assert told(play(rules, [job(1, "queued", 100)], 999)) == [(360, DIGEST, "s", (1,))]
    assert told(play(rules, [job(1, "queued", 100), job(2, "started", 300)], 999)) == []


def test_what_a_mute_window_kept_back_is_held_by_a_window_that_is_open_then() -> None:
    rules = ruleset(rule("job.*", mute=NOON, hold={"between": ["15:00", "18:00"]}))
    assert told(play(rules, [job(1, "queued", 130)], 999)) == [(480, DIGEST, "s", (1,))]
