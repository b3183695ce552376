"""Whatever an event carries, stepping through it ends well, tells it once, and its state survives a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings

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
from tests.kit.dice import DICE, nested, one_of, text

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

WORDS = ("ann", "modelarts", "failed", "2026-01-01T00:00:00Z", "1e400", "\ud800", "nan")
BESIDE = ("outcome", "attempt", "error", "duration", "counts", "changes", "reason", "what", "sink")
LEAF = one_of(*WORDS, float("nan"), float("inf"))


def word(dice: Random) -> str:
    return dice.choice(WORDS) if dice.random() < 0.5 else text(dice, 20)


def anything(dice: Random) -> Any:
    return nested(dice, LEAF, word, deep=2)


def data(dice: Random) -> dict[str, Any]:
    """Any of what events carry: mostly of the shape it has, each of its values whatever."""
    found = {name: anything(dice) for name in (*BESIDE, *FAMILIES, "previous") if dice.random() < 0.5}
    for name in found.keys() & {*FAMILIES, "previous"}:
        if dice.random() < 0.7:
            found[name] = {field: anything(dice) for field in VARIABLES[name] if dice.random() < 0.4}
    return found


def history(dice: Random) -> list[Event]:
    """Events in order of `seq`, their detection a little out of order at times."""
    made = []
    now = START
    for seq in range(1, dice.randint(1, 8) + 1):
        now += timedelta(seconds=dice.randint(-2, 60))
        made.append(
            Event(
                seq=seq,
                id=f"{seq:032}",
                type=dice.choice(list(EventType)),
                account=dice.choice((None, word(dice))),
                subject=dice.choice(("job/1", "flavor/f/z", "sink/a", "sink/c", "rule/when", "monitor")),
                revision=seq,
                time=now,
                detected_at=now,
                severity=dice.choice(list(Severity)),
                data=data(dice),
                late=dice.random() < 0.5,
                quiet=dice.random() < 0.25,
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
@given(DICE)
def test_any_history_is_told_and_no_event_twice_to_a_sink_by_a_rule(dice: Random) -> None:
    events = history(dice)
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
@given(DICE)
def test_a_restart_between_any_two_events_changes_nothing(dice: Random) -> None:
    events = history(dice)
    assert play(events, restart=True) == play(events, restart=False)
