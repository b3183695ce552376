"""What people read of quotas, and what rules may ask of them."""

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
REACHED, EASED = EventType.QUOTA_REACHED, EventType.QUOTA_EASED


def words(type: EventType = REACHED, **facts: Any) -> tuple[str, list[str]]:
    event = replace(sample(type), time=NOW, detected_at=NOW)
    event = replace(event, data={**event.data, "quota": {**event.data["quota"], **facts}})
    text = render([event], rule="r", reason=Reason.NEW, severity=Severity.WARNING, now=NOW)
    return text.title, text.plain.splitlines()


def test_what_is_used_what_is_free_and_what_cleanup_would_free_is_said() -> None:
    policies = [
        {"name": "nightly", "jobs": 5, "enabled": True, "held": None},
        {"name": "trial", "jobs": 1, "enabled": False, "held": None},
        {"name": "old", "jobs": 0, "enabled": True, "held": "it stands still: HTTP 403"},
    ]
    title, lines = words(policies=policies)
    assert title == "Account sample has used 19 of its 20 jobs"
    assert lines[:5] == [
        "Used: 19 of 20 jobs (95%); 1 free",
        "Cleanup: would free 6 jobs now; 17 jobs are over",
        "Policies: nightly 5, trial 1 (not enabled), old 0 (it stands still: HTTP 403)",
        "What to do: training-monitor jobs cleanup",
        "Time: 2026-11-20 09:00 UTC",
    ]


def test_a_long_reason_of_a_policy_is_cut_between_two_words() -> None:
    held = "it stands still: " + "6 of the 7 jobs of ascend would go at once, which is more than half " * 2
    _, lines = words(policies=[{"name": "old", "jobs": 0, "enabled": True, "held": held}])
    assert lines[2].endswith("at once, which is more than half 6 of the 7 …)")
    _, lines = words(policies=[{"name": "old", "jobs": 0, "enabled": True, "held": "x" * 200}])
    assert lines[2] == f"Policies: old 0 ({'x' * 99}…)"


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({"frees": 0, "finished": 1}, "Cleanup: would free nothing now; 1 job is over"),
        ({"policies": [], "frees": 0}, "Cleanup: 17 jobs are over, and no cleanup policy is for the account"),
        ({"free": 0, "used": 21, "share": 105.0}, "Used: 21 of 20 jobs (105%); the platform takes no more"),
    ],
)
def test_where_cleanup_is_no_help_that_is_said(facts: Any, line: str) -> None:
    assert line in words(**facts)[1]


@pytest.mark.parametrize(
    ("type", "facts", "title"),
    [
        (REACHED, {"used": 20}, "Account sample has no room for another job: 20 of 20"),
        (EASED, {"used": 9, "share": 45.0}, "Account sample has room for jobs again"),
        (EASED, {"cap": None, "share": None}, "Account sample has room for jobs again"),
    ],
)
def test_how_it_is_stands_in_the_title(type: EventType, facts: Any, title: str) -> None:
    assert words(type, **facts)[0] == title


def test_data_of_another_version_is_told_with_what_is_there() -> None:
    nothing = dict.fromkeys(sample(REACHED).data["quota"])
    assert words(**nothing)[0] == "Account sample is near its cap of jobs"
    assert words(policies=["x", {"name": 5, "jobs": "many"}, *[{}] * 9])[0]


def happened(seq: int, type: EventType, hours: float, **facts: Any) -> Event:
    facts = sample(type).data["quota"] | facts
    account = sample(type).data["account"]
    return about(seq, type.value, hours * 60, "quota/jobs", severity="warning", account=account, quota=facts)


COURSE = [happened(1, REACHED, 0, threshold=80, free=4), happened(2, REACHED, 1), happened(3, EASED, 9, threshold=None)]


@pytest.mark.parametrize(
    ("when", "matching"),
    [
        ("quota.threshold >= 95 && quota.free < 2 && quota.share > 94.0 && quota.frees == 6", [2]),
        ('quota.resource == "jobs" && quota.used * 100 >= quota.cap * 80', [1, 2, 3]),
    ],
)
def test_a_rule_may_ask_for_what_a_quota_says(when: str, matching: list[int]) -> None:
    assert [seqs for *_, seqs in told(play(ruleset(rule("quota.*", when=when)), COURSE, 600))] == [
        (seq,) for seq in matching
    ]


def test_reminders_of_a_quota_end_when_it_has_eased() -> None:
    rules = ruleset(rule("quota.reached", remind_every="6h", resolved=True))
    assert [row[1] for row in told(play(rules, COURSE, 3000))] == ["new", "new", "reminder", "resolved"]
