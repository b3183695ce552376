"""What the rules remember survives as rows, and a turn writes only the rows that it changed."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import get_args, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.routing.memory import decode, encode
from monitor.rules import RuleState
from monitor.rules.engine import Memory
from monitor.rules.state import Waits

HINTS = get_type_hints(RuleState)
TABLES = {
    each.name: st.dictionaries(st.text(max_size=6), st.from_type(get_args(HINTS[each.name])[1]), max_size=3)
    for each in fields(RuleState)
}
TABLES["waits"] = st.dictionaries(st.text(max_size=6), st.builds(Waits, st.just((0.5, 3600.0))), max_size=3)
STATES = st.builds(RuleState, **TABLES)


def become(memory: Memory, wanted: RuleState) -> None:
    """As if the rules had come to that state."""
    for name in TABLES:
        table, rows = getattr(memory, name), getattr(wanted, name)
        for key in {*table.rows(), *rows}:
            table.put(key, rows.get(key))


@settings(max_examples=25)
@given(STATES, STATES)
def test_the_rows_of_all_changes_are_the_state_whatever_it_holds(old: RuleState, new: RuleState) -> None:
    rows: dict[str, bytes] = {}
    memory = Memory(RuleState())
    for wanted in (old, new):
        become(memory, wanted)
        for key, value in encode(memory.changes()).items():
            rows.pop(key, None) if value is None else rows.update({key: value})
        memory.settle()
    assert decode(rows) == memory.state() == new


def test_an_unchanged_state_writes_nothing_and_a_changed_row_only_itself() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    memory = Memory(RuleState(complaints={"rule/a": moment, "rule/b": moment}))
    become(memory, memory.state())
    assert encode(memory.changes()) == {}
    memory.complaints.put("rule/b", moment + timedelta(hours=1))
    assert list(encode(memory.changes())) == ["complaints/rule/b"]


def test_rows_of_a_later_version_are_left_alone() -> None:
    assert decode({"inventions/x": b"{}"}) == RuleState()
