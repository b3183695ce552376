"""What to say to whom, and when: rules over events, decided by one pure function. No I/O, no clock, no database."""

from monitor.rules.compile import RuleErrors, RuleMistake, RuleSet
from monitor.rules.effects import Effect, Failed, Notify, NotifyGroup, Tick
from monitor.rules.message import render
from monitor.rules.options import PersonOptions, RuleOptions, UnmatchedOptions
from monitor.rules.speak import resolve
from monitor.rules.state import Gathered, RuleState, next_due
from monitor.rules.step import step

__all__ = [
    "Effect",
    "Failed",
    "Gathered",
    "Notify",
    "NotifyGroup",
    "PersonOptions",
    "RuleErrors",
    "RuleMistake",
    "RuleOptions",
    "RuleSet",
    "RuleState",
    "Tick",
    "UnmatchedOptions",
    "next_due",
    "render",
    "resolve",
    "step",
]
