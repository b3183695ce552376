"""`for`: what waits until a state has lasted, what ends the waiting, and what clocks and restarts do to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.model import Event
from monitor.rules import Engine, Failed, Heard, Notify, RuleState, drive
from tests.kit.played import (
    AGAIN,
    CATCH_UP,
    NEW,
    OVER,
    about,
    account,
    at,
    job,
    play,
    reborn,
    rule,
    ruleset,
    stock,
    told,
    told_to,
)

STUCK = rule("job.queued", lasting="2h")
OVERFLOW = "job.tokens + 9223372036854775807 > 0"


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([job(1, "queued", 0)], [(120, NEW, "s", (1,))]),
        ([job(1, "queued", 0), job(2, "started", 119)], []),
        ([job(1, "queued", 0), job(2, "started", 120)], []),  # events of a moment come before what falls due at it
        ([job(1, "queued", 0), job(2, "started", 120.1)], [(120, NEW, "s", (1,))]),
        ([job(1, "queued", 0), job(2, "checkpoint", 60)], [(120, NEW, "s", (1,))]),
        ([job(1, "queued", 0), job(2, "finished", 60), job(3, "queued", 70)], [(190, NEW, "s", (3,))]),
        ([job(1, "queued", 0), job(2, "queued", 90)], [(120, NEW, "s", (1,))]),  # a second match starts nothing anew
        ([job(1, "queued", 0), job(2, "queued", 130)], [(120, NEW, "s", (1,))]),  # nor after it was told
        ([job(1, "queued", 0), job(2, "gone", 60)], []),
        ([job(1, "queued", 0, "a"), job(2, "queued", 0, "b"), job(3, "started", 9, "a")], [(120, NEW, "s", (2,))]),
        ([job(1, "queued", 0, behind=50)], [(70, NEW, "s", (1,))]),  # by the platform's clock
        ([job(1, "queued", 0, behind=-50)], [(120, NEW, "s", (1,))]),  # which may not put it off
        ([job(1, "queued", 0, behind=500)], [(0, NEW, "s", (1,))]),
    ],
)
def test_a_state_that_has_lasted_is_told_once_and_one_that_ended_is_not(events: list[Event], said: list[Any]) -> None:
    assert told(play(ruleset(STUCK), events, 1000)) == said


def test_a_requeued_job_is_as_queued_as_before() -> None:
    waits = rule(["job.queued", "job.requeued"], lasting="2h")
    assert told(play(ruleset(waits), [job(1, "queued", 0), job(2, "requeued", 100)], 1000)) == [(120, NEW, "s", (1,))]


def test_each_rule_waits_by_itself_and_they_are_told_in_the_order_of_the_file() -> None:
    rules = ruleset(*(rule("job.queued", name, lasting=span) for name, span in (("z", "1h"), ("b", "2h"), ("a", "2h"))))
    effects = play(rules, [job(1, "queued", 0)], 1000)
    assert [(when, each) for each in ("z", "b", "a") for when, *_ in told(effects, rule=each)] == [
        (60, "z"),
        (120, "b"),
        (120, "a"),
    ]
    assert [each.rule for each in effects] == ["z", "b", "a"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ([1], [120]),
        ([1, 2], [120]),
        ([1, 9], []),
        ([9], []),
        ([1, 9, 1], []),  # ended for good: only an event that matches begins it anew
    ],
)
def test_while_ends_the_waiting_as_soon_as_it_is_not_true(tokens: list[int], said: list[float]) -> None:
    rules = ruleset(rule("job.queued", lasting="2h", holds="job.tokens < 5"))
    events = [job(seq, "checkpoint" if seq > 1 else "queued", seq, tokens=each) for seq, each in enumerate(tokens, 1)]
    assert [when for when, *_ in told(play(rules, events, 1000))] == [when + 1 for when in said]


def test_what_while_lets_no_rule_take_goes_to_the_net() -> None:
    rules = ruleset(rule("job.queued", lasting="2h", holds="job.tokens < 5"), net="info")
    assert told_to(play(rules, [job(1, "queued", 0, tokens=9)], 1000), "net") == [(0, NEW, (1,))]


def test_a_while_that_fails_harms_nothing_the_net_hears_what_waited_and_why() -> None:
    rules = ruleset(rule("job.queued", lasting="2h", holds=OVERFLOW.replace("tokens", "attempt")), net="critical")
    fine = job(1, "queued", 0)
    effects = play(rules, [fine, job(2, "checkpoint", 5, attempt=1)], 1000)
    assert told(effects) == []  # without an attempt the expression does not match: nothing waits
    rules = ruleset(rule("job.queued", lasting="2h", holds="job.attempt > 0 || " + OVERFLOW), net="critical")
    effects = play(rules, [job(1, "queued", 0, attempt=1), job(2, "checkpoint", 5, attempt=0, tokens=3)], 1000)
    (said,) = [each for each in effects if not isinstance(each, Failed)]
    assert told(effects) == [(5, NEW, "net", (1,))]
    assert "rule r failed on this" in said.text.plain  # type: ignore[union-attr]
    assert [each.rule for each in effects if isinstance(each, Failed)] == ["r"]


@pytest.mark.parametrize(
    ("events", "when"),
    [
        ([account(2, "unreachable", 30), account(3, "recovered", 60)], 120),
        ([account(2, "unreachable", 30), account(3, "recovered", 150)], 151),
        ([account(2, "unreachable", 30), account(3, "recovered", 119.5)], 120.5),
        ([account(2, "unauthorized", 30), account(3, "recovered", 300)], 301),
        ([about(2, "monitor.stopped", 30, "monitor"), about(3, "monitor.started", 300, "monitor")], 301),
        ([about(2, "monitor.started", 119.5, "monitor")], 120.5),
    ],
)
def test_while_an_account_cannot_be_seen_its_timers_wait(events: list[Event], when: float) -> None:
    assert told(play(ruleset(STUCK), [job(1, "queued", 0), *events], 1000)) == [(when, NEW, "s", (1,))]
    ends = job(9, "started", when - 0.2)
    assert told(play(ruleset(STUCK), [job(1, "queued", 0), *events, ends], 1000)) == []


def test_an_account_that_stays_away_lets_nothing_fall_due_and_others_go_on() -> None:
    other = about(3, "delivery.dead", 5, "sink/t", sink="t", title="w")
    dark = [job(1, "queued", 0), account(2, "unreachable", 30), other]
    rules = ruleset(STUCK, rule("account.unreachable", "lost", lasting="1h"), net="info")
    assert told(play(rules, sorted(dark, key=lambda each: each.detected_at), 5000)) == [
        (5, NEW, "net", (3,)),
        (90, NEW, "s", (2,)),
    ]


def test_a_watch_of_which_nobody_knows_how_it_is_waits_and_is_told_late_as_of_then() -> None:
    rules, events = ruleset(STUCK), [job(1, "queued", 0), stock(2, "sold_out", 0)]
    engine = Engine(rules, RuleState(), Heard(events))
    assert list(drive(engine, events, at(200), unseen=["acc|jobs"], wall=at(200))) == []
    assert engine.waiting
    assert engine.advance(at(210), unseen=["acc|resource_flavors"], wall=at(210)) != []
    assert not engine.waiting
    engine = Engine(rules, RuleState(), Heard(events))
    list(drive(engine, events, at(200), unseen=["acc|jobs"], wall=at(200)))
    effects = engine.advance(at(210), wall=at(210))
    assert told(effects) == [(210, NEW, "s", (1,))]
    assert "Told late" in effects[0].text.plain  # type: ignore[union-attr]


def test_a_daemon_that_was_down_tells_once_and_as_of_then() -> None:
    rules = ruleset(rule("job.queued", lasting="2h", remind_every="1h"))
    engine = Engine(rules, RuleState(), Heard([job(1, "queued", 0)]))
    list(drive(engine, [job(1, "queued", 0)]))
    after = Engine(rules, reborn(engine.state()), Heard([job(1, "queued", 0)]))
    assert told(after.advance(at(600), wall=at(600))) == [(600, NEW, "s", (1,))]
    assert after.next_due() == at(660)
    assert told(after.advance(at(660.5), wall=at(660.5))) == [(660, AGAIN, "s", (1,))]  # a minute counts as in time


@pytest.mark.parametrize("jumped", [-3000, -90, -5, 5, 90, 3000])
def test_a_clock_that_was_set_moves_what_has_to_last(jumped: float) -> None:
    rules = ruleset(STUCK)
    engine = Engine(rules, RuleState(), Heard([job(1, "queued", 0)]))
    list(drive(engine, [job(1, "queued", 0)], at(60)))
    engine.jump(timedelta(minutes=jumped))
    assert engine.next_due() is not None
    assert told(engine.advance(at(119 + jumped))) == []
    assert told(engine.advance(at(120 + jumped))) == [(120 + jumped, NEW, "s", (1,))]


def test_a_clock_that_was_set_moves_reminders_piles_and_the_settling_but_no_snooze() -> None:
    rules = ruleset(rule("job.queued", remind_every="1h"), rule("job.queued", "g", group_by=[], group_wait="40m"))
    events = [job(1, "queued", 0), about(2, "monitor.started", 50, "monitor")]
    engine = Engine(rules, RuleState(), Heard(events))
    list(drive(engine, events[:1], at(30)))
    engine.jump(timedelta(hours=5))
    assert told(engine.advance(at(600))) == [
        (340, NEW, "s", (1,)),
        (360, AGAIN, "s", (1,)),
        *((420 + n, AGAIN, "s", (1,)) for n in (0, 60, 120, 180)),
    ]
    engine = Engine(rules, RuleState(), Heard(events))
    list(drive(engine, [events[1]]))
    engine.jump(timedelta(hours=-5))
    assert engine.state().dark["*"].until == at(51 - 300)


@pytest.mark.parametrize("jumped", [-2500, -45, 45, 2500])
def test_messages_say_how_long_it_really_was_whatever_the_clock_was_set_to(jumped: float) -> None:
    """It was set twice, with a restart between."""
    by, ours, again = timedelta(minutes=jumped), 2 * jumped, {"lasting": "2h", "resolved": True}
    own = rule("job.queued", "own", lasting="2h", title="{{ lasted | duration }}")
    rules = ruleset(rule("job.queued", **again), own, rule("job.queued", "g", group_by=[], group_wait="0s", **again))
    first = [job(1, "queued", 0, behind=10), job(2, "queued", 2, "b")]
    later = [job(3, "started", 130 + ours), job(4, "queued", 131 + ours, "c"), job(5, "started", 260 + ours, "c")]
    heard = Heard([*first, *later])
    engine = Engine(rules, RuleState(), heard)
    list(drive(engine, first, at(60)))
    engine.jump(by)
    engine = Engine(rules, reborn(engine.state()), heard)
    engine.jump(by)
    made = [each for each in drive(engine, later, at(400 + ours)) if isinstance(each, Notify)]
    assert engine.broken is None
    titles = {(each.rule, each.reason.value, *(event.seq for event in each.events)): each.text for each in made}
    assert titles["r", NEW, 1].title == "Training job “a” has been in the queue for 2 h"
    assert f"Since: {at(ours - 10):%Y-%m-%d %H:%M} UTC" in titles["r", NEW, 1].plain
    assert titles["own", NEW, 1].title == "2 h"
    assert titles["r", OVER, 3].title == "Training job “a” is running after 2 h 20 min in the queue"
    assert titles["g", NEW, 2].title == "Training job “b” has been in the queue for 2 h"
    assert titles["r", OVER, 5].title == "Training job “c” is running after 2 h 9 min in the queue"


def test_what_happened_while_nobody_looked_is_told_together_where_it_has_lasted_already() -> None:
    events = [job(seq, "queued", 0, f"j{seq}", behind=500, late=True) for seq in (1, 2, 3)]
    events.append(job(4, "queued", 0, "j4", behind=100, late=True))
    assert told(play(ruleset(STUCK), events, 1000)) == [(0.5, CATCH_UP, "s", (1, 2, 3)), (20, NEW, "s", (4,))]
    each = rule("job.queued", lasting="2h", late="each")
    assert [when for when, *_ in told(play(ruleset(each), events, 1000))] == [0, 0, 0, 20]


def test_a_rule_that_was_removed_waits_for_nothing_and_one_that_was_not_goes_on() -> None:
    both = ruleset(STUCK, rule("job.queued", "other", lasting="3h"))
    heard = Heard([job(1, "queued", 0)])
    engine = Engine(both, RuleState(), heard)
    list(drive(engine, [job(1, "queued", 0)]))
    after = Engine(ruleset(rule("job.queued", "other", lasting="9h")), reborn(engine.state()), heard)
    assert told(after.advance(at(1000)), rule="other") == [(180, NEW, "s", (1,))]
    gone = Engine(ruleset(), reborn(engine.state()), heard)
    assert gone.advance(at(1000)) == []
    assert gone.state().followed == {}


def test_an_event_that_retention_has_removed_is_not_told_and_not_remembered() -> None:
    engine = Engine(ruleset(STUCK), RuleState(), Heard())
    assert list(drive(engine, [job(1, "queued", 0)], at(500))) == []
    assert engine.state().followed == {}


def test_when_the_owner_is_nobody_the_net_hears_of_it_at_the_time() -> None:
    rules = ruleset(rule("job.queued", lasting="2h", notify=["owner"]), net="info")
    assert told(play(rules, [job(1, "queued", 0, creator="eve")], 500)) == [(120, NEW, "net", (1,))]
    assert told(play(rules, [job(1, "queued", 0, creator="bob")], 500)) == [(120, NEW, "bob", (1,))]


def test_in_stock_for_five_minutes_is_a_debounce() -> None:
    rules = ruleset(rule("flavor.restocked", lasting="5m"))
    flips = [stock(seq, "sold_out" if seq % 2 else "restocked", seq * 2) for seq in range(1, 9)]
    assert told(play(rules, flips, 500)) == [(21, NEW, "s", (8,))]


def test_a_state_that_never_ends_leaves_nothing_behind() -> None:
    rules = ruleset(rule("job.finished", lasting="5m", escalate={"after": "1h", "notify": ["boss"]}))
    engine = Engine(rules, RuleState(), Heard([job(1, "finished", 0)]))
    assert told(drive(engine, [job(1, "finished", 0)], at(500))) == [(5, NEW, "s", (1,)), (65, AGAIN, "boss", (1,))]
    assert engine.state().followed == {}


def test_what_was_told_is_remembered_until_the_state_ends_and_no_longer() -> None:
    events = [job(1, "queued", 0), job(2, "started", 500), job(3, "finished", 600)]
    engine = Engine(ruleset(STUCK), RuleState(), Heard(events))
    list(drive(engine, events[:1], at(400)))
    assert list(engine.state().followed) == ["acc|job/a"]
    list(drive(engine, events[1:2]))
    assert engine.state().followed == {}
