"""A scenario in plain words makes the events that the daemon would have made of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.cli.rules.report import Result, lines
from monitor.lab.differ import compare
from monitor.lab.run import Outcome, play

Played = Callable[..., Outcome]


def types(outcome: Outcome) -> list[str]:
    assert outcome.error == ""
    return [event.type.value for event in outcome.events]


@pytest.mark.parametrize(
    ("steps", "seen"),
    [
        ("- job: x, is submitted", ["job.submitted"]),
        ("- job: x, queues", ["job.submitted", "job.queued"]),
        ("- job: x queues", ["job.submitted", "job.queued"]),
        ("- job: x, starts", ["job.submitted", "job.started"]),
        ("- job: x, starts\n- job: x, is preempted", ["job.submitted", "job.started", "job.requeued"]),
        (
            "- job: x, starts\n- job: x, is preempted\n- job: x, starts",
            ["job.submitted", "job.started", "job.requeued", "job.restarted"],
        ),
        ("- job: x, runs\n- job: x, restarts", ["job.submitted", "job.started", "job.restarted"]),
        (
            "- job: x, starts\n- job: x, is stopping\n- job: x, is canceled",
            ["job.submitted", "job.started", "job.stopping", "job.finished"],
        ),
        ("- job: x, succeeds", ["job.submitted", "job.finished"]),
        (
            "- job: x, starts\n- job: x, fails\n- job: x, reopens",
            ["job.submitted", "job.started", "job.finished", "job.reopened", "job.restarted"],
        ),
        ("- job: x, starts\n- job: x, writes a checkpoint", ["job.submitted", "job.started", "job.checkpoint"]),
        ("- job: x, starts\n- job: x, is gone", ["job.submitted", "job.started", "job.gone"]),
        ("- job: 'x-{1..3}, is submitted'", ["job.submitted"] * 3),
        ("- flavor: a.b in z, sells out", ["flavor.sold_out"]),
        ("- flavor: a.b in z, comes back", ["flavor.restocked"]),
        ("- flavor: a.b in z sells out\n- flavor: a.b in y sells out", ["flavor.sold_out"] * 2),
        ("- flavor: a.b, is listed", ["flavor.listed"]),
        ("- flavor: a.b, is delisted", ["flavor.delisted"]),
        ("- account: north, is unreachable\n- account: north, recovers", ["account.unreachable", "account.recovered"]),
        ("- account: north, is unauthorized", ["account.unauthorized"]),
        ("- job: x, succeeds\n- usage: 'x, 10 tokens'", ["job.submitted", "job.finished", "usage.recorded"]),
        (
            "- job: x, is submitted\n- usage: 'x, 10 tokens, 1.50 CNY'\n- usage: 'x, 12 tokens'",
            ["job.submitted", "usage.recorded", "usage.corrected"],
        ),
        ("- silence: {match: 'true', for: 2h}\n- end_silence: last", ["silence.added", "silence.ended"]),
        ("- restart", ["monitor.stopped", "monitor.started"]),
        ("- event: config.rejected", ["config.rejected"]),
        ("- repeat: 2\n  steps:\n    - flavor: a in z, sells out\n    - flavor: a in z, comes back",
         ["flavor.sold_out", "flavor.restocked"] * 2),
    ],
)  # fmt: skip
def test_plain_words_make_the_events_of_the_real_diff(played: Played, steps: str, seen: list[str]) -> None:
    assert types(played(steps)) == seen


def test_an_event_knows_what_went_before(played: Played) -> None:
    steps = """
- job: x, queues
  owner: ann
  nodes: 2
- wait: 90m
- job: x, starts
- wait: 1h
- job: x, fails
  error: out of memory
