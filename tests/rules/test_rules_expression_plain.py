"""What is decided without the evaluator is what the evaluator says, whatever the expression and the event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from monitor.model import Event, EventType, Severity
from monitor.rules.expression.language import Language
from monitor.rules.schema import VARIABLES, Kind
from monitor.rules.view import value_of, view
from tests.kit.dice import DICE

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
EQUAL, ORDER = ("==", "!="), ("==", "!=", "<", "<=", ">", ">=")
SIGNS = {Kind.TEXT: EQUAL, Kind.FLAG: EQUAL, Kind.WHOLE: ORDER, Kind.NUMBER: ORDER}
CALLED = ('"a"', '""')
ALONE = (
    *("event.late", "previous.at_least", "has(job.error)", "has(job.tokens)", "true", "job != null"),
    *("job.name.size() > 1", "job.extra.exists(k, k == 'k')", 'job.name.matches("^a")'),
)


def an_event(dice: Random) -> Event:
    data: dict[str, Any] = {}
    for name, kinds in VARIABLES.items():
        if name == "event" or dice.random() < 0.2:
            continue
        known = [field for field, kind in kinds.items() if kind in FIELDS]
        fields = dice.sample(known, dice.randint(0, len(known)))
        data[name] = {each: dice.choice([*FIELDS[kinds[each]], *STRANGE]) for each in fields}
    data |= dice.choice(({}, {"outcome": "failed", "attempt": 7}, {"job": "no mapping"}, {"job": None}))
    return Event(
        seq=dice.choice((0, 1, 7)),
        id="e",
        type=EventType.JOB_FINISHED,
        account="north",
        subject=dice.choice(("a", "job/微调")),
        revision=1,
        time=NOON,
        detected_at=NOON,
        severity=dice.choice(list(Severity)),
        data=data,
        late=dice.random() < 0.5,
    )


def an_atom(dice: Random) -> str:
    form, text = dice.randrange(8), dice.choice(LEFT[Kind.TEXT])
    if form == 0:
        return f"{text}.{dice.choice(('startsWith', 'endsWith', 'contains'))}({dice.choice(CALLED)})"
    if form == 1:
        return f'{text} in ["a", "failed", "1.5"]'
    if form == 2:
        return dice.choice(ALONE)
    kind = dice.choice(list(LEFT))
    sides = [dice.choice(LEFT[kind]), dice.choice(RIGHT[kind])]
    dice.shuffle(sides)
    return f" {dice.choice(SIGNS[kind])} ".join(sides)


def an_expression(dice: Random, deep: int = 3) -> str:
    form = dice.random() if deep else 1.0
    if form < 0.35:
        return f"({an_expression(dice, deep - 1)} {dice.choice(('&&', '||'))} {an_expression(dice, deep - 1)})"
    return f"!({an_expression(dice, deep - 1)})" if form < 0.5 else an_atom(dice)


@settings(max_examples=200, deadline=None)
@given(DICE)
def test_a_shortcut_says_what_the_evaluator_says(dice: Random) -> None:
    expression, event = an_expression(dice), an_event(dice)
    try:
        made = LANGUAGE.compile(expression)
    except ValueError:  # some of them are held against what is not of their kind
        return
    bound = LANGUAGE.bind(event)
    assert made.decide(bound) == made.evaluate(bound), (expression, event.data)


@settings(max_examples=60, deadline=None)
@given(DICE)
def test_one_value_is_as_it_is_in_the_whole_view(dice: Random) -> None:
    event = an_event(dice)
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
