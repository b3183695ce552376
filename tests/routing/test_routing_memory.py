"""What the rules remember survives as rows, and a turn writes only the rows that it changed."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Reason, Severity
from monitor.routing.memory import CHUNK, Rows, decode
from monitor.rules import RuleState
from monitor.rules.engine import Memory
from monitor.rules.state import Entry, Pile

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN = {
    int: st.integers(0, 2**53),
    float: st.floats(0, 1e6),
    str: st.text(max_size=5),
    bool: st.booleans(),
    datetime: st.integers(0, 10**9).map(lambda second: MOMENT + timedelta(seconds=second)),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Whatever a type hint of the state allows."""
    if hint in PLAIN:
        return PLAIN[hint]
    if is_dataclass(hint):
        return st.builds(hint, **{name: values(each) for name, each in get_type_hints(hint).items()})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    inner = get_args(hint)
    if get_origin(hint) is dict:
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)
    if get_origin(hint) is tuple:
        return st.lists(values(inner[0]), max_size=2).map(tuple)
    return st.one_of([values(each) for each in inner])


STATES = values(RuleState)


def become(memory: Memory, wanted: RuleState) -> None:
    """As if the rules had come to that state."""
    for name in (each.name for each in fields(RuleState)):
        table, rows = getattr(memory, name), getattr(wanted, name)
        for key in {*table.rows(), *rows}:
            table.put(key, rows.get(key))


class Kept(dict[str, bytes]):
    """The rows in the store."""

    def save(self, changed: dict[str, bytes | None]) -> None:
        for key, value in changed.items():
            self.pop(key, None) if value is None else self.update({key: value})


@settings(max_examples=25)
@given(STATES, STATES)
def test_the_rows_of_all_changes_are_the_state_whatever_it_holds(old: RuleState, new: RuleState) -> None:
    kept, memory = Kept(), Memory(RuleState())
    rows = Rows(memory.state())
    for wanted in (old, new):
        become(memory, wanted)
        kept.save(rows.encode(memory.changes()))
        memory.settle()
    assert decode(kept) == memory.state() == new
    become(memory, RuleState())
    kept.save(rows.encode(memory.changes()))
    assert kept == {}


def test_an_unchanged_state_writes_nothing_and_a_changed_row_only_itself() -> None:
    memory = Memory(RuleState(complaints={"rule/a": MOMENT, "rule/b": MOMENT}))
    rows = Rows(memory.state())
    become(memory, memory.state())
    assert rows.encode(memory.changes()) == {}
    memory.complaints.put("rule/b", MOMENT + timedelta(hours=1))
    assert list(rows.encode(memory.changes())) == ["complaints/rule/b"]


def pile_of(count: int) -> Pile:
    about = {"rule": "r", "sink": "s/1", "kind": "hold", "key": "", "reason": Reason.DIGEST, "severity": Severity.INFO}
    entries = tuple(Entry(seq, f"acc|job/{seq}", "running") for seq in range(1, count + 1))
    return Pile(**about, entries=entries, first=MOMENT, last=MOMENT, due=MOMENT)


def test_a_big_pile_grows_by_what_comes_and_goes_as_a_whole() -> None:
    memory = Memory(RuleState())
    rows, kept, pile = Rows(memory.state()), Kept(), pile_of(10_000)
    memory.piles.put("hold|r|digest||s/1", pile)
    kept.save(rows.encode(memory.changes()))
    memory.settle()
    rows = Rows(decode(kept))  # as after a restart
    grown = replace(pile, entries=(*pile.entries, Entry(10_001, "acc|job/x", None)))
    memory.piles.put("hold|r|digest||s/1", grown)
    written = rows.encode(memory.changes())
    assert list(written) == [f"entries/hold|r|digest||s/1/{10_000 // CHUNK}", "piles/hold|r|digest||s/1"]
    assert sum(len(row or b"") for row in written.values()) < 10_000
    kept.save(written)
    assert decode(kept).piles == {"hold|r|digest||s/1": grown}
    memory.piles.put("hold|r|digest||s/1", replace(pile, entries=pile.entries[:3]))
    kept.save(rows.encode(memory.changes()))
    assert len(kept) == 2
    assert decode(kept) == memory.state()


def test_rows_of_a_later_version_are_left_alone() -> None:
    assert decode({"inventions/x": b"{}"}) == RuleState()
