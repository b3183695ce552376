"""A case that is ready to be played: rules, a scenario, and what is expected of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.lab.options import Expectation, HiddenExpectation
from monitor.lab.steps import AnyStep
from monitor.model import Account
from monitor.rules import RuleSet

NORTH = Account(name="north", provider="modelarts", region="cn-north-4")
"""Whom a scenario is about that names no account."""


@dataclass(frozen=True, slots=True)
class Given:
    """A step of the scenario and its place, as `file:line:column: path`. `steps`: those that it repeats."""

    place: str
    step: AnyStep
    steps: tuple[Given, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that must come, and the line on which that stands."""

    line: int
    what: Expectation


@dataclass(frozen=True, slots=True)
class WantedHidden:
    line: int
    what: HiddenExpectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    file: str
    line: int
    start: datetime
    """Its offset is that of all times of day in the case."""
    ruleset: RuleSet = field(repr=False)
    accounts: tuple[Account, ...] = ()
    """Whom the scenario may name; empty: anybody."""
    given: tuple[Given, ...]
    expected: tuple[Wanted, ...] = ()
    hidden: tuple[WantedHidden, ...] | None = None
    """None: it does not matter what was hidden."""
    catch_up_after: timedelta = timedelta(minutes=15)

    @property
    def lasts_until(self) -> datetime:
        """When the last expected message with a time is due: the case goes on at least until then."""
        moments = [each.what.at for each in self.expected] + [each.what.at for each in self.hidden or ()]
        return max((at.of(self.start) for at in moments if at is not None), default=self.start)


class Unplayable(Exception):
    """The scenario says what cannot be; the text names the place and what would be right."""
