"""What the rules remember between two steps: plain values that routing keeps as JSON, one row each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.model import Reason, Severity

QUIET_FOR = timedelta(seconds=30)
"""A pile of late events is told when nothing came for it for so long …"""
AT_MOST = timedelta(minutes=2)
"""… or so long after its first event."""
FULL = 10_000
"""… or with so many events, so that the state stays small whatever comes; so is a group. One message is about so many
at most."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that waits in a pile. `state`: what it set its subject to, None where its type sets none. `over`: it is
    told because it ended what was told before; nothing follows it."""

    seq: int
    subject: str
    state: str | None
    over: bool = False
    told_at: datetime | None = None
    """When that was told, of which this is the end."""
    begun: int | None = None
    """The event that was told then."""
    missed: str = ""
    """It came here a while after it had fallen due: when that was, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pile:
    """Events that wait to be told to a sink as one. Times are of detection."""

    rule: str
    sink: str
    kind: str
    """`late` (gathered), `group` (grouping, throttle), `hold` (a window), `hide` (a silence or a mute window)."""
    key: str
    """What its events have in common; for `hide` what hides them: `silence/<id>` or `mute`."""
    reason: Reason
    severity: Severity
    """The highest among them."""
    entries: tuple[Entry, ...]
    first: datetime
    last: datetime
    due: datetime
    """When it is told; without entries: when it is forgotten, and until when nothing more of its key is told."""
    messages: int = 0
    """Of `hide`: how many messages its entries would have come to."""
    watch: str | None = None
    """What hid it is over; it waits until this account or watch can be seen."""
    by: str = ""
    """Of `hide`: the silence in words, where it is over."""

    @property
    def seqs(self) -> tuple[int, ...]:
        return tuple(entry.seq for entry in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A state that must last. `seq` is the event that set it."""

    seq: int
    due: datetime | None
    """None: it was told, and is not told anew before the state ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A message that somebody was told and that is not over: its state lasts, or nobody has acknowledged it."""

    seq: int
    """The event that was told."""
    sinks: tuple[str, ...]
    """Everybody who was told."""
    severity: Severity
    told_at: datetime
    times: int = 1
    """How often it was told."""
    group: str = ""
    """What it was grouped by; reminders of one group come together."""
    remind_at: datetime | None = None
    steps: int = 0
    """Steps of the escalation that were taken."""
    escalate_at: datetime | None = None
    snoozed: bool = False
    """`remind_at` is the end of a snooze."""
    acknowledged_by: str | None = None
    bound: bool = True
    """It ends with the state of its subject; False: its event set none."""

    @property
    def due(self) -> datetime | None:
        return min((at for at in (self.remind_at, self.escalate_at) if at is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A subject whose state somebody waits for. By rule: timers and standing messages. It is forgotten when nobody
    does any more."""

    subject: str
    watch: str | None
    state: str | None
    """The last one that an event set."""
    since: int = 0
    """The event that set it first."""
    latest: int = 0
    """The newest event about the subject."""
    timers: dict[str, Timer] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    piled: int = 0
    """How many entries of piles are about it."""

    @property
    def due(self) -> datetime | None:
        first: datetime | None = None
        rows: tuple[Timer | Standing, ...] = (*self.timers.values(), *self.standings.values())
        for each in rows:
            due = each.due
            if due is not None and (first is None or due < first):
                first = due
        return first

    @property
    def idle(self) -> bool:
        return not (self.timers or self.standings or self.piled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Hides what matches until it ends."""

    id: str
    match: str
    """A CEL expression."""
    owner: str
    comment: str
    start: datetime
    due: datetime
    hidden: int = 0
    """How many messages it kept from somebody, whole or in part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """How often a stock changed lately."""

    subject: str
    times: tuple[datetime, ...]
    seq: int
    """The last change."""
    since: datetime | None = None
    """Since when the changes count as flapping and are not told one by one."""
    count: int = 0
    """Changes since the flapping began, those that made it among them."""
    due: datetime
    """When it is over if nothing changes again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The report that a digest rule makes next: of events detected from `since` until `due`. Those that were stored too
    late for the report before are in this one: it begins behind the event `after`."""

    since: datetime
    due: datetime
    after: int | None = None
    """None: it is the rule's first report, and no event was taken yet."""


@dataclass(frozen=True, slots=True)
class Dark:
    """An account, or one of its watches, that cannot be seen: until then, None: until it recovers."""

    until: datetime | None
    since: datetime | None = None
    """When that was noticed."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long jobs waited in the queue lately, in seconds, oldest first."""

    seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """A value: `step` returns a new one and leaves the old one as it was."""

    followed: dict[str, Followed] = field(default_factory=dict)
    """By subject, as `holding.subject_of` names it."""
    piles: dict[str, Pile] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    flips: dict[str, Flips] = field(default_factory=dict)
    periods: dict[str, Period] = field(default_factory=dict)
    """By rule."""
    dark: dict[str, Dark] = field(default_factory=dict)
    """By account, by `<account>|<watch>`, and `*` for all."""
    waits: dict[str, Waits] = field(default_factory=dict)
    """By what a job runs on: `<provider>|<flavor or model>`."""
    complaints: dict[str, datetime] = field(default_factory=dict)
    """`<kind>/<rule>` -> when its failing was last reported."""
    clock: dict[str, float] = field(default_factory=dict)
    """By the number of the last event before it: by how many seconds the wall clock was set."""
    marks: dict[str, int] = field(default_factory=dict)
    """`taken`: the newest event that was taken; kept where rules make reports."""
