"""Digest rules: at their time one report of all that they took, to each what is hers, and nothing lost in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.model import Event
from monitor.rules import Engine, Heard, Notify, RuleState, SilenceOver, drive
from tests.kit.played import DIGEST, NEW, START, about, at, job, play, reborn, rule, ruleset, silence, stock, told

DAILY = rule("job.*", digest={"at": "12:00"})
DAY = 1440


def moments(effects: Any) -> list[datetime]:
    return [each.at for each in effects if isinstance(each, Notify)]


def test_nothing_is_told_at_once_and_all_at_the_time() -> None:
    rules = ruleset(DAILY, net="info")
    events = [
        job(1, "queued", 0),
        stock(2, "sold_out", 1),
        job(3, "started", 119),
        job(4, "finished", 120),
        job(5, "queued", 130),
    ]
    effects = play(rules, events, 3 * DAY)
    assert told(effects, rule="r") == [(120, DIGEST, "s", (1, 3, 4)), (120 + DAY, DIGEST, "s", (5,))]
    assert told(effects, rule="unmatched") == [(1, NEW, "net", (2,))]


def test_a_report_of_nothing_is_not_made() -> None:
    assert told(play(ruleset(DAILY), [stock(1, "sold_out", 0)], 30 * DAY)) == []


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        ({"at": "09:00", "timezone": "Europe/Berlin"}, ["2026-03-28T08:00", "2026-03-29T07:00"]),
        ({"at": "02:30", "timezone": "Europe/Berlin"}, ["2026-03-28T01:30", "2026-03-29T01:00"]),  # skipped on the 29th
        ({"at": "09:00", "days": ["sun"], "timezone": "Europe/Berlin"}, ["2026-03-29T07:00"]),
        ({"at": "07:00", "days": ["mon"]}, ["2026-03-30T07:00"]),
    ],
)
def test_the_calendar_is_that_of_the_place(digest: dict[str, Any], expected: list[str]) -> None:
    first = (datetime(2026, 3, 27, 12, tzinfo=UTC) - START) / timedelta(minutes=1)
    events = [job(seq, "checkpoint", first + 60 * (seq - 1)) for seq in range(1, 56)]
    rules = ruleset(rule("job.*", digest=digest))
    engine = Engine(rules, RuleState(), Heard(events))
    made = moments(drive(engine, events))
    made += moments(engine.advance(datetime(2026, 3, 30, 8, tzinfo=UTC)))
    assert [each.strftime("%Y-%m-%dT%H:%M") for each in made][: len(expected)] == expected


def test_each_person_reads_of_her_own_and_those_who_read_the_same_share_a_message() -> None:
    rules = ruleset(rule("job.*", notify=["s", "t", "owner"], fallback=["boss"], digest={"at": "12:00"}))
    events = [job(seq, "queued", 0, f"j{seq}", creator=who) for seq, who in enumerate(("ann", "bob", "ann", "eve"), 1)]
    assert sorted(told(play(rules, events, DAY))) == [
        (120, DIGEST, "ann", (1, 3)),
        (120, DIGEST, "bob", (2,)),
        (120, DIGEST, "boss", (4,)),
        (120, DIGEST, "s+t", (1, 2, 3, 4)),
    ]


def test_what_reports_to_nobody_goes_to_the_net() -> None:
    rules = ruleset(rule("job.*", notify=["owner"], digest={"at": "12:00"}), net="info")
    events = [job(1, "queued", 0, creator="eve"), job(2, "queued", 1, creator="bob")]
    assert told(play(rules, events, DAY)) == [(0, NEW, "net", (1,)), (120, DIGEST, "bob", (2,))]


def test_a_report_holds_what_the_rule_took_and_not_what_an_earlier_one_stopped() -> None:
    first = rule("job.*", "first", when="job.name == 'a'", stop=True)
    trial = rule("job.*", "trial", shadow=True)
    rules = ruleset(first, trial, rule("job.*", digest={"at": "12:00"}, when="job.flavor == 'f'"))
    events = [job(1, "queued", 0, "a"), job(2, "queued", 1, "b")]
    assert told(play(rules, events, DAY), rule="r") == [(120, DIGEST, "s", (2,))]


def test_a_condition_is_judged_as_of_when_the_event_came() -> None:
    rules = ruleset(rule("job.*", digest={"at": "12:00"}, when='now - event.time < duration("1m")'))
    assert told(play(rules, [job(1, "queued", 0), job(2, "queued", 1, behind=9)], DAY)) == [(120, DIGEST, "s", (1,))]


def test_what_was_stored_after_the_report_that_it_belongs_to_is_in_the_next() -> None:
    events = [job(1, "queued", 0), job(2, "started", 121), job(3, "finished", 119.9)]
    assert told(play(ruleset(DAILY), events, 3 * DAY)) == [
        (120, DIGEST, "s", (1,)),
        (120 + DAY, DIGEST, "s", (2, 3)),
    ]


def test_a_daemon_that_was_down_at_the_time_makes_one_report_and_loses_nothing() -> None:
    events = [job(1, "queued", 0), job(2, "started", 3 * DAY)]
    engine = Engine(ruleset(DAILY), RuleState(), Heard(events))
    list(drive(engine, events[:1]))
    after = Engine(ruleset(DAILY), reborn(engine.state()), Heard(events))
    back = at(3 * DAY)
    assert told(drive(after, events[1:], back, wall=back)) == [(3 * DAY, DIGEST, "s", (1,))]
    assert told(after.advance(at(4 * DAY))) == [(3 * DAY + 120, DIGEST, "s", (2,))]


def test_a_rule_that_is_new_reports_from_then_on_and_one_that_was_removed_no_more() -> None:
    events: list[Event] = [job(1, "queued", 0), job(2, "started", 10)]
    engine = Engine(ruleset(rule("flavor.*")), RuleState(), Heard(events))
    list(drive(engine, events[:1]))
    after = Engine(ruleset(DAILY), reborn(engine.state()), Heard(events))
    assert told(drive(after, events[1:], at(DAY))) == [(120, DIGEST, "s", (2,))]
    gone = Engine(ruleset(), reborn(after.state()), Heard(events))
    assert gone.advance(at(9 * DAY)) == []
    assert gone.state().periods == {}


def used(seq: int, minutes: float, name: str) -> Event:
    usage = {"delta": 1000, "tokens": 1000, "cost": "10.00", "currency": "CNY"}
    return about(seq, "usage.recorded", minutes, f"job/{name}", job={"id": name, "name": name}, usage=usage)


@pytest.mark.parametrize("match", ["true", "job.name == 'a'"])
def test_a_silence_takes_nothing_out_of_a_report(match: str) -> None:
    rules = ruleset(rule(["job.finished", "usage.recorded"], digest={"at": "12:00"}))
    events = [job(1, "started", 0), job(2, "finished", 30, outcome="failed"), job(3, "reopened", 40)]
    events += [job(4, "restarted", 40), job(5, "finished", 50), used(6, 50, "a"), used(7, 51, "b")]
    effects = play(rules, [*events, silence(8, 119, 124, match)], 2 * DAY)
    (report,) = (each for each in effects if isinstance(each, Notify))
    assert (report.at, [event.seq for event in report.events]) == (at(120), [2, 5, 6, 7])
    assert "1 job finished, 2,000 tokens (20.00 CNY)" in report.text.title
    assert "failed" not in f"{report.text.title}\n{report.text.plain}"
    assert [each.hidden for each in effects if isinstance(each, SilenceOver)] == [0]


def test_a_report_that_is_due_in_a_mute_window_is_made_whole_at_its_end() -> None:
    mute = {"between": ["11:55", "12:04"]}
    rules = ruleset(rule("job.*", notify=["owner"], digest={"at": "12:00"}, mute=mute))
    events = [job(1, "queued", 0), job(2, "started", 122), job(3, "finished", 130)]
    effects = play(rules, events, 2 * DAY)
    assert told(effects) == [(124, DIGEST, "ann", (1, 2)), (124 + DAY, DIGEST, "ann", (3,))]
    first, second = (each.text for each in effects if isinstance(each, Notify))
    assert first.title.startswith("Your daily report")
    assert "Period: 2026-01-05 10:00 to 2026-01-05 12:04 UTC" in first.plain
    assert "Period: 2026-01-05 12:04 to 2026-01-06 12:04 UTC" in second.plain


@pytest.mark.parametrize(("excepted", "when"), [("job.name == 'b'", 120), ("job.name == 'c'", 180)])
def test_a_report_with_something_that_passes_by_the_mute_window_comes_at_its_time(excepted: str, when: float) -> None:
    rules = ruleset(rule("job.*", digest={"at": "12:00"}, mute={"between": ["11:00", "13:00"], "except": excepted}))
    events = [job(1, "queued", 0, "a"), job(2, "queued", 1, "b")]
    assert told(play(rules, events, DAY)) == [(when, DIGEST, "s", (1, 2))]
