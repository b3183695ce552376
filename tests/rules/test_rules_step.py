"""The step function: who is told of which event, in what order, once or together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor import diff
from monitor.model import Event, Severity
from monitor.rules import (
    Failed,
    Notify,
    PersonOptions,
    RuleState,
    UnmatchedOptions,
    step,
)
from tests.rules.stepped import ANN, NET, OVERFLOW, outcome, rules


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
