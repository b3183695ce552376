"""Whatever events carry and for whatever reason they are told, a message keeps its shape and bears nothing harmful."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Event, EventType, Reason, Severity, Text
from monitor.rules.message import render_on
from monitor.rules.message.occasion import Occasion
from monitor.rules.message.report import LIMIT, Span, report
from monitor.rules.message.story import Line
from monitor.rules.samples import sample
from monitor.rules.schema import VARIABLES

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
text = st.sampled_from([*HOSTILE, *WORDS]) | st.text(max_size=30)
scalar = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | text
value: Any = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=3
)
BESIDE = ("outcome", "duration", "attempt", "changes", "settled", "down_for", "title", "by", "reason", "hidden", "rule")
part = {name: st.dictionaries(st.sampled_from(sorted(fields)), value) | value for name, fields in VARIABLES.items()}
part["silence"] = st.dictionaries(st.sampled_from(["owner", "comment", "match", "from", "until"]), value)
data = st.fixed_dictionaries({}, optional=part | dict.fromkeys(BESIDE, value))


@st.composite
def events(draw: st.DrawFn, least: int = 1) -> list[Event]:
    made = []
    for seq in range(1, draw(st.integers(least, 3)) + 1):
        at = NOON + timedelta(seconds=draw(st.integers(-(10**6), 10**6)))
        made.append(
            Event(
                seq=seq,
                id=str(seq),
                type=draw(st.sampled_from(list(EventType))),
                account=draw(st.none() | text),
                subject=draw(st.sampled_from(["job/1", "job/2", "flavor/a/b", "monitor"]) | text),
                revision=1,
                time=at,
                detected_at=at + timedelta(seconds=draw(st.integers(-100, 10**5))),
                severity=draw(st.sampled_from(list(Severity))),
                data=draw(data),
                late=draw(st.booleans()),
            )
        )
    return made


@st.composite
def occasions(draw: st.DrawFn, told: list[Event]) -> Occasion:
    others = draw(events())
    return Occasion(
        rule=draw(text),
        reason=draw(st.sampled_from(list(Reason))),
        severity=draw(st.sampled_from(list(Severity))),
        now=NOON + timedelta(seconds=draw(st.integers(-(10**6), 10**7))),
        lasted=draw(st.booleans()),
        told_at=draw(st.none() | st.just(NOON)),
        times=draw(st.integers(1, 10**6)),
        told_to=tuple(draw(st.lists(st.just("team"), max_size=2))),
        begun=draw(st.none() | st.sampled_from(others)),
        by_now={event.seq: others[0] for event in told if draw(st.booleans())},
        headline=draw(st.just("") | text),
        asides=tuple(draw(st.lists(st.just(Line("Note", "said")), max_size=2))),
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


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_every_message_keeps_its_shape(drawn: st.DataObject) -> None:
    told = drawn.draw(events())
    in_shape(render_on(told, drawn.draw(occasions(told)), {"p:x": "Ann"}), longest=12_000)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_every_report_keeps_its_shape(drawn: st.DataObject) -> None:
    told = drawn.draw(events(least=0))
    span = Span(
        NOON - timedelta(days=drawn.draw(st.integers(0, 9))), NOON, "Asia/Shanghai", personal=drawn.draw(st.booleans())
    )
    in_shape(report(told, span, drawn.draw(occasions(told)), {}), longest=LIMIT)


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
