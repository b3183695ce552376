"""What is decided without the evaluator is what the evaluator says, whatever the expression and the event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Event, EventType, Severity
from monitor.rules.expression.language import Language
from monitor.rules.schema import VARIABLES, Kind
from monitor.rules.view import value_of, view

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LANGUAGE = Language()
TEXTS = ["", "a", "ab", "é", "微调", "failed", "x\x00y", "\ud800"]
WHOLES: list[Any] = [0, 1, -1, 7, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 1.5, 2.0, True]
FRACTIONS: list[Any] = [0.0, 1, 1.5, -2.5, 2.0**53, 2**53 + 1, 1e300, "1.5", "99999999999.99", "nan"]
STRANGE: list[Any] = [None, [], {}, "text", False, 3]
FIELDS: dict[Kind, list[Any]] = {
    Kind.TEXT: TEXTS,
    Kind.WHOLE: WHOLES,
    Kind.NUMBER: FRACTIONS,
    Kind.FLAG: [True, False],
    Kind.MAP: [{}, {"k": "a"}, {"k": None}, {"k": 1.5, "other.key": True}, {"k": ["x"]}],
}
LEFT = {
    Kind.TEXT: [
        *("job.name", "job.outcome", "account.name", "flavor.zone", "event.subject", "severity", "job.extra.k"),
        *('account.labels["k"]', 'job.extra["other.key"]', "previous.stock", "job.error.code"),
    ],
    Kind.WHOLE: ["job.tokens", "job.attempt", "event.seq", "usage.delta"],
    Kind.NUMBER: ["usage.cost", "job.accelerators"],
    Kind.FLAG: ["event.late", "previous.at_least"],
}
RIGHT = {
    Kind.TEXT: ['""', '"a"', "'ab'", '"微调"', '"failed"', 'r"1.5"', "'true'", "'info'", "job.creator", "null"],
    Kind.WHOLE: ["0", "1", "-1", "7", "9007199254740993", "1.5", "2.0", "usage.tokens", "null"],
    Kind.NUMBER: ["0", "1", "1.5", "-2.5", "9007199254740993", "9007199254740992", "null"],
    Kind.FLAG: ["true", "false", "null"],
}


@st.composite
def events(draw: st.DrawFn) -> Event:
    data: dict[str, Any] = {}
    for name, kinds in VARIABLES.items():
        if name == "event" or draw(st.integers(0, 4)) == 0:
            continue
        known = {field: kind for field, kind in kinds.items() if kind in FIELDS}
        fields = draw(st.sets(st.sampled_from(sorted(known)), max_size=len(known)))
        data[name] = {each: draw(st.sampled_from([*FIELDS[known[each]], *STRANGE])) for each in sorted(fields)}
    data |= draw(st.sampled_from([{}, {"outcome": "failed", "attempt": 7}, {"job": "no mapping"}, {"job": None}]))
    return Event(
        seq=draw(st.sampled_from([0, 1, 7])),
        id="e",
        type=EventType.JOB_FINISHED,
        account="north",
        subject=draw(st.sampled_from(["a", "job/微调"])),
        revision=1,
        time=NOON,
        detected_at=NOON,
        severity=draw(st.sampled_from(list(Severity))),
        data=data,
        late=draw(st.booleans()),
    )


def _atoms() -> st.SearchStrategy[str]:
    def compared(kind: Kind) -> st.SearchStrategy[str]:
        signs = ["==", "!="] if kind in (Kind.TEXT, Kind.FLAG) else ["==", "!=", "<", "<=", ">", ">="]
        sides = st.tuples(st.sampled_from(LEFT[kind]), st.sampled_from(signs), st.sampled_from(RIGHT[kind]))
        return st.tuples(sides, st.booleans()).map(lambda made: " ".join(made[0] if made[1] else reversed(made[0])))

    texts = st.sampled_from(LEFT[Kind.TEXT])
    calls = st.tuples(texts, st.sampled_from(["startsWith", "endsWith", "contains"]), st.sampled_from(['"a"', '""']))
    return st.one_of(
        *(compared(kind) for kind in LEFT),
        calls.map(lambda made: f"{made[0]}.{made[1]}({made[2]})"),
        texts.map(lambda text: f'{text} in ["a", "failed", "1.5"]'),
        st.sampled_from(
            ["event.late", "previous.at_least", "has(job.error)", "has(job.tokens)", "true", "job != null"]
        ),
        st.sampled_from(["job.name.size() > 1", "job.extra.exists(k, k == 'k')", 'job.name.matches("^a")']),
    )


EXPRESSIONS = st.recursive(
    _atoms(),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda made: f"({made[0]} {made[1]} {made[2]})"),
        inner.map(lambda text: f"!({text})"),
    ),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(expression=EXPRESSIONS, event=events())
def test_a_shortcut_says_what_the_evaluator_says(expression: str, event: Event) -> None:
    try:
        made = LANGUAGE.compile(expression)
    except ValueError:  # some of them are held against what is not of their kind
        return
    bound = LANGUAGE.bind(event)
    assert made.decide(bound) == made.evaluate(bound), (expression, event.data)


@settings(max_examples=60, deadline=None)
@given(event=events())
def test_one_value_is_as_it_is_in_the_whole_view(event: Event) -> None:
    whole = view(event)
    for name, kinds in VARIABLES.items():
        for field, kind in kinds.items():
            wanted = (whole[name] or {}).get(field)
            assert value_of(event, (name, field)) == wanted
            if kind is Kind.MAP:
                assert value_of(event, (name, field, "k")) == (wanted or {}).get("k")
    assert value_of(event, ("severity",)) == whole["severity"]


@pytest.mark.parametrize(
    "expression",
    [
        'job.state == "failed"',
        'job.name.startsWith("a") && job.tokens > 5',
        'account.labels["k"] in ["a", "b"] || usage.cost >= 100',
        '!(event.late || severity == "info")',
        'severity == "info" && job.duration > duration("1h")',
    ],
)
def test_what_is_plain_needs_no_evaluator(expression: str) -> None:
    job = {"state": "done", "name": "b", "tokens": 1}
    data = {"job": job, "account": {"labels": {"k": "c"}}, "usage": {"cost": "1.5"}}
    event = replace(_bare(), data=data)
    bound = LANGUAGE.bind(event)
    made = LANGUAGE.compile(expression)
    made._evaluate = None  # type: ignore[assignment]
    assert made.decide(bound).error is None


def _bare() -> Event:
    return Event(
        seq=1,
        id="e",
        type=EventType.JOB_FINISHED,
        account="north",
        subject="job/a",
        revision=1,
        time=NOON,
        detected_at=NOON,
        severity=Severity.WARNING,
        data={},
    )
