"""Counting what a history would have made people read: by rule, day and sink, side by side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.lab.backtest import LONGEST_LEAD, Backtest, Span, Tally, lead
from monitor.lab.compare import CURRENT, PROPOSED, SENT, compare, document, lines
from monitor.model import Event
from monitor.rules import RuleSet
from tests.kit.played import at, job, rule, ruleset, silence

DAY = 24 * 60


def over(rules: dict[str, RuleSet], events: list[Event], span: Span, only: str | None = None) -> Backtest:
    test = Backtest(rules, span, only=only)
    for event in events:
        test.hear(event)
    test.end()
    assert test.broken is None
    return test


def finished(*minutes: float) -> list[Event]:
    return [job(number, "finished", when, f"j{number}") for number, when in enumerate(minutes, 1)]


def test_messages_are_counted_by_rule_day_and_sink_and_beside_what_was_sent() -> None:
    span = Span(at(0), at(3 * DAY), UTC)
    one, two = ruleset(rule("job.finished", notify=["s", "t"])), ruleset(rule("job.finished", throttle="1h"))
    test = over({CURRENT: one, PROPOSED: two}, finished(5, 6, DAY + 5, 2 * DAY + 900), span)
    sent = Tally()
    sent.add("old", span.day(at(10)), ["s"])
    found = compare(span, test.events, {SENT: sent, **test.tallies}, ["r"])
    assert (found.sides, found.events) == ((SENT, CURRENT, PROPOSED), 4)
    row = found.rules[0]
    assert row.name == "r"
    assert list(row.days[CURRENT]) == [2, 1, 0, 1]  # the last day of the span has begun at midnight
    assert [found.total(side) for side in found.sides] == [1, 4, 4]
    assert [found.on(0, side) for side in found.sides] == [1, 2, 2]
    assert dict(found.sinks)["s"] == {SENT: 1, CURRENT: 4, PROPOSED: 4}
    assert dict(found.sinks)["t"] == {SENT: 0, CURRENT: 4, PROPOSED: 0}
    whole = document(found)
    assert whole["totals"] == {SENT: 1, CURRENT: 4, PROPOSED: 4}
    assert whole["rules"][1] == {
        "rule": "old",
        SENT: 1,
        CURRENT: 0,
        PROPOSED: 0,
        "shadow": {},
        "hidden": {},
        "days": [{"day": "2026-01-05", SENT: 1, CURRENT: 0, PROPOSED: 0}],
    }
    assert next(iter(lines(found))) == {"rule": "r", "day": "2026-01-05", SENT: 0, CURRENT: 2, PROPOSED: 2}


def test_a_day_is_that_of_the_zone() -> None:
    late = datetime(2026, 1, 5, 20, tzinfo=UTC)
    span = Span(late - timedelta(hours=1), late + timedelta(hours=1), ZoneInfo("Asia/Shanghai"))
    assert [day.isoformat() for day in span.days()] == ["2026-01-06"]
    assert span.day(late).isoformat() == "2026-01-06"


def test_what_comes_before_the_span_is_remembered_and_not_counted() -> None:
    rules = ruleset(rule("job.queued", lasting="2h"))
    events = [job(1, "queued", 0), job(2, "queued", 130, "b")]
    test = over({CURRENT: rules}, events, Span(at(100), at(600), UTC))
    assert test.events == 1
    assert test.tallies[CURRENT].total == 2  # of the first, too, the two hours are over inside the span
    assert over({CURRENT: rules}, events, Span(at(125), at(600), UTC)).tallies[CURRENT].total == 1


def test_trials_and_what_is_kept_back_are_counted_by_themselves() -> None:
    rules = ruleset(rule("job.finished"), rule("job.finished", "trial", shadow=True))
    events = [silence(1, 0, 60, "job.name == 'j2'"), *(job(n, "finished", n, f"j{n}") for n in (2, 3))]
    tally = over({CURRENT: rules}, events, Span(at(0), at(30), UTC)).tallies[CURRENT]
    assert (tally.of("r"), tally.of("trial"), tally.shadow.total()) == (1, 0, 1)
    assert dict(tally.hidden) == {"r": 1}
    assert tally.rules() == {"r", "trial"}


def test_one_rule_may_be_asked_for_and_all_decide_all_the_same() -> None:
    rules = ruleset(rule("job.finished", "first", stop=True, when="job.name == 'j1'"), rule("job.finished", "second"))
    span = Span(at(0), at(30), UTC)
    tally = over({CURRENT: rules}, finished(1, 2), span, only="second").tallies[CURRENT]
    assert (tally.total, tally.of("second")) == (1, 1)


def test_two_sets_share_a_language_and_differ_all_the_same() -> None:
    one = ruleset(rule("job.finished", when="job.name == 'j1'"))
    two = RuleSet.compile([rule("job.finished", when="job.name != 'j1'")], [], None, ["s"], beside=one)
    assert two.language is one.language
    test = over({CURRENT: one, PROPOSED: two}, finished(1, 2, 3), Span(at(0), at(30), UTC))
    assert [tally.total for tally in test.tallies.values()] == [1, 2]


def test_the_lead_is_as_long_as_what_the_rules_remember() -> None:
    assert lead([ruleset(rule("job.*"))]) == timedelta(hours=1)
    assert lead([ruleset(rule("job.queued", lasting="5h"))]) == timedelta(hours=5)
    assert lead([ruleset(rule("job.*", digest={"at": "08:00"}))]) > timedelta(days=7)
    assert lead([ruleset(rule("job.queued", remind_every="20d"))]) == LONGEST_LEAD
