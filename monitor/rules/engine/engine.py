"""Takes one event or one moment at a time and decides; what each step means stands in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta

from monitor.model import Event
from monitor.rules.asides import LATE
from monitor.rules.compile import RuleSet
from monitor.rules.effects import Effect, Failed
from monitor.rules.engine import (
    flapping,
    following,
    hiding,
    piling,
    releasing,
    reporting,
    seeing,
    setting,
    silencing,
    sorting,
    standing,
    telling,
)
from monitor.rules.engine.course import Course
from monitor.rules.engine.memory import Memory
from monitor.rules.holding import SEEN_QUIET, subject_of
from monitor.rules.recall import Recall
from monitor.rules.state import Followed, Pile, RuleState

ENGINE = "routing"
"""The name under which a failure of the engine itself is told."""


class Engine:
    """The rules over a state that it changes. Not for two at a time.

    `take` and `advance` return what is to be done, in order. They never raise, whatever the events hold: what breaks is
    the effect `Failed` and harms only the event that it broke on. The daemon, the lab and the back-test drive this.
    """

    def __init__(self, ruleset: RuleSet, state: RuleState, recall: Recall, *, wordless: bool = False) -> None:
        """`wordless`: messages get no text, which would take most of the time of who only counts them; templates are
        tried all the same, for they can fail."""
        self.memory = Memory(state)
        self._course = Course(ruleset, self.memory, recall, datetime.min.replace(tzinfo=UTC), wordless)
        self._waiting: dict[str | None, list[tuple[datetime, str, str]]] = {}
        """What fell due while nobody could see how it is, by its watch."""
        self._begun = False
        self.broken: Exception | None = None
        """What the engine itself last broke on: a bug, for the log."""
        piling.forsake(self._course)
        following.forsake(self._course)

    @property
    def waiting(self) -> bool:
        """Whether something fell due of which nobody can see how it is."""
        return bool(self._waiting)

    def recalling(self, recall: Recall) -> None:
        """Looks up there from now on."""
        self._course.recall = recall

    def forsake(self, polled: Collection[str]) -> None:
        """Only these accounts are polled from now on."""
        following.forsake_accounts(self._course, polled)

    def state(self) -> RuleState:
        return self.memory.state()

    def next_due(self) -> datetime | None:
        """When `advance` is needed next; None: not before another event. May be too early, never too late."""
        first = self.memory.agenda.first()
        return first[0] if first is not None else None

    def take(self, event: Event) -> list[Effect]:
        """An event, after everything that was due before its detection was advanced through."""
        course = self._course
        course.now, course.effects = event.detected_at, []
        try:
            if event.type in SEEN_QUIET:
                self._begin(course.now)
                following.begin_anew(course, event)
            if event.quiet:
                return []
            self._take(event)
        except Exception as error:  # one event that the rules cannot bear must not stop all that come after it
            self._break_on(event, error)
        return course.effects

    def _take(self, event: Event) -> None:
        course = self._course
        self._begin(course.now)
        reporting.took(course, event)
        seeing.look(course, event)
        if event.type in hiding.PEOPLES:
            silencing.obey(course, event)
            standing.obey(course, event)
        told = following.observe(course, event, subject_of(event))
        told_elsewhere = flapping.absorb(course, event)
        sorting.sort(course, event, told=told, told_elsewhere=told_elsewhere)

    def _break_on(self, event: Event, error: Exception) -> None:
        """A bug of the rules themselves: people hear of the event, and of the failure."""
        self.broken, course = error, self._course
        what = f"the rules failed by themselves ({type(error).__name__})"
        if event.subject != f"rule/{ENGINE}":
            course.effects.append(Failed(kind="rule", rule=ENGINE, what=what, event=event))
        try:
            telling.net(course, event, why=what)
        except Exception as worse:  # what cannot be told at all
            self.broken = worse

    def advance(
        self, to: datetime, *, before: bool = False, unseen: Iterable[str] = (), wall: datetime | None = None
    ) -> list[Effect]:
        """Everything that falls due until `to`, in order of time; with `before` what is due at `to` itself waits, for
        events of that moment come first. `unseen`: watches whose timers wait. `wall`: what the clock shows; what is
        dealt with more than a minute after it fell due is told as of then."""
        course = self._course
        course.effects = []
        self._begin(to)
        course.blind = blind = frozenset(unseen)
        if self._waiting:
            self._look_again(blind)
        while (batch := self._due(to, before, blind)) is not None:
            when, rows = batch
            course.now = when if wall is None or wall - when <= LATE else wall
            self._fall_due(rows, when)
        return course.effects

    def jump(self, by: timedelta) -> None:
        """The wall clock was set; what is measured in passed time moves with it. Windows are of the wall clock."""
        setting.set_clock(self._course, by)

    def _begin(self, now: datetime) -> None:
        if not self._begun:
            self._begun = True
            reporting.begin(self._course, now)

    def _due(self, to: datetime, before: bool, blind: frozenset[str]) -> tuple[datetime, dict[str, list[str]]] | None:
        """The next moment at which something is due, and the keys of all rows that are due then, by table."""
        agenda = self.memory.agenda
        moment: datetime | None = None
        found: dict[str, dict[str, None]] = {}
        while (first := agenda.first()) is not None:
            when, table, key = first
            if when > to or (before and when >= to) or (moment is not None and when != moment):
                break
            agenda.drop()
            row = getattr(self.memory, table).get(key)
            if row is None or row.due is None or row.due > when:
                continue
            if table in ("followed", "piles") and self._unseen(first, row, blind):
                continue
            moment = when
            found.setdefault(table, {})[key] = None
        return (moment, {table: list(keys) for table, keys in found.items()}) if moment is not None else None

    def _unseen(self, entry: tuple[datetime, str, str], row: Followed | Pile, blind: frozenset[str]) -> bool:
        """Whether it has to wait until it can be seen how its subject is; it is looked at again then."""
        when, table, key = entry
        dark = seeing.hidden(self._course, row.watch, blind)
        if dark is None or (dark.until is not None and dark.until <= when):
            return False
        if dark.until is None:
            self._waiting.setdefault(row.watch, []).append(entry)
        else:
            self.memory.agenda.note(dark.until, table, key)
        return True

    def _look_again(self, blind: frozenset[str]) -> None:
        """What waited to be seen is due again."""
        for watch in list(self._waiting):
            dark = seeing.hidden(self._course, watch, blind)
            if dark is None or dark.until is not None:
                for when, table, key in self._waiting.pop(watch):
                    self.memory.agenda.note(when, table, key)

    def _fall_due(self, due: dict[str, list[str]], when: datetime) -> None:
        """A table that breaks harms no other."""
        course = self._course
        falls: tuple[tuple[str, Callable[[list[str]], None]], ...] = (
            ("piles", lambda keys: releasing.fall_due(course, keys)),
            ("followed", lambda keys: following.fall_due(course, keys, when)),
            ("silences", lambda keys: silencing.fall_due(course, keys)),
            ("flips", lambda keys: flapping.fall_due(course, keys)),
            ("periods", lambda keys: reporting.fall_due(course, keys)),
        )
        for table, fall in falls:
            try:
                if table in due:
                    fall(due[table])
            except Exception as error:  # a bug; the row that it broke on is off the agenda, so that the others go on
                self.broken = error
