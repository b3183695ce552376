"""A stock that flips: told as one flapping, with the count, and how it stands when it has settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.model import Event, EventType
from monitor.rules import Engine, FlappingOptions, Heard, Notify, RuleState, drive
from monitor.rules.effects import Flapping
from tests.kit.played import AGAIN, NEW, OVER, START, about, at, job, play, reborn, rule, ruleset, stock, told

OFTEN = FlappingOptions.model_validate({"changes": 4, "within": "1h"})
RULE = rule("flavor.*")


def flips(*minutes: float, name: str = "f", first: int = 1) -> list[Event]:
    return [stock(seq, "sold_out" if seq % 2 else "restocked", when, name) for seq, when in enumerate(minutes, first)]


def flapping(effects: object) -> list[tuple[float, bool, int, float]]:
    """When, whether it has settled, how many changes, since when."""
    return [
        (
            (each.at - START) / timedelta(minutes=1),
            each.settled,
            each.changes,
            (each.since - START) / timedelta(minutes=1),
        )
        for each in effects  # type: ignore[attr-defined]
        if isinstance(each, Flapping)
    ]


@pytest.mark.parametrize(
    ("minutes", "singly", "told_as_one"),
    [
        ([0, 1, 2], 3, []),
        ([0, 1, 2, 3], 3, [(3, False, 4, 0), (63, True, 4, 0)]),
        ([0, 1, 2, 3, 30, 70], 3, [(3, False, 4, 0), (130, True, 6, 0)]),
        ([0, 20, 40, 60, 79], 4, [(79, False, 4, 20), (139, True, 4, 20)]),
        ([0, 20, 40, 60], 4, []),  # the first is an hour old by then
        ([0, 1, 2, 3, 64, 65], 5, [(3, False, 4, 0), (63, True, 4, 0)]),
        ([0, 30, 59, 90, 119, 150], 6, []),
    ],
)
def test_so_many_changes_in_the_time_are_told_as_one_until_it_keeps_still(
    minutes: list[float], singly: int, told_as_one: list[tuple[float, bool, int, float]]
) -> None:
    effects = play(ruleset(RULE, net="info", flapping=OFTEN), flips(*minutes), 999)
    assert flapping(effects) == told_as_one
    assert len(told(effects)) == singly
    assert told(effects, rule="unmatched") == []


def test_without_the_option_every_change_is_told() -> None:
    effects = play(ruleset(RULE), flips(*range(20)), 999)
    assert (len(told(effects)), flapping(effects)) == (20, [])


def test_each_stock_flaps_by_itself_and_nothing_else_does() -> None:
    events = [*flips(0, 1, 2, name="f"), *flips(3, 4, 5, name="g", first=4)]
    assert flapping(play(ruleset(RULE, flapping=OFTEN), events, 999)) == []
    jobs = [job(seq, "restarted", seq) for seq in range(1, 20)]
    assert flapping(play(ruleset(rule("job.*"), flapping=OFTEN), jobs, 999)) == []


def test_the_end_names_the_last_change() -> None:
    (*_, end) = play(ruleset(RULE, flapping=OFTEN), flips(0, 1, 2, 3, 4), 999)
    assert isinstance(end, Flapping)
    assert (end.event.seq, end.settled) == (5, True)


def test_a_rule_that_waits_sees_every_change() -> None:
    waits = rule("flavor.sold_out", "waits", lasting="30m")
    effects = play(ruleset(waits, RULE, flapping=OFTEN), flips(0, 1, 2, 3, 4), 999)
    assert told(effects, rule="waits") == [(34, NEW, "s", (5,))]
    assert len(told(effects, rule="r")) == 3


def test_a_rule_that_takes_changes_takes_the_flapping_too() -> None:
    note = about(9, "flavor.flapping", 5, "flavor/f/z", changes=4, settled=False)
    rules = ruleset(rule("flavor.sold_out"), rule("flavor.sold_out", "waits", lasting="1h"), net="info")
    effects = play(rules, [note], 99)
    assert told(effects) == [(5, NEW, "s", (9,))]


def test_two_rules_that_share_the_changes_tell_each_sink_once_that_it_flaps() -> None:
    halves = [rule("flavor.sold_out", "out", notify=["s", "t"]), rule("flavor.restocked", "back", notify=["t", "boss"])]
    begun = about(7, "flavor.flapping", 5, "flavor/f/z", changes=4, settled=False)
    over = about(8, "flavor.flapping", 99, "flavor/f/z", changes=9, settled=True)
    said = [(5, NEW, "s+t", (7,)), (5, NEW, "boss", (7,)), (99, OVER, "s+t", (8,)), (99, OVER, "boss", (8,))]
    assert told(play(ruleset(*halves, net="info"), [begun, over], 999)) == said
    same = [rule("flavor.sold_out", "out"), rule("flavor.restocked", "back")]
    assert told(play(ruleset(*same, net="info"), [begun], 999)) == [(5, NEW, "s", (7,))]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([rule("flavor.flapping", "named")], [("named", "s")]),
        ([rule("flavor.*", "named", severity="info"), rule("*", "all")], [("named", "s"), ("all", "s")]),
        ([rule("flavor.flapping", "named", when="flavor.zone == 'y'")], [("r", "s")]),
        ([rule("flavor.flapping", "named", shadow=True)], [("r", "s"), ("named", "s")]),
        ([rule("flavor.restocked", "tried", shadow=True)], [("r", "s"), ("tried", "s")]),
        ([rule("flavor.*", "daily", digest={"at": "12:00"})], [("r", "s"), ("daily", "s")]),
        ([rule("flavor.restocked", "late", lasting="1h")], [("r", "s")]),
    ],
)
def test_a_rule_that_names_the_flapping_tells_it_and_others_leave_it_to_that(others: list[Any], said: Any) -> None:
    begun = stock(7, "restocked", 5)
    begun = replace(begun, type=EventType.FLAVOR_FLAPPING, data={**begun.data, "changes": 4, "settled": False})
    for rules in ([rule("flavor.sold_out"), *others], [*others, rule("flavor.sold_out")]):
        effects = play(ruleset(*rules, net="info"), [begun], 999)
        assert sorted((each.rule, *each.sinks) for each in effects if isinstance(each, Notify)) == sorted(said)


def test_a_rule_that_stops_keeps_it_from_those_below() -> None:
    begun = about(7, "flavor.flapping", 5, "flavor/f/z", changes=4, settled=False)
    rules = ruleset(rule("flavor.sold_out", stop=True), rule("flavor.flapping", "named"), net="info")
    assert [each.rule for each in play(rules, [begun], 99) if isinstance(each, Notify)] == ["r"]


def test_that_it_has_settled_ends_what_was_told_of_it() -> None:
    begun = about(7, "flavor.flapping", 5, "flavor/f/z", changes=4, settled=False)
    over = about(8, "flavor.flapping", 25, "flavor/f/z", changes=9, settled=True)
    rules = ruleset(rule("flavor.flapping", escalate={"after": "1h", "notify": ["boss"]}))
    assert told(play(rules, [begun], 999)) == [(5, NEW, "s", (7,)), (65, AGAIN, "boss", (7,))]
    assert told(play(rules, [begun, over], 999)) == [(5, NEW, "s", (7,)), (25, OVER, "s", (8,))]
    assert told(play(ruleset(net="info"), [begun, over], 999)) == [(5, NEW, "net", (7,)), (25, OVER, "net", (8,))]


def test_a_report_counts_every_change() -> None:
    report = rule("flavor.*", digest={"at": "12:00"})
    effects = play(ruleset(report, flapping=OFTEN), flips(0, 1, 2, 3, 4), 999)
    assert [seqs for *_, seqs in told(effects)] == [(1, 2, 3, 4, 5)]


def test_a_clock_that_was_set_moves_it_and_a_restart_does_not() -> None:
    events = flips(0, 1, 2, 3)
    engine = Engine(ruleset(RULE, flapping=OFTEN), RuleState(), Heard(events))
    list(drive(engine, events))
    engine.jump(timedelta(hours=2))
    after = Engine(ruleset(RULE, flapping=OFTEN), reborn(engine.state()), Heard(events))
    assert flapping(after.advance(at(182))) == []
    assert flapping(after.advance(at(183))) == [(183, True, 4, 120)]
    assert after.state().flips == {}