"""
    finished = played(steps).events[-1]
    assert finished.data["previous"]["state"] == "running"
    assert finished.data["duration"] == 3600
    assert finished.data["job"]["creator"] == "ann"
    assert finished.data["job"]["nodes"] == 2
    assert finished.data["error"] == {"code": None, "message": "out of memory"}
    assert finished.severity == "warning"


def test_on_model_studio_nobody_says_when_a_job_started(played: Played) -> None:
    head = "accounts: [{name: llm, provider: model-studio}]\nrules: [{name: all, on: ['*'], notify: [team]}]\n"
    started = played("- job: x, starts", head).events[-1]
    assert started.type == "job.started"
    assert started.data["job"]["started_at"] is None
    assert started.data["job"]["provider_state"] == "RUNNING"


def test_what_happens_while_nobody_can_look_is_seen_when_somebody_can(played: Played) -> None:
    steps = """
- job: x, starts
- account: north, is unreachable
- wait: 2h
- job: x, fails
- job: y, starts
- wait: 1h
- account: north, recovers
"""
    outcome = played(steps)
    seen = [(event.type.value, event.late) for event in outcome.events[3:]]
    assert seen == [
        ("account.recovered", False),
        ("job.finished", True),
        ("job.submitted", True),
        ("job.started", True),
    ]
    finished = outcome.events[4]
    assert (finished.detected_at - finished.time).total_seconds() == 3600


def test_what_happens_while_the_daemon_is_down_is_seen_when_it_starts(played: Played) -> None:
    outcome = played("- job: x, starts\n- stop\n- wait: 5m\n- job: x, succeeds\n- wait: 15m\n- start")
    seen = [(event.type.value, event.late) for event in outcome.events[2:]]
    assert seen == [("monitor.stopped", False), ("monitor.started", False), ("job.finished", True)]


def test_a_timer_that_fell_due_while_the_daemon_was_down_fires_once_after_it_started(played: Played) -> None:
    head = "rules: [{name: stuck, on: [job.queued], for: 2h, notify: [team]}]\n"
    outcome = played("- job: x, queues\n- wait: 1h\n- stop\n- wait: 2h\n- start\n- wait: 1h", head)
    (told,) = outcome.told
    assert (told.at - outcome.events[0].detected_at).total_seconds() == 3 * 3600 + 60
    gone = played("- job: x, queues\n- wait: 1h\n- stop\n- wait: 2h\n- job: x, starts\n- start\n- wait: 1h", head)
    assert gone.told == ()


def test_a_silence_that_is_added_while_the_daemon_is_down_counts_from_its_start_on(played: Played) -> None:
    steps = "- stop\n- silence: {match: 'true', for: 2h}\n- wait: 1h\n- start\n- event: config.rejected"
    outcome = played(steps, "rules: [{name: r, on: [config.rejected], notify: [team]}]\n")
    assert outcome.told == ()
    assert [hide.by for hide in outcome.hidden] == ["silence/silence-1"]


def test_a_clock_that_is_set_moves_no_timer(played: Played) -> None:
    head = "rules: [{name: stuck, on: [job.queued], for: 2h, notify: [team]}]\n"
    outcome = played("- job: x, queues\n- wait: 1h\n- clock: +1d\n- wait: 59m", head)
    assert outcome.told == ()
    (told,) = played("- job: x, queues\n- wait: 1h\n- clock: +1d\n- wait: 61m", head).told
    assert (told.at - outcome.events[0].detected_at).total_seconds() == 26 * 3600


def test_whoever_snoozes_hears_of_it_later(played: Played) -> None:
    head = "rules: [{name: stuck, on: [job.queued], for: 2h, remind_every: 1h, notify: [team]}]\n"
    outcome = played("- job: x, queues\n- wait: 2h\n- snooze: stuck\n  for: 5h\n- wait: 330m", head)
    start = outcome.events[0].detected_at
    assert [(told.at - start).total_seconds() / 3600 for told in outcome.told] == [2, 7]


def test_a_rule_that_fails_is_told_as_the_daemon_would(played: Played) -> None:
    head = (
        "rules:\n  - {name: odd, on: [job.submitted], when: job.attempt + 9223372036854775807 > 0, notify: [team]}\n"
        "  - {name: own, on: [rule.failed], notify: [ops]}\n"
    )
    outcome = played("- job: x, is submitted", head)
    assert types(outcome) == ["job.submitted", "rule.failed"]
    assert [told.sinks for told in outcome.told] == [("ops",)]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("- job: x, queues\n- job: x, queues", "8:9: cases[0].given[1]: x is queued, and no `queued` comes of this"),
        ("- job: x, is gone", "no job is named 'x' yet"),
        ("- flavor: a in z, sells out\n- flavor: a in z, sells out", "a in z is so already"),
        ("- account: north, recovers", "north can be seen"),
        ("- account: a, is unreachable\n- account: a, is unreachable", "a cannot be seen already"),
        ("- usage: 'x, 5 tokens'", "no job is named 'x' yet"),
        ("- start", "the daemon runs; `stop` comes first"),
        ("- stop\n- stop", "the daemon is stopped already"),
        ("- end_silence: weekly", "no silence is named 'weekly'; there are: none"),
        ("- silence: {match: 'true', for: 1h, name: a}\n- silence: {match: 'true', for: 1h, name: a}", "another name"),
        ("- event: job.finished\n  data: {job: {stat: failed}}", "job has no field 'stat'; did you mean state?"),
        ("- event: job.finished\n  data: {outcom: failed}", "data has no field 'outcom'; did you mean outcome?"),
        ("- job: x, starts\n- ack: al", "no rule is named 'al'; did you mean all?"),
        ("- ack: all", "the rule all has told nothing that could be answered yet"),
        ("- job: x, starts\n- wait: until 2026-01-05T08:00+08:00", "it is 2026-01-05T09:00:00+08:00 already"),
        (
            "- job: x, starts\n  account: a\n- job: x, starts\n  account: b\n- job: x, fails",
            "'x' is a job of a and b; say which with `account:`",
        ),
    ],
)
def test_a_step_that_cannot_be_says_where_and_why(played: Played, steps: str, said: str) -> None:
    assert said in played(steps).error


def test_only_accounts_of_the_case_can_be_named(played: Played) -> None:
    head = "accounts: [{name: north}]\nrules: [{name: all, on: ['*'], notify: [team]}]\n"
    assert "no account is named 'nort'; did you mean north?" in played("- job: x, starts\n  account: nort", head).error


def test_a_case_that_would_never_end_is_ended(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.lab.days.ENDLESS", 20)
    head = "rules: [{name: stuck, on: [job.queued], remind_every: 1s, notify: [team]}]\n"
    outcome = played("- job: x, queues\n- wait: 3650d", head)
    assert len(outcome.told) == 21
    assert outcome.error.endswith("more than 20 messages come of it; wait less, or remind less often")


@pytest.mark.parametrize("by", ["-3h", "+3h"])
def test_a_clock_that_is_set_changes_neither_what_is_told_nor_in_which_order(cases: Any, by: str) -> None:
    (case,) = cases(f"""
rules: [{{name: stuck, on: [job.queued], for: 2h, resolved: true, notify: [team]}}]
cases:
  - name: c
    given: [{{job: "x, queues"}}, {{wait: 1h}}, {{clock: "{by}"}}, {{wait: 90m}}, {{job: "x, starts"}}]
    expect: [{{says: for 2 h}}, {{says: after 2 h 30 min, reason: resolved}}]
""")
    outcome = play(case)
    assert [type(each).__name__ for _, each in outcome.story] == ["Event", "Event", "Notify", "Event", "Notify"]
    passed = [(at - case.start).total_seconds() / 60 for at, _ in outcome.story]
    assert passed == [0, 0, 120, 150, 150]
    comparison = compare(case, outcome)
    assert comparison.right
    shown = [line.split("  ")[-1].strip() for line in lines(Result(case, outcome, comparison, 0), 200)]
    assert [line[:14] for line in shown[1:]] == ["x", "x", "-> team: stuck", "x", "-> team: stuck"]
