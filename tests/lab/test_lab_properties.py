"""The lab tells what the engine tells: the same events at the same moments make the same messages by `drive`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.lab.case import Case, Given
from monitor.lab.run import play
from monitor.lab.scenario import Scenario
from monitor.lab.steps import STEPS
from monitor.rules import Engine, Heard, Hide, Notify, RuleOptions, RuleSet, RuleState, UnmatchedOptions, drive

START = datetime.fromisoformat("2026-01-05T09:00:00+08:00")
NEXT = {
    "": ["queues", "starts", "sells out"],
    "queues": ["starts", "is canceled"],
    "starts": ["is preempted", "succeeds", "fails", "is gone"],
    "is preempted": ["starts"],
    "fails": ["reopens"],
    "reopens": ["succeeds", "is preempted"],
    "sells out": ["comes back"],
    "comes back": ["sells out"],
}
"""What may be said of a thing after what was said of it last."""
MANNERS: list[dict[str, Any]] = [
    {},
    {"for": "2h"},
    {"for": "1h", "remind_every": "3h"},
    {"group_by": ["account.name"], "group_wait": "5m"},
    {"throttle": "2h"},
    {"hold": {"between": ["11:00", "15:00"], "timezone": "Asia/Shanghai"}},
    {"mute": {"between": ["10:00", "12:00"], "timezone": "Asia/Shanghai"}},
    {"escalate": [{"after": "1h", "notify": ["boss"]}]},
    {"shadow": True},
    {"late": "each", "stop": True},
]
STATES = ["job.queued", "job.started", "flavor.sold_out", "flavor.restocked"]


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    rules = []
    for number in range(draw(st.integers(1, 4))):
        manner = draw(st.sampled_from(MANNERS))
        on = STATES if "for" in manner else draw(st.sampled_from([["*"], ["job.*"], ["flavor.*", "job.finished"]]))
        rules.append(RuleOptions.model_validate({"name": f"r{number}", "on": on, "notify": ["team"], **manner}))
    return RuleSet.compile(rules, (), UnmatchedOptions(notify=["net"]), ["team", "boss", "net"])


@st.composite
def steps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What may be said of two jobs, a flavor and their account, with waits between."""
    found: list[dict[str, Any]] = []
    last = {"a": "", "b": "", "f in z": "comes back"}
    for _ in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from([*last, "north"]))
        if name == "north":
            found += [{"account": "north, is unreachable"}, {"wait": "90m"}, {"account": "north, recovers"}]
        elif following := [word for word in NEXT.get(last[name], ()) if (word == "sells out") <= (name == "f in z")]:
            last[name] = draw(st.sampled_from(following))
            found.append({"flavor" if name == "f in z" else "job": f"{name}, {last[name]}"})
        found.append({"wait": draw(st.sampled_from(["1s", "1m", "59m", "1h", "2h", "5h"]))})
    return found


def case(ruleset: RuleSet, given: list[dict[str, Any]]) -> Case:
    made = tuple(Given("here", STEPS[next(iter(step))].model_validate(step)) for step in given)
    return Case(name="c", file="f", line=1, start=START, ruleset=ruleset, given=made)


def known(effects: Any) -> list[tuple[Any, ...]]:
    found = [
        (each.at, each.rule, each.sinks, each.text.title, each.reason) if isinstance(each, Notify)
        else (each.at, each.rule, each.sinks, each.by, each.seqs)
        for each in effects if isinstance(each, Notify | Hide)
    ]  # fmt: skip
    return sorted(found, key=str)


@settings(max_examples=40, deadline=None)
@given(ruleset=rule_sets(), given=steps())
def test_the_lab_tells_what_driving_the_engine_tells(ruleset: RuleSet, given: list[dict[str, Any]]) -> None:
    outcome = play(case(ruleset, given))
    assert outcome.error == ""
    engine = Engine(ruleset, RuleState(), Heard(outcome.events))
    driven = [*drive(engine, outcome.events, outcome.end)]
    assert engine.broken is None
    assert known(driven) == known([*outcome.told, *(hide for hide in outcome.hidden)])


@settings(max_examples=25, deadline=None)
@given(ruleset=rule_sets(), given=steps(), data=st.data())
def test_a_restart_at_any_moment_changes_no_message(
    ruleset: RuleSet, given: list[dict[str, Any]], data: st.DataObject
) -> None:
    """The rules go on from their state. (That timers wait a minute after a start is the daemon's `monitor.started`.)"""
    place = data.draw(st.integers(0, len(given)))
    calm = play(case(ruleset, given))
    scenario = Scenario(case(ruleset, given))
    scenario.play(case(ruleset, given[:place]).given)
    scenario.day.stop()
    scenario.day.start()
    scenario.play(case(ruleset, given[place:]).given)
    scenario.day.pass_until(scenario.day.now + timedelta(0))
    assert known(scenario.day.told) == known(calm.told)
