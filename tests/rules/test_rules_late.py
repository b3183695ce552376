"""Late events: gathered for half a minute or told singly, by each rule and by the net."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from monitor.model import Event, EventType, Reason, Severity
from monitor.rules import (
    Effect,
    Heard,
    Notify,
    RuleSet,
    RuleState,
    Tick,
    step,
)
from monitor.rules.engine import Engine
from monitor.rules.state import FULL, Entry, Pile
from tests.rules.stepped import NET, rules


def late(event: Event, seq: int, after: float = 0, **changes: Any) -> Event:
    moment = event.detected_at + timedelta(seconds=after)
    return replace(event, seq=seq, id=f"{seq:032}", late=True, detected_at=moment, **changes)


def run(ruleset: RuleSet, items: list[Event | Tick]) -> tuple[RuleState, list[Effect]]:
    """Each item by itself, with a restart after it."""
    state, told, recall = RuleState(), [], Heard(item for item in items if isinstance(item, Event))
    for item in items:
        state, effects = step(ruleset, state, item, recall)
        told += effects
        state = msgspec.json.decode(msgspec.json.encode(state), type=RuleState)
    return state, told


def caught_up(effects: list[Effect]) -> list[Notify]:
    return [each for each in effects if isinstance(each, Notify) and each.reason is Reason.CATCH_UP]


def seqs(notify: Notify) -> tuple[int, ...]:
    return tuple(event.seq for event in notify.events)


@pytest.mark.parametrize(
    ("seconds", "groups"),
    [
        ([0, 10, 20], [(1, 2, 3)]),
        ([0, 29.9, 60], [(1, 2), (3,)]),
        ([0, 30], [(1, 2)]),  # events of a moment come before what falls due at it
        ([0, 30.1], [(1,), (2,)]),
        ([0, 25, 50, 75, 100, 119, 121], [(1, 2, 3, 4, 5, 6), (7,)]),
    ],
)
def test_late_events_are_told_together_after_a_pause_of_30_s_or_at_most_2_min(
    finished: Event, seconds: list[float], groups: list[tuple[int, ...]]
) -> None:
    items: list[Event | Tick] = [late(finished, seq, after) for seq, after in enumerate(seconds, 1)]
    items.append(Tick(now=finished.detected_at + timedelta(hours=1)))
    state, told = run(rules({}), items)
    assert [seqs(each) for each in caught_up(told)] == groups
    assert caught_up(told) == told
    assert state == RuleState()


def test_a_pile_that_is_full_is_due_at_once(finished: Event) -> None:
    pile = Pile(
        rule="r0",
        sink="slack",
        kind="late",
        key="",
        reason=Reason.NEW,
        severity=Severity.INFO,
        entries=tuple(Entry(seq, "s", None) for seq in range(FULL - 1)),
        first=finished.detected_at,
        last=finished.detected_at,
        due=finished.detected_at + timedelta(seconds=30),
    )
    last = late(finished, FULL)
    state, _ = step(rules({}), RuleState(piles={"late|r0|new||slack": pile}), last)
    heard = Heard(late(finished, seq) for seq in range(FULL + 1))
    (effect,) = step(rules({}), state, Tick(now=finished.detected_at), heard)[1]
    assert isinstance(effect, Notify)
    assert len(effect.events) == FULL


def test_next_due_says_when_a_tick_is_needed(finished: Event) -> None:
    events: list[Event | Tick] = [late(finished, 1), late(finished, 2, 10)]
    state, _ = run(rules({}), events)
    heard = Heard([late(finished, 1), late(finished, 2, 10)])
    due = finished.detected_at + timedelta(seconds=40)
    assert Engine(rules({}), state, heard).next_due() == due
    assert step(rules({}), state, Tick(now=due - timedelta(milliseconds=1)), heard)[1] == []
    assert len(step(rules({}), state, Tick(now=due), heard)[1]) == 1
    assert Engine(rules({}), RuleState(), heard).next_due() is None


def test_late_each_is_told_at_once_and_singly(finished: Event) -> None:
    _, told = run(rules({"late": "each"}), [late(finished, 1), late(finished, 2)])
    assert [(effect.rule, effect.reason) for effect in told if isinstance(effect, Notify)] == [("r0", Reason.NEW)] * 2
    assert all("Seen late: " in effect.text.plain for effect in told if isinstance(effect, Notify))


def test_a_rule_tells_each_sink_once_whoever_owns_the_jobs_and_bears_the_highest_severity(
    finished: Event, tuned: Any, stored: Any
) -> None:
    other = replace(stored(tuned().see(0, "running").drafts)[-1], severity=Severity.WARNING)
    ruleset = rules(
        {"notify": ["slack", "owner"]}, {"on": ["job.finished"], "severity": "critical", "notify": ["hook"]}
    )
    events = [late(finished, 1), late(other, 2, detected := 0), late(finished, 3, detected)]
    events = [replace(event, detected_at=finished.detected_at) for event in events]
    _, told = run(ruleset, [*events, Tick(now=finished.detected_at + timedelta(minutes=5))])
    assert [(each.rule, each.sinks, seqs(each), each.severity) for each in caught_up(told)] == [
        ("r0", ("slack",), (1, 2, 3), Severity.WARNING),
        ("r0", ("ann-mail",), (1, 3), Severity.INFO),
        ("r1", ("hook",), (1, 3), Severity.CRITICAL),
    ]


def test_a_group_is_as_severe_as_its_worst_event(finished: Event) -> None:
    worse = late(finished, 2, severity=Severity.CRITICAL)
    after = Tick(now=finished.detected_at + timedelta(minutes=1))
    _, told = run(rules({}), [late(finished, 1), worse, late(finished, 3), after])
    assert [each.severity for each in caught_up(told)] == [Severity.CRITICAL]


def test_the_net_gathers_late_events_too(finished: Event) -> None:
    _, told = run(
        rules(), [late(finished, 1), late(finished, 2), Tick(now=finished.detected_at + timedelta(minutes=1))]
    )
    assert [(each.rule, seqs(each)) for each in caught_up(told)] == [("unmatched", (1, 2))]


def test_a_pile_outlives_its_rule_and_a_sink_that_is_removed(finished: Event) -> None:
    event = late(finished, 1)
    state, _ = run(rules({"notify": ["slack", "hook"]}, {"notify": ["slack"]}), [event])
    fewer = RuleSet.compile([], [], NET, ["hook", "journal"])
    _, told = step(fewer, state, Tick(now=finished.detected_at + timedelta(minutes=1)), Heard([event]))
    assert [each.sinks for each in caught_up(told)] == [("hook",), ("journal",)]


def test_what_was_gathered_is_told_as_one_in_order_and_with_the_rules_words_where_one_is_left(finished: Event) -> None:
    ruleset = rules({"on": ["job.*"], "title": "{{ job.name }} is {{ job.state }}"})
    events = [late(finished, 1), late(finished, 2, type=EventType.JOB_RESTARTED)]
    tick = Tick(now=finished.detected_at + timedelta(minutes=1))
    _, told = run(ruleset, [*events, tick])
    (both,) = caught_up(told)
    assert (both.rule, both.events, both.sinks) == ("r0", tuple(events), ("slack",))
    assert both.text.title.startswith("Catching up: ")
    state, _ = run(ruleset, list(events))
    (one,) = caught_up(step(ruleset, state, tick, Heard(events[:1]))[1])
    assert one.text.title == "resnet50-nightly is succeeded"
    assert step(ruleset, state, tick, Heard())[1] == []


def test_step_leaves_the_old_state_as_it_was(finished: Event) -> None:
    before, _ = step(rules({}), RuleState(), late(finished, 1))
    copy = msgspec.json.decode(msgspec.json.encode(before), type=RuleState)
    step(rules({}), before, late(finished, 2))
    step(rules({}), before, Tick(now=finished.detected_at + timedelta(hours=1)))
    assert before == copy
