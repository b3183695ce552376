"""What the rules remember survives as rows, and a turn writes only the rows that it changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Severity
from monitor.routing.memory import changes, decode
from monitor.rules import Gathered, RuleState

MOMENTS = st.integers(0, 10**9).map(lambda second: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second))
GROUPS = st.builds(
    Gathered,
    rule=st.text(max_size=5),
    sink=st.text(max_size=5),
    severity=st.sampled_from(Severity),
    seqs=st.lists(st.integers(1, 2**53), max_size=5).map(tuple),
    first=MOMENTS,
    last=MOMENTS,
)
STATES = st.builds(
    RuleState,
    groups=st.dictionaries(st.text(max_size=6), GROUPS, max_size=4),
    complaints=st.dictionaries(st.text(max_size=6), MOMENTS, max_size=4),
)


@given(STATES, STATES)
def test_the_changes_lead_from_one_state_to_the_other(old: RuleState, new: RuleState) -> None:
    rows: dict[str, bytes] = {}
    for change in (changes(RuleState(), old), changes(old, new)):
        rows |= {key: value for key, value in change.items() if value is not None}
        rows = {key: value for key, value in rows.items() if change.get(key, b"") is not None}
    assert decode(rows) == new


@given(STATES)
def test_an_unchanged_state_writes_nothing(state: RuleState) -> None:
    assert changes(state, state) == {}
