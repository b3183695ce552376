"""The back-test: a stored history through sets of rules side by side, counted by rule, day and sink."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from monitor.lab.replay import Outcome, Replay
from monitor.model import Event
from monitor.rules import Notify, RuleOptions, RuleSet

LONGEST_LEAD = timedelta(days=31)
SHORTEST_LEAD = timedelta(hours=1)
TIDY_EVERY = 100_000
"""Objects that are made between two looks for circles."""


@dataclass(slots=True)
class Tally:
    """Messages, counted. `shadow`: those of rules on trial, which are counted nowhere else."""

    days: Counter[tuple[str, date]] = field(default_factory=Counter)
    """By rule and day."""
    sinks: Counter[str] = field(default_factory=Counter)
    """By sink: a message to two of them counts for both."""
    shadow: Counter[tuple[str, date]] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    """By rule: how often a silence or a mute window kept something back."""

    @property
    def total(self) -> int:
        return self.days.total()

    def add(self, rule: str, day: date, sinks: Iterable[str], *, shadow: bool = False) -> None:
        if shadow:
            self.shadow[rule, day] += 1
            return
        self.days[rule, day] += 1
        self.sinks.update(sinks)

    def rules(self) -> set[str]:
        return {rule for rule, _ in (*self.days, *self.shadow)} | set(self.hidden)

    def of(self, rule: str) -> int:
        return sum(count for (name, _), count in self.days.items() if name == rule)

    def on(self, day: date) -> int:
        return sum(count for (_, each), count in self.days.items() if each == day)


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` until before `until`; days are those of `zone` (None: of this machine)."""

    since: datetime
    until: datetime
    zone: tzinfo | None = None

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def days(self) -> list[date]:
        first, last = self.day(self.since), self.day(self.until - timedelta(microseconds=1))
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def __contains__(self, moment: datetime) -> bool:
        return self.since <= moment < self.until


class Backtest:
    """Sets of rules over one history. `only`: the one rule whose messages are counted, though all of them decide."""

    def __init__(self, rulesets: Mapping[str, RuleSet], span: Span, *, only: str | None = None) -> None:
        self.tallies = {name: Tally() for name in rulesets}
        self.events = 0
        """How many lie inside the span."""
        self._replays = {name: Replay(ruleset, wordless=True) for name, ruleset in rulesets.items()}
        self._span = span
        self._days: dict[int, date] = {}
        """By quarter of an hour: no zone's day begins within one, and to ask the zone takes long."""
        self._only = only

    @property
    def broken(self) -> Exception | None:
        """What the rules themselves broke on: a bug."""
        return next((error for each in self._replays.values() if (error := each.broken) is not None), None)

    def hear(self, event: Event) -> None:
        """The next event; the first ones are as old as `lead` says, the last one lies in the span."""
        self.events += event.detected_at in self._span and not event.quiet
        for name, replay in self._replays.items():
            if outcomes := replay.hear(event):
                self._count(name, outcomes)

    def end(self) -> None:
        """There are no more."""
        for name, replay in self._replays.items():
            self._count(name, replay.end(self._span.until))

    def _count(self, name: str, outcomes: Iterable[Outcome]) -> None:
        tally = self.tallies[name]
        for each in outcomes:
            if each.at not in self._span or (self._only is not None and each.rule != self._only):
                continue
            if isinstance(each, Notify):
                tally.add(each.rule, self._day(each.at), each.sinks, shadow=each.shadow)
            elif not each.shadow:
                tally.hidden[each.rule] += 1

    def _day(self, moment: datetime) -> date:
        quarter = int(moment.timestamp() // 900)
        day = self._days.get(quarter)
        if day is None:
            day = self._days[quarter] = self._span.day(moment)
        return day


@contextmanager
def seldom_tidied() -> Iterator[None]:
    """A long history makes many objects and hardly any circles of them: circles are looked for less often meanwhile."""
    usual = gc.get_threshold()
    gc.set_threshold(TIDY_EVERY, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def lead(rulesets: Iterable[RuleSet]) -> timedelta:
    """How long before its beginning a back-test must hear the history, so that the rules remember what they would: a
    state that has lasted, a window's pile, what was told and is reminded of."""
    longest = SHORTEST_LEAD
    for ruleset in rulesets:
        for rule in ruleset.rules:
            longest = max(longest, _lead(rule.options))
        if ruleset.flapping is not None:
            longest = max(longest, timedelta(seconds=ruleset.flapping.within))
    return min(longest, LONGEST_LEAD)


def _lead(rule: RuleOptions) -> timedelta:
    seconds: Sequence[float | None] = (rule.lasting, rule.throttle, rule.group_wait, rule.group_interval)
    longest = sum(each or 0.0 for each in seconds)
    if rule.hold or rule.mute or rule.digest:
        longest += timedelta(days=8).total_seconds()
    if rule.follows:
        longest += max(timedelta(days=7).total_seconds(), 3 * (rule.remind_every or 0.0))
    return min(timedelta(seconds=longest), LONGEST_LEAD)
