"""Whatever an event carries, stepping through it ends well, tells it once, and its state survives a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Event, EventType, Severity
from monitor.rules import (
    Effect,
    Failed,
    Heard,
    Notify,
    PersonOptions,
    RuleOptions,
    RuleSet,
    RuleState,
    Tick,
    UnmatchedOptions,
    step,
)
from monitor.rules.engine import Engine
from monitor.rules.engine.hiding import PEOPLES
from monitor.rules.schema import VARIABLES

START = datetime(2026, 1, 1, tzinfo=UTC)
FAMILIES = ("job", "flavor", "usage", "account")
RULES = RuleSet.compile(
    [
        RuleOptions(name="when", on=["job.*", "usage.*"], when='job.duration > duration("1m")', notify=["a", "owner"]),
        RuleOptions(name="overflow", on=["*"], when="job.tokens * 9223372036854775807 > 0", notify=["b"]),
        RuleOptions(name="map", on=["*"], when='account.labels["team"] != "x" && now > job.ended_at', notify=["b"]),
        RuleOptions(
            name="words", on=["job.*"], body="{{ job.error.message }} {{ job.duration | duration }}", notify=["a"]
        ),
        RuleOptions(name="each", on=["*.f*"], late="each", notify=["b", "c"], title="{{ now }}"),
    ],
    [PersonOptions(name="P", ids=["modelarts:ann"], notify=["c"])],
    UnmatchedOptions(notify=["c"]),
    ["a", "b", "c"],
)

text = st.text(max_size=20) | st.sampled_from(
    ["ann", "modelarts", "failed", "2026-01-01T00:00:00Z", "1e400", "\ud800", "nan"]
)
scalar = st.none() | st.booleans() | st.integers() | st.floats() | text
value: Any = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)


def part(name: str) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(VARIABLES[name], value)) | value


data = st.fixed_dictionaries(
    {},
    optional={
        **{name: part(name) for name in (*FAMILIES, "previous")},
        **dict.fromkeys(
            ("outcome", "attempt", "error", "duration", "counts", "changes", "reason", "what", "sink"), value
        ),
    },
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events in order of `seq`, their detection a little out of order at times."""
    made = []
    now = START
    for seq in range(1, draw(st.integers(1, 8)) + 1):
        now += timedelta(seconds=draw(st.integers(-2, 60)))
        made.append(
            Event(
                seq=seq,
                id=f"{seq:032}",
                type=draw(st.sampled_from(EventType)),
                account=draw(st.none() | text),
                subject=draw(st.sampled_from(["job/1", "flavor/f/z", "sink/a", "sink/c", "rule/when", "monitor"])),
                revision=seq,
                time=now,
                detected_at=now,
                severity=draw(st.sampled_from(Severity)),
                data=draw(data),
                late=draw(st.booleans()),
                quiet=draw(st.sampled_from([False, False, False, True])),
            )
        )
    return made


def play(events: list[Event], *, restart: bool) -> tuple[RuleState, list[Effect]]:
    state, told, recall = RuleState(), [], Heard(events)
    for item in (*events, Tick(now=START + timedelta(hours=1))):
        if restart:
            state = msgspec.json.decode(msgspec.json.encode(state), type=RuleState)
        state, effects = step(RULES, state, item, recall)
        told += effects
    return state, told


@settings(max_examples=40)
@given(histories())
def test_any_history_is_told_and_no_event_twice_to_a_sink_by_a_rule(events: list[Event]) -> None:
    state, told = play(events, restart=False)
    assert Engine(RULES, state, Heard()).next_due() is None
    by_seq = {event.seq: event for event in events}
    notified = [effect for effect in told if isinstance(effect, Notify)]
    pairs = [(each.rule, sink, event.seq) for each in notified for sink in each.sinks for event in each.events]
    assert len(pairs) == len(set(pairs))
    assert not any(by_seq[seq].quiet or by_seq[seq].subject == f"sink/{sink}" for _, sink, seq in pairs)
    loud = {
        event.seq for event in events if not event.quiet and event.subject != "sink/c" and event.type not in PEOPLES
    }
    assert loud <= {seq for _, _, seq in pairs}
    assert not any(
        effect.rule == effect.event.subject.removeprefix("rule/")
        for effect in told
        if isinstance(effect, Failed) and effect.event.type is EventType.RULE_FAILED
    )
    for each in notified:
        assert each.text.title
        assert "\n" not in each.text.title
        assert len(each.text.title) <= 120
        assert len(each.text.plain) < 9_000
        (each.text.title + each.text.plain + each.text.markdown).encode()


@settings(max_examples=20)
@given(histories())
def test_a_restart_between_any_two_events_changes_nothing(events: list[Event]) -> None:
    assert play(events, restart=True) == play(events, restart=False)
