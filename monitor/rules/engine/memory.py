"""The state of the rules while they work: tables that know what was changed and what falls due next."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from monitor.model import Event
from monitor.rules.holding import state_of, subject_of, watch_of
from monitor.rules.state import Dark, Flips, Followed, Period, Pile, RuleState, Silence, Waits

T = TypeVar("T")
TABLES: Final = tuple(each.name for each in fields(RuleState))
_TIMED: Final = frozenset({"followed", "piles", "silences", "flips", "periods"})
"""Tables whose rows have a `due`."""


class Table(Generic[T]):
    """One of the state's mappings. `touched` are the keys that were written since `Memory.settle`."""

    __slots__ = ("_agenda", "_name", "_rows", "touched")

    def __init__(self, name: str, rows: Mapping[str, T], agenda: Agenda | None) -> None:
        self._name = name
        self._rows = dict(rows)
        self._agenda = agenda
        self.touched: set[str] = set()
        for key, row in self._rows.items():
            self._note(key, row, None)

    def get(self, key: str) -> T | None:
        return self._rows.get(key)

    def put(self, key: str, row: T | None) -> None:
        """None removes it. A row that is as it was is not touched."""
        if self._rows.get(key) != row:
            self.set(key, row)

    def set(self, key: str, row: T | None) -> None:
        """As `put`, of a row that is known to have changed: to compare a long pile takes as long as the pile is."""
        before = self._rows.get(key)
        self.touched.add(key)
        if row is None:
            self._rows.pop(key, None)
            return
        self._rows[key] = row
        self._note(key, row, before)

    def rows(self) -> dict[str, T]:
        """A copy: the table may be changed meanwhile."""
        return dict(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[T]:
        return iter(self._rows.values())

    def _note(self, key: str, row: T, before: T | None) -> None:
        """A row that is due when it was due before stands in the agenda already."""
        if self._agenda is None:
            return
        due = getattr(row, "due", None)
        if due is not None and (before is None or due != getattr(before, "due", None)):
            self._agenda.note(due, self._name, key)


class Agenda:
    """What falls due when. Entries stay when a row changes: whoever takes one looks whether it still holds."""

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str, str]] = []

    def note(self, due: datetime, table: str, key: str) -> None:
        heapq.heappush(self._heap, (due, table, key))

    def first(self) -> tuple[datetime, str, str] | None:
        return self._heap[0] if self._heap else None

    def drop(self) -> None:
        heapq.heappop(self._heap)

    def __len__(self) -> int:
        return len(self._heap)


class Memory:
    """The whole state, open to change. One per engine."""

    def __init__(self, state: RuleState) -> None:
        self.agenda = Agenda()
        self.followed: Table[Followed] = self._table("followed", state)
        self.piles: Table[Pile] = self._table("piles", state)
        self.silences: Table[Silence] = self._table("silences", state)
        self.flips: Table[Flips] = self._table("flips", state)
        self.periods: Table[Period] = self._table("periods", state)
        self.dark: Table[Dark] = self._table("dark", state)
        self.waits: Table[Waits] = self._table("waits", state)
        self.complaints: Table[datetime] = self._table("complaints", state)
        self.clock: Table[float] = self._table("clock", state)
        self.marks: Table[int] = self._table("marks", state)

    def state(self) -> RuleState:
        """A value that later changes leave as it is."""
        return RuleState(**{name: getattr(self, name).rows() for name in TABLES})

    def changes(self) -> dict[tuple[str, str], Any]:
        """Rows by table and key that were written since the last `settle`; None: removed."""
        return {
            (name, key): table.get(key) for name in TABLES for table in (getattr(self, name),) for key in table.touched
        }

    def settle(self) -> None:
        """What was changed is stored."""
        for name in TABLES:
            getattr(self, name).touched.clear()

    def follow(self, event: Event) -> Followed:
        """The row of its subject; a new one where nobody waited for it yet."""
        key = subject_of(event)
        return self.followed.get(key) or Followed(
            subject=key, watch=watch_of(event), state=state_of(event), since=event.seq, latest=event.seq
        )

    def keep(self, row: Followed) -> None:
        """Stores it, or forgets it when nobody waits for it any more."""
        self.followed.set(row.subject, None if row.idle else row)

    def _table(self, name: str, state: RuleState) -> Table[Any]:
        return Table(name, getattr(state, name), self.agenda if name in _TIMED else None)
