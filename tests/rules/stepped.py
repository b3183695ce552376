"""Rules in one line, and what they tell of one event: for tests of the step function."""

from __future__ import annotations

from typing import Any

from monitor.model import Event
from monitor.rules import (
    Notify,
    PersonOptions,
    RuleOptions,
    RuleSet,
    RuleState,
    UnmatchedOptions,
    step,
)

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
