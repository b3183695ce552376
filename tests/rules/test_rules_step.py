"""The step function: who is told of which event, in what order, once or together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from monitor import diff
from monitor.model import Event, EventType, Reason, Severity
from monitor.rules import (
    Effect,
    Failed,
    Heard,
    Notify,
    PersonOptions,
    RuleOptions,
    RuleSet,
    RuleState,
    Tick,
    UnmatchedOptions,
    step,
)
from monitor.rules.engine import Engine
from monitor.rules.state import FULL, Entry, Pile

SINKS = ("slack", "hook", "ann-mail", "bob-mail", "journal")
ANN = PersonOptions(name="Ann", ids=["modelarts:ann"], notify=["ann-mail"])
NET = UnmatchedOptions(notify=["journal"])
OVERFLOW = "job.attempt + 9223372036854775807 > 0"


def rules(*options: dict[str, Any], net: UnmatchedOptions | None = NET, people: Any = (ANN,)) -> RuleSet:
    made = [
        RuleOptions.model_validate({"name": f"r{number}", "on": ["*"], "notify": ["slack"]} | option)
        for number, option in enumerate(options)
    ]
    return RuleSet.compile(made, people, net, SINKS)


def outcome(ruleset: RuleSet, event: Event) -> list[tuple[str, tuple[str, ...]]]:
    """Rule and sinks of what is told of one event."""
    _, effects = step(ruleset, RuleState(), event)
    return [(effect.rule, effect.sinks) for effect in effects if isinstance(effect, Notify)]


@pytest.fixture
def finished(trained: Any, stored: Any) -> Event:
    life = trained().see(0, "queued").see(5, "running").see(20, "succeeded")
    return stored(life.drafts)[-1]  # type: ignore[no-any-return]


@pytest.fixture
def own(stored: Any, at: Any) -> Callable[..., Event]:
    """An event about the daemon itself."""

    def make(builder: str, name: str) -> Event:
        if builder == "delivery_dead":
            draft = diff.delivery_dead(name, rule="r0", title="t", attempts=3, detail="gone", now=at(0))
        else:
            draft = getattr(diff, builder)(name, what="integer overflow", now=at(0))
        return stored([draft])[0]  # type: ignore[no-any-return]

    return make


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([{"on": ["job.finished"]}], [("r0", ("slack",))]),
        ([{"on": ["job.*"]}, {"on": ["*.finished"]}, {"on": ["j*d"]}], [(f"r{n}", ("slack",)) for n in range(3)]),
        ([{"on": ["job.started", "flavor.*"]}], [("unmatched", ("journal",))]),
        ([{"notify": ["hook", "slack", "hook"]}], [("r0", ("hook", "slack"))]),
        ([{"stop": True}, {"notify": ["hook"]}], [("r0", ("slack",))]),
        ([{"stop": True, "on": ["job.started"]}, {"notify": ["hook"]}], [("r1", ("hook",))]),
        ([{"stop": True, "when": "job.state == 'failed'"}, {"notify": ["hook"]}], [("r1", ("hook",))]),
        ([{"notify": ["slack", "owner"]}], [("r0", ("slack", "ann-mail"))]),
        ([{"notify": ["owner", "ann-mail"]}], [("r0", ("ann-mail",))]),
        ([{"when": "job.ended_at < now"}], [("unmatched", ("journal",))]),
        ([{"when": "job.name == 'resnet50-nightly'"}, {"when": "false"}], [("r0", ("slack",))]),
        ([], [("unmatched", ("journal",))]),
    ],
)
def test_rules_are_taken_in_order(finished: Event, options: list[dict[str, Any]], told: Any) -> None:
    assert outcome(rules(*options), finished) == told


@pytest.mark.parametrize(
    ("people", "notify", "stop", "told"),
    [
        ((), ["slack", "owner"], False, [("r0", ("slack",))]),
        ((), ["owner"], False, [("unmatched", ("journal",))]),
        ((), ["owner"], True, [("unmatched", ("journal",))]),
        (
            (PersonOptions(name="A", ids=["model-studio:ann"], notify=["hook"]),),
            ["owner"],
            True,
            [("unmatched", ("journal",))],
        ),
        (
            (ANN, PersonOptions(name="B", ids=["x:1", "modelarts:ann"], notify=["bob-mail"])),
            ["owner"],
            False,
            [("r0", ("ann-mail", "bob-mail"))],
        ),
    ],
)
def test_owner_means_the_person_who_made_the_job_and_else_the_rest_or_the_net(
    finished: Event, people: Any, notify: list[str], stop: bool, told: Any
) -> None:
    assert outcome(rules({"notify": notify, "stop": stop}, people=people), finished) == told


def test_a_message_calls_the_owner_by_the_name_that_people_give(finished: Event) -> None:
    named, unknown = rules({}), rules({}, people=())
    texts = [step(ruleset, RuleState(), finished)[1][0].text.plain for ruleset in (named, unknown)]  # type: ignore[union-attr]
    assert "owner Ann" in texts[0]
    assert "owner ann" in texts[1]


def test_a_message_about_an_end_says_what_the_job_used_and_cost(tuned: Any, stored: Any) -> None:
    life = tuned().see(0, "running").see(20, "succeeded").use(20, 1_000)
    end, usage = life.drafts[-2], life.drafts[-1]
    together = replace(end, data={**end.data, "usage": usage.data["usage"]})
    (effect,) = step(rules({}), RuleState(), stored([together])[0])[1]
    assert isinstance(effect, Notify)
    assert "Used: 1,000 tokens (0.03 CNY)" in effect.text.plain


def test_a_rule_that_reached_nobody_still_stops(finished: Event) -> None:
    ruleset = rules({"notify": ["owner"], "stop": True}, {"notify": ["hook"]}, people=())
    assert outcome(ruleset, finished) == [("unmatched", ("journal",))]


def test_owner_of_an_event_without_a_job_is_nobody(own: Callable[..., Event]) -> None:
    assert outcome(rules({"notify": ["owner"]}), own("rule_failed", "other")) == [("unmatched", ("journal",))]


@pytest.mark.parametrize(
    ("least", "severity", "told"),
    [
        ("info", Severity.INFO, 1),
        ("warning", Severity.INFO, 0),
        ("warning", Severity.WARNING, 1),
        ("critical", Severity.WARNING, 0),
    ],
)
def test_the_net_takes_what_is_severe_enough(finished: Event, least: str, severity: Severity, told: int) -> None:
    net = UnmatchedOptions(notify=["journal"], min_severity=Severity(least))
    assert len(outcome(rules(net=net), replace(finished, severity=severity))) == told


def test_without_a_net_an_event_that_no_rule_takes_is_not_told(finished: Event) -> None:
    assert outcome(rules({"when": "false"}, net=None), finished) == []


def test_a_rule_may_give_its_own_severity(finished: Event) -> None:
    _, effects = step(rules({"severity": "critical"}, {}), RuleState(), finished)
    assert [(effect.rule, effect.severity) for effect in effects if isinstance(effect, Notify)] == [
        ("r0", Severity.CRITICAL),
        ("r1", Severity.INFO),
    ]


def test_quiet_events_are_not_told_and_change_nothing(finished: Event) -> None:
    state = RuleState()
    assert step(rules({}), state, replace(finished, quiet=True)) == (state, [])


def test_an_event_about_a_sink_never_goes_to_that_sink(own: Callable[..., Event]) -> None:
    dead = own("delivery_dead", "slack")
    assert outcome(rules({"notify": ["slack", "hook"]}), dead) == [("r0", ("hook",))]
    assert outcome(rules({"notify": ["slack"]}), dead) == [("unmatched", ("journal",))]
    assert outcome(rules({"notify": ["slack"]}), own("delivery_dead", "journal")) == [("r0", ("slack",))]
    assert outcome(rules(net=NET), own("delivery_dead", "journal")) == []


@pytest.mark.parametrize("builder", ["rule_failed", "template_failed"])
def test_an_event_about_a_rule_is_never_routed_by_that_rule(own: Callable[..., Event], builder: str) -> None:
    assert outcome(rules({}, {"notify": ["hook"]}), own(builder, "r0")) == [("r1", ("hook",))]


def test_a_rule_that_fails_harms_only_itself_and_is_reported_and_the_net_hears_why(finished: Event) -> None:
    _, effects = step(rules({"when": OVERFLOW}, {}), RuleState(), finished)
    assert [effect for effect in effects if isinstance(effect, Failed)] == [
        Failed(kind="rule", rule="r0", what="integer overflow", event=finished)
    ]
    told = {effect.rule: effect.text.plain for effect in effects if isinstance(effect, Notify)}
    assert list(told) == ["r1", "unmatched"]
    assert "rule r0 failed on this: integer overflow" in told["unmatched"]


def test_what_a_rule_failed_on_goes_to_the_net_whatever_its_severity(finished: Event) -> None:
    net = UnmatchedOptions(notify=["journal"], min_severity=Severity.CRITICAL)
    assert outcome(rules({"when": OVERFLOW}, net=net), finished) == [("unmatched", ("journal",))]
    assert outcome(rules({"when": "false"}, net=net), finished) == []


def test_a_failing_rule_is_reported_once_in_an_hour(finished: Event) -> None:
    ruleset, state = rules({"when": OVERFLOW}), RuleState()
    reports = []
    for minute in (0, 1, 59, 61, 62):
        state, effects = step(
            ruleset, state, replace(finished, detected_at=finished.detected_at + timedelta(minutes=minute))
        )
        reports += [minute for effect in effects if isinstance(effect, Failed)]
    assert reports == [0, 61]


def test_rules_that_fail_on_reports_of_failing_do_not_feed_each_other(own: Callable[..., Event]) -> None:
    fails = {"when": "event.seq + 9223372036854775807 > 0"}
    _, effects = step(rules(fails, fails), RuleState(), own("rule_failed", "r0"))
    assert not any(isinstance(effect, Failed) for effect in effects)


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
