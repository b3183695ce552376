"""What to say to whom, and when: rules over events, decided by one pure function. No I/O, no clock, no database."""

from monitor.rules.compile import RuleSet
from monitor.rules.effects import Effect, Failed, Flapping, Hide, Jump, Notify, SilenceOver, Tick
from monitor.rules.engine import Engine
from monitor.rules.message import render
from monitor.rules.mistake import RuleErrors, RuleMistake
from monitor.rules.options import FlappingOptions, PersonOptions, RuleOptions, UnmatchedOptions
from monitor.rules.recall import Heard, Recall
from monitor.rules.state import RuleState
from monitor.rules.step import drive, step

__all__ = [
    "Effect",
    "Engine",
    "Failed",
    "Flapping",
    "FlappingOptions",
    "Heard",
    "Hide",
    "Jump",
    "Notify",
    "PersonOptions",
    "Recall",
    "RuleErrors",
    "RuleMistake",
    "RuleOptions",
    "RuleSet",
    "RuleState",
    "SilenceOver",
    "Tick",
    "UnmatchedOptions",
    "drive",
    "render",
    "step",
]
