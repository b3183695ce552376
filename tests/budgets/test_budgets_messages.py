"""What people read of budgets, and what rules may say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.model import Event, EventType, Reason, Severity
from monitor.rules.message import render
from monitor.rules.samples import sample
from tests.kit.played import about, play, rule, ruleset, told

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MONTH = {"period": "month", "timezone": "Asia/Shanghai"}
MONTH |= {"starts_at": "2026-10-31T16:00:00Z", "ends_at": "2026-11-30T16:00:00Z"}


def words(type: EventType = EventType.BUDGET_REACHED, **facts: Any) -> tuple[str, str]:
    event = replace(sample(type), time=NOW, detected_at=NOW)
    event = replace(event, data={**event.data, "budget": {**event.data["budget"], "name": "team", **MONTH, **facts}})
    text = render([event], rule="r", reason=Reason.NEW, severity=Severity.WARNING, now=NOW)
    return text.title, text.plain


def test_a_threshold_says_what_is_used_what_is_left_and_when_the_rest_will_be() -> None:
    title, plain = words(passes_at="2026-11-25T16:00:00Z")
    assert title == "Budget team has used 80.3% of 5,000.00 CNY"
    assert plain.splitlines()[:8] == [
        "Used: 4,012.50 CNY of 5,000.00 CNY (80.3%)",
        "Left: 987.50 CNY",
        "At this rate: all of it is used on Thursday 26 Nov",
        "By the end: 5,200.00 CNY at this rate",
        "Threshold: 80%",
        "Period: month from 1 Nov to 30 Nov 2026 (Asia/Shanghai)",
        'Counts: account.name == "sample"',
        "Time: 2026-11-20 09:00 UTC",
    ]


def test_what_looks_back_has_no_end_and_what_is_near_has_its_hour() -> None:
    title, plain = words(period="rolling", passes_at="2026-11-20T16:30:00Z", reason="forecast", threshold=None)
    assert title == "Budget team will be used up on Saturday 21 Nov, 00:30 (Asia/Shanghai) at this rate"
    assert plain.splitlines()[2:5] == [
        "At this rate: all of it is used on Saturday 21 Nov, 00:30 (Asia/Shanghai)",
        "At most: 5,200.00 CNY at this rate",
        "Period: since 2026-10-31 16:00 UTC",
    ]


def test_what_is_passed_has_nothing_left_and_no_forecast() -> None:
    title, plain = words(used="6000", left="-1000", share=120.0, threshold=100.0, passes_at=None, scope=None)
    assert title == "Budget team has used 120% of 5,000.00 CNY"
    assert [line.partition(":")[0] for line in plain.splitlines()[:4]] == ["Used", "Threshold", "Period", "Time"]


@pytest.mark.parametrize(
    ("facts", "title"),
    [
        ({"reason": "forecast", "threshold": None}, "Budget team will be used up on Saturday 31 Jan at this rate"),
        ({"unit": "tokens", "amount": "2000000"}, "Budget team has used 80.3% of 2,000,000 tokens"),
        ({"unit": "card_hours", "amount": "12.345678"}, "Budget team has used 80.3% of 12.35 card hours"),
        ({"share": None}, "Budget team has reached a threshold"),
    ],
)
def test_what_was_reached_stands_in_the_title(facts: Any, title: str) -> None:
    assert words(**facts)[0] == title


@pytest.mark.parametrize(
    ("reason", "title"),
    [
        ("ended", "Budget team begins anew"),
        ("eased", "Budget team has room again"),
        ("changed", "Budget team was changed in the config, and begins anew"),
        ("removed", "Budget team is no longer in the config"),
    ],
)
def test_why_a_budget_is_renewed_stands_in_the_title(reason: str, title: str) -> None:
    assert words(EventType.BUDGET_RENEWED, reason=reason)[0] == title


def test_data_of_another_version_is_told_with_what_is_there() -> None:
    nothing = dict.fromkeys(sample(EventType.BUDGET_REACHED).data["budget"])
    assert words(**{**nothing, "timezone": "Nowhere/At_all", "starts_at": 5, "passes_at": "2026-11-25T16:00:00Z"})[0]
    assert words(EventType.BUDGET_RENEWED, **nothing)[0] == "Budget begins anew"


def happened(seq: int, type: EventType, hours: float, **facts: Any) -> Event:
    severity = "critical" if (facts.get("threshold") or 0) >= 100 else "warning"
    budget = sample(type).data["budget"] | facts
    return about(seq, type.value, hours * 60, "budget/sample", severity=severity, budget=budget)


REACHED, RENEWED = EventType.BUDGET_REACHED, EventType.BUDGET_RENEWED
COURSE = [happened(1, REACHED, 0, threshold=50.0), happened(2, REACHED, 1, threshold=100.0), happened(3, RENEWED, 9)]


@pytest.mark.parametrize(
    ("when", "matching"),
    [
        ('budget.threshold >= 100.0 && budget.name == "sample" && budget.used > 4012.0 && budget.left < 988.0', [2]),
        ('budget.reason == "threshold" && budget.unit == "cost" && budget.passes_at < budget.ends_at', [1, 2, 3]),
        ('severity == "critical"', [2]),
    ],
)
def test_a_rule_may_ask_for_what_a_budget_says(when: str, matching: list[int]) -> None:
    found = told(play(ruleset(rule("budget.*", when=when)), COURSE, 600))
    assert [seqs for *_, seqs in found] == [(seq,) for seq in matching]


def test_each_threshold_is_told_though_one_was_before_and_the_end_of_the_period_ends_the_reminders() -> None:
    rules = ruleset(rule("budget.reached", remind_every="6h", resolved=True))
    assert told(play(rules, COURSE, 3000)) == [
        (0.0, "new", "s", (1,)),
        (60.0, "new", "s", (2,)),
        (420.0, "reminder", "s", (1,)),
        (540.0, "resolved", "s", (3,)),
    ]
