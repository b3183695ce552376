"""Whatever events carry and for whatever reason they are told, a message keeps its shape and bears nothing harmful."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from monitor.model import Event, EventType, Reason, Severity, Text
from monitor.rules.message import render_on
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.report import LIMIT, Span, report
from monitor.rules.message.story import Line
from monitor.rules.samples import sample
from monitor.rules.schema import VARIABLES
from tests.kit.dice import DICE, nested, one_of, text

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOSTILE = [
    "**bold** _x_ [a](https://evil.example) `c`",
    "# top\n- item\r\n1. one",
    "<script>alert(1)</script>&lt;",
    "safe\u202egnp.exe\u2066\u200b\ufeff",
    "@everyone look",
    "长" * 3_000,
    "\ud800\x00\x1b[31m",
    "z" + "\u0301" * 60,
    "2026-11-21T09:00:00Z",
]
WORDS = ["normal", "soldout", "failed", "succeeded", "queued", "running", "CNY", "12.5", "cn-north-4a"]
BESIDE = ("outcome", "duration", "attempt", "changes", "settled", "down_for", "title", "by", "reason", "hidden", "rule")
PARTS = {name: tuple(fields) for name, fields in VARIABLES.items()}
PARTS["silence"] = ("owner", "comment", "match", "from", "until")
LEAF = one_of(*HOSTILE, *WORDS, float("nan"), float("inf"), 10**20)


def word(dice: Random) -> str:
    return dice.choice((*HOSTILE, *WORDS)) if dice.random() < 0.7 else text(dice)


def anything(dice: Random) -> Any:
    return nested(dice, LEAF, word, deep=2)


def data(dice: Random) -> dict[str, Any]:
    """Any of what events carry: mostly of the shape it has, each of its values whatever."""
    found: dict[str, Any] = {name: anything(dice) for name in (*BESIDE, *PARTS) if dice.random() < 0.5}
    for name in found.keys() & PARTS.keys():
        if dice.random() < 0.7:
            found[name] = {field: anything(dice) for field in PARTS[name] if dice.random() < 0.4}
    return found


def events(dice: Random, least: int = 1) -> list[Event]:
    made = []
    for seq in range(1, dice.randint(least, 3) + 1):
        at = NOON + timedelta(seconds=dice.randint(-(10**6), 10**6))
        made.append(
            Event(
                seq=seq,
                id=str(seq),
                type=dice.choice(list(EventType)),
                account=dice.choice((None, word(dice))),
                subject=dice.choice(("job/1", "job/2", "flavor/a/b", "monitor", word(dice))),
                revision=1,
                time=at,
                detected_at=at + timedelta(seconds=dice.randint(-100, 10**5)),
                severity=dice.choice(list(Severity)),
                data=data(dice),
                late=dice.random() < 0.5,
            )
        )
    return made


def occasion(dice: Random, told: list[Event]) -> Occasion:
    others = events(dice)
    return Occasion(
        rule=word(dice),
        reason=dice.choice(list(Reason)),
        severity=dice.choice(list(Severity)),
        now=NOON + timedelta(seconds=dice.randint(-(10**6), 10**7)),
        lasted=dice.random() < 0.5,
        told_at=dice.choice((None, NOON)),
        times=dice.choice((1, 2, 10**6)),
        told_to=("team",) * dice.randint(0, 2),
        begun=dice.choice((None, *others)),
        by_now={event.seq: others[0] for event in told if dice.random() < 0.5},
        headline=dice.choice(("", word(dice))),
        asides=(Line("Note", "said"),) * dice.randint(0, 2),
    )


def in_shape(said: Text, longest: int) -> None:
    assert 0 < len(said.title) <= 120
    assert "\n" not in said.title
    for part in (said.title, said.plain, said.markdown):
        assert not re.search(
            "[\x00-\x09\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]", part
        )
        assert "@everyone" not in part
        assert len(part) <= longest
    assert "<" not in said.markdown
    assert "[a](https" not in said.markdown
    assert not re.search(r"(?m)^# |^1\. ", said.markdown)


@given(DICE)
@settings(deadline=None)
def test_every_message_keeps_its_shape(dice: Random) -> None:
    told = events(dice)
    in_shape(render_on(told, occasion(dice, told), {"p:x": "Ann"}), longest=12_000)


@given(DICE)
@settings(deadline=None)
def test_every_report_keeps_its_shape(dice: Random) -> None:
    told = events(dice, least=0)
    span = Span(NOON - timedelta(days=dice.randint(0, 9)), NOON, "Asia/Shanghai", personal=dice.random() < 0.5)
    in_shape(report(told, span, occasion(dice, told), {}), longest=LIMIT)


ALL_AT_ONCE = "".join(word for word in HOSTILE if len(word) < 100) + "长" * 300


def poisoned(value: Any) -> Any:
    """Every text in it is hostile, but those that the program compares."""
    if isinstance(value, dict):
        return {key: poisoned(item) for key, item in value.items()} | {ALL_AT_ONCE: ALL_AT_ONCE}
    if (
        isinstance(value, str)
        and value not in ("normal", "soldout", "failed", "running")
        and not value.startswith("20")
    ):
        return ALL_AT_ONCE
    return value


@pytest.mark.parametrize("kind", list(EventType))
def test_no_word_from_outside_harms_a_message(kind: EventType) -> None:
    plain = sample(kind)
    told = [
        replace(
            plain,
            seq=seq,
            account=ALL_AT_ONCE,
            subject=f"{kind.value.partition('.')[0]}/{ALL_AT_ONCE}{seq}",
            data=poisoned(plain.data),
        )
        for seq in (1, 2)
    ]
    for reason in Reason:
        for lasted in (False, True):
            occasion = Occasion(
                rule=ALL_AT_ONCE,
                reason=reason,
                severity=Severity.CRITICAL,
                now=NOON,
                lasted=lasted,
                told_at=NOON,
                told_to=("team",),
                begun=told[0],
                headline=ALL_AT_ONCE * (not lasted),
            )
            for some in (told[:1], told, [told[0], replace(told[1], subject=told[0].subject)]):
                in_shape(render_on(some, occasion, {}), longest=6_000)
            in_shape(report(told, Span(NOON - timedelta(days=1), NOON), occasion, {}), longest=LIMIT)
