"""Takes one event or one moment at a time and decides; what each step means stands in the modules beside this one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from monitor.model import Event
from monitor.rules.asides import LATE
from monitor.rules.compile import RuleSet
from monitor.rules.effects import Effect, Failed
from monitor.rules.engine import flapping, following, piling, releasing, reporting, seeing, silencing, sorting, standing
from monitor.rules.engine.course import Course
from monitor.rules.engine.memory import Memory
from monitor.rules.recall import Recall
from monitor.rules.state import RuleState

ENGINE = "routing"
"""The name under which a failure of the engine itself is told."""


class Engine:
    """The rules over a state that it changes. Not for two at a time.

    `take` and `advance` return what is to be done, in order. They never raise, whatever the events hold: what breaks is
    the effect `Failed` and harms only the event that it broke on. The daemon, the lab and the back-test drive this.
    """

    def __init__(self, ruleset: RuleSet, state: RuleState, recall: Recall, *, wordless: bool = False) -> None:
        """`wordless`: messages get no text but that of templates, which would take most of the time of who only counts
        them."""
        self.memory = Memory(state)
        self._course = Course(ruleset, self.memory, recall, datetime.min.replace(tzinfo=UTC), wordless)
        self._waiting: list[tuple[datetime, str, str]] = []
        """What fell due while nobody could see how it is."""
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
        if event.quiet:
            return []
        try:
            self._take(event)
        except Exception as error:  # one event that the rules cannot bear must not stop all that come after it
            self.broken = error
            if event.subject != f"rule/{ENGINE}":
                what = f"the rules failed by themselves ({type(error).__name__})"
                course.effects.append(Failed(kind="rule", rule=ENGINE, what=what, event=event))
        return course.effects

    def _take(self, event: Event) -> None:
        course = self._course
        reporting.begin(course)
        if seeing.look(course, event):
            self._wake()
        silencing.obey(course, event)
        standing.obey(course, event)
        following.observe(course, event)
        told_elsewhere = flapping.absorb(course, event)
        sorting.sort(course, event, told_elsewhere=told_elsewhere)

    def advance(
        self, to: datetime, *, before: bool = False, unseen: Iterable[str] = (), wall: datetime | None = None
    ) -> list[Effect]:
        """Everything that falls due until `to`, in order of time; with `before` what is due at `to` itself waits, for
        events of that moment come first. `unseen`: watches whose timers wait. `wall`: what the clock shows; what is
        dealt with more than a minute after it fell due is told as of then."""
        course = self._course
        course.effects = []
        blind = frozenset(unseen)
        self._wake()
        reporting.begin(course, to)
        while (batch := self._due(to, before, blind)) is not None:
            when, rows = batch
            course.now = when if wall is None or wall - when <= LATE else wall
            try:
                self._fall_due(rows, when)
            except Exception as error:  # the row that it broke on is gone from the agenda: the others go on
                self.broken = error
        return course.effects

    def jump(self, by: timedelta) -> None:
        """The wall clock was set; what is measured in passed time moves with it. Windows are of the wall clock."""
        following.shift(self._course, by)
        piling.shift(self._course, by)
        flapping.shift(self._course, by)

    def _due(self, to: datetime, before: bool, blind: frozenset[str]) -> tuple[datetime, list[tuple[str, str]]] | None:
        """The next moment at which something is due, and all rows that are due then."""
        agenda = self.memory.agenda
        moment: datetime | None = None
        rows: list[tuple[str, str]] = []
        while (first := agenda.first()) is not None:
            when, table, key = first
            if when > to or (before and when >= to) or (moment is not None and when != moment):
                break
            agenda.drop()
            row = getattr(self.memory, table).get(key)
            due = row.due if row is not None else None
            if due is None or due > when or (table, key) in rows:
                continue
            if table == "followed" and (wait := seeing.hidden(self._course, row.watch, blind)) is not None:
                if wait.until is not None and wait.until > due:
                    if wait.until > when:
                        agenda.note(wait.until, table, key)
                        continue
                elif wait.until is None:
                    self._waiting.append(first)
                    continue
            moment = when
            rows.append((table, key))
        return (moment, rows) if moment is not None else None

    def _fall_due(self, rows: list[tuple[str, str]], when: datetime) -> None:
        course = self._course
        following.fall_due(course, [key for table, key in rows if table == "followed"], when)
        releasing.fall_due(course, [key for table, key in rows if table == "piles"])
        silencing.fall_due(course, [key for table, key in rows if table == "silences"])
        flapping.fall_due(course, [key for table, key in rows if table == "flips"])
        reporting.fall_due(course, [key for table, key in rows if table == "periods"])

    def _wake(self) -> None:
        """What waited for a look is looked at again."""
        waiting, self._waiting = self._waiting, []
        for when, table, key in waiting:
            self.memory.agenda.note(when, table, key)
