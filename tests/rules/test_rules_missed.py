"""What fell due while nobody looked says so in its message, whatever it was and whatever way it took."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.model import Event
from monitor.rules import Engine, Heard, Notify, RuleState, drive
from tests.kit.played import about, account, at, job, reborn, rule, ruleset

STUCK: dict[str, Any] = {"on": "job.queued", "lasting": "2h"}
NIGHT = {"between": ["19:00", "23:00"]}
DOWN = "while the monitor was down"
EYES = "while account acc could not be seen"


def late(options: dict[str, Any], events: list[Event], until: float) -> list[tuple[float, str]]:
    """What the daemon, which was down from the first minute until the tenth hour, says late once it is back."""
    rules, heard = ruleset(rule(**options)), Heard(events)
    before = Engine(rules, RuleState(), heard)
    list(drive(before, [event for event in events if event.detected_at <= at(1)]))
    engine = Engine(rules, reborn(before.state()), heard)
    unseen = ["acc|jobs"]
    made = list(drive(engine, [each for each in events if each.detected_at > at(1)], unseen=unseen, wall=at(600)))
    for minute in (601, 602, 606, until):
        made += engine.advance(at(minute), wall=at(minute))
    assert engine.broken is None
    return [
        (round((each.at - at(0)).total_seconds() / 60, 1), line.removeprefix("Told late: "))
        for each in made
        if isinstance(each, Notify)
        for line in each.text.plain.splitlines()
        if line.startswith("Told late: ")
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (STUCK, [(601, f"it fell due 2026-01-05 12:00 UTC, {DOWN}")]),
        ({**STUCK, "group_by": [], "group_wait": "5m"}, [(606, f"it fell due 2026-01-05 12:00 UTC, {DOWN}")]),
        ({**STUCK, "hold": NIGHT}, [(780, f"it fell due 2026-01-05 12:00 UTC, {DOWN}")]),
        ({"on": "job.queued", "remind_every": "3h"}, [(601, f"it fell due 2026-01-05 13:00 UTC, {DOWN}")]),
        (
            {"on": "job.queued", "escalate": {"after": "1h", "notify": ["boss"]}},
            [(601, f"it fell due 2026-01-05 11:00 UTC, {DOWN}")],
        ),
    ],
    ids=["timer", "group", "window", "reminder", "escalation"],
)
def test_what_fell_due_while_the_daemon_was_down_says_so(options: dict[str, Any], said: list[Any]) -> None:
    events = [
        job(1, "queued", 0),
        about(2, "monitor.stopped", 1, "monitor"),
        about(3, "monitor.started", 600, "monitor"),
    ]
    assert late(options, events, 781) == said
    assert late(options, [events[0], events[2]], 781) == said, "it crashed"


def test_an_account_that_cannot_be_reached_is_told_late_only_because_the_daemon_was_down() -> None:
    events = [account(1, "unreachable", 0), about(2, "monitor.started", 600, "monitor")]
    assert late({"on": "account.unreachable", "lasting": "15m"}, events, 605) == [
        (600, f"it fell due 2026-01-05 10:15 UTC, {DOWN}")
    ]


def test_of_several_that_are_told_together_it_is_said_how_many_fell_due_a_while_ago() -> None:
    rules = ruleset(rule("job.queued", lasting="1h", remind_every="6h", group_by=[], group_wait="5m"))
    events = [
        *(job(seq, "queued", seq, f"j{seq}") for seq in (1, 2)),
        account(3, "unreachable", 30),
        account(4, "recovered", 300),
        job(5, "queued", 241.5, "j3"),
    ]
    events.sort(key=lambda event: event.detected_at)
    engine = Engine(rules, RuleState(), Heard(events))
    made = [*drive(engine, events, at(400), wall=None)]
    (said,) = [each for each in made if isinstance(each, Notify)]
    assert f"Told late: 2 of 3 fell due from 2026-01-05 11:01 UTC on, {EYES}" in said.text.plain
    reminded = [each for each in engine.advance(at(1440)) if isinstance(each, Notify)]
    assert reminded
    assert all("Told late" not in each.text.plain for each in reminded)
