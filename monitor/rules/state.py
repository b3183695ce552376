"""What the rules remember between two steps: plain values that routing keeps as JSON (made by msgspec)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.model import Severity

QUIET_FOR = timedelta(seconds=30)
"""A group is told when nothing came for it for so long …"""
AT_MOST = timedelta(minutes=2)
"""… or so long after its first event."""
FULL = 10_000
"""… or with so many events, so that the state stays small whatever comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Events that wait to be told to a sink as one. They are remembered by `seq` alone, in order; times are of
    detection."""

    rule: str
    sink: str
    severity: Severity
    """The highest among them."""
    seqs: tuple[int, ...]
    first: datetime
    last: datetime

    @property
    def due(self) -> datetime:
        if len(self.seqs) >= FULL:
            return self.first
        return min(self.last + QUIET_FOR, self.first + AT_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """A value: `step` returns a new one and leaves the old one as it was."""

    groups: dict[str, Gathered] = field(default_factory=dict)
    complaints: dict[str, datetime] = field(default_factory=dict)
    """`<kind>/<rule>` -> when its failing was last reported."""

    def gather(self, group: Gathered) -> RuleState:
        """Joins a group of one event to the one that has the same rule and sink, or opens it."""
        key = f"{group.rule}|{group.sink}"
        open_ = self.groups.get(key)
        if open_ is not None:
            group = replace(
                open_,
                severity=max(open_.severity, group.severity, key=lambda severity: severity.rank),
                seqs=open_.seqs + group.seqs,
                first=min(open_.first, group.first),
                last=max(open_.last, group.last),
            )
        return replace(self, groups={**self.groups, key: group})

    def release(self, now: datetime) -> tuple[RuleState, list[Gathered]]:
        """What is due at `now`, in order of its first event, and the state without it."""
        due = {key: group for key, group in self.groups.items() if group.due <= now}
        if not due:
            return self, []
        left = {key: group for key, group in self.groups.items() if key not in due}
        return replace(self, groups=left), sorted(due.values(), key=lambda group: group.seqs)

    def complained(self, key: str, at: datetime) -> RuleState:
        return replace(self, complaints={**self.complaints, key: at})


def next_due(state: RuleState) -> datetime | None:
    """When a tick is needed next; None: not before another event."""
    return min((group.due for group in state.groups.values()), default=None)
