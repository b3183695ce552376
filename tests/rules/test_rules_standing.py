"""What was told and is not over: reminders, the message that it is over, answers of people, escalation."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.model import Event, Reason, Severity
from monitor.rules import Engine, Heard, Notify, RuleState, drive
from tests.kit.played import (
    AGAIN,
    CATCH_UP,
    DIGEST,
    NEW,
    OVER,
    about,
    account,
    answer,
    at,
    job,
    play,
    reborn,
    rule,
    ruleset,
    silence,
    stock,
    told,
    told_to,
    unsilence,
)

AGAIN_HOURLY: dict[str, Any] = {"on": "job.queued", "remind_every": "1h"}
STEPS = [{"after": "20m", "notify": ["boss"]}, {"after": "1h", "notify": ["t", "owner", "s"]}]
NIGHT = {"between": ["12:00", "16:00"]}


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], [(0, NEW), (60, AGAIN), (120, AGAIN), (180, AGAIN)]),
        ([job(2, "started", 90)], [(0, NEW), (60, AGAIN), (90, OVER)]),
        ([job(2, "started", 60)], [(0, NEW), (60, OVER)]),
        ([job(2, "queued", 90)], [(0, NEW), (60, AGAIN), (90, NEW), (150, AGAIN), (210, AGAIN)]),
        ([answer(2, "acknowledged", 90)], [(0, NEW), (60, AGAIN)]),
        ([answer(2, "acknowledged", 90), job(3, "started", 99)], [(0, NEW), (60, AGAIN), (99, OVER)]),
        ([answer(2, "acknowledged", 9, "job/b")], [(0, NEW), (60, AGAIN), (120, AGAIN), (180, AGAIN)]),
        ([answer(2, "acknowledged", 9, name="q")], [(0, NEW), (60, AGAIN), (120, AGAIN), (180, AGAIN)]),
        ([answer(2, "snoozed", 90, until=150)], [(0, NEW), (60, AGAIN), (150, AGAIN), (210, AGAIN)]),
        ([answer(2, "snoozed", 10, until=15)], [(0, NEW), (15, AGAIN), (75, AGAIN), (135, AGAIN), (195, AGAIN)]),
        ([answer(2, "snoozed", 90, until=150), job(3, "started", 140)], [(0, NEW), (60, AGAIN), (140, OVER)]),
        (
            [account(2, "unreachable", 90), account(3, "recovered", 130)],
            [(0, NEW), (60, AGAIN), (131, AGAIN), (191, AGAIN)],
        ),
    ],
)
def test_it_is_told_again_until_its_state_ends_or_somebody_answers(events: list[Event], said: list[Any]) -> None:
    rules = ruleset(rule(**AGAIN_HOURLY))
    assert [(when, why) for when, why, *_ in told(play(rules, [job(1, "queued", 0), *events], 215))] == said


@pytest.mark.parametrize(("resolved", "said"), [(None, [OVER]), (True, [OVER]), (False, [])])
def test_whether_the_end_is_told_is_up_to_the_rule(resolved: bool | None, said: list[str]) -> None:
    rules = ruleset(rule("job.queued", remind_every="1h", resolved=resolved), net="info")
    effects = play(rules, [job(1, "queued", 0), job(2, "started", 9)], 30)
    assert [why for _, why, *_ in told(effects, rule="r")] == [NEW, *said]
    assert [why for _, why, *_ in told(effects, rule="unmatched")] == ([] if said else [NEW])  # it was told already


def test_the_end_is_told_without_reminders_where_the_rule_says_so() -> None:
    rules = ruleset(rule("flavor.sold_out", resolved=True, notify=["t", "s"]))
    events = [stock(1, "sold_out", 0), stock(2, "restocked", 700)]
    assert told(play(rules, events, 999)) == [(0, NEW, "t+s", (1,)), (700, OVER, "t+s", (2,))]


def test_a_rule_that_takes_the_ending_event_itself_does_not_say_so_twice() -> None:
    events = [stock(1, "sold_out", 0), stock(2, "restocked", 700)]
    both = rule("flavor.*", resolved=True)
    assert told(play(ruleset(both), events, 999)) == [(0, NEW, "s", (1,)), (700, NEW, "s", (2,))]
    one = rule("flavor.*", resolved=True, when="flavor.stock == 'soldout'")
    assert told(play(ruleset(one), events, 999)) == [(0, NEW, "s", (1,)), (700, OVER, "s", (2,))]


def test_the_end_is_told_to_all_who_were_told_and_to_nobody_else() -> None:
    escalates = rule("job.queued", remind_every="3h", escalate=STEPS, notify=["s"])
    queued = job(1, "queued", 0)
    assert told(play(ruleset(escalates), [queued, job(2, "started", 10)], 500)) == [
        (0, NEW, "s", (1,)),
        (10, OVER, "s", (2,)),
    ]
    after_one = told(play(ruleset(escalates), [queued, job(2, "started", 30)], 500))
    assert after_one == [(0, NEW, "s", (1,)), (20, AGAIN, "boss", (1,)), (30, OVER, "s+boss", (2,))]
    waits = rule("job.queued", lasting="1h", remind_every="1h")
    assert told(play(ruleset(waits), [queued, job(2, "started", 59)], 500)) == []


def test_who_was_never_told_because_of_a_silence_hears_of_no_end() -> None:
    events = [silence(1, 0, 30, "event.type == 'job.queued'"), job(2, "queued", 5), job(3, "started", 20)]
    rules = ruleset(rule("job.queued", remind_every="1h"))
    assert [why for _, why, *_ in told(play(rules, events, 500))] == [DIGEST]  # the note of the silence


def test_an_escalation_that_a_silence_hid_is_nothing_to_tell_the_end_of() -> None:
    rules = ruleset(rule("job.queued", remind_every="9h", escalate=STEPS[:1]))
    events = [job(1, "queued", 0), silence(2, 10, 40, "event.type == 'job.queued'"), job(3, "started", 30)]
    assert (30, OVER, "s", (3,)) in told(play(rules, events, 35))
    assert told(play(rules, [*events[:2], job(3, "started", 60)], 90))[-1] == (60, OVER, "s+boss", (3,))


def test_reminders_of_one_group_come_together_and_each_ends_by_itself() -> None:
    rules = ruleset(rule("job.queued", group_by=["account.name"], remind_every="1h"))
    events = [*(job(seq, "queued", 0, f"j{seq}") for seq in (1, 2, 3)), job(4, "started", 70, "j2")]
    assert told(play(rules, events, 190)) == [
        (0.5, DIGEST, "s", (1, 2, 3)),
        (60.5, AGAIN, "s", (1, 2, 3)),
        (70.5, OVER, "s", (4,)),
        (120.5, AGAIN, "s", (1, 3)),
        (180.5, AGAIN, "s", (1, 3)),
    ]


def test_reminders_of_different_things_do_not_come_together() -> None:
    rules = ruleset(rule("job.queued", remind_every="1h"))
    events = [job(1, "queued", 0, "a"), job(2, "queued", 0, "b")]
    assert told(play(rules, events, 70))[2:] == [(60, AGAIN, "s", (1,)), (60, AGAIN, "s", (2,))]


def test_while_is_held_against_the_newest_event_and_ends_the_reminders() -> None:
    rules = ruleset(rule("job.queued", lasting="30m", remind_every="1h", holds="job.tokens < 5"))
    newer = [
        job(2, "checkpoint", 10, tokens=2),
        job(3, "checkpoint", 100, tokens=9),
        job(4, "checkpoint", 110, tokens=1),
    ]
    assert told(play(rules, [job(1, "queued", 0, tokens=1), *newer], 500)) == [
        (30, NEW, "s", (1,)),
        (90, AGAIN, "s", (1,)),
        (100, OVER, "s", (3,)),
    ]
    by_time = ruleset(rule("job.queued", remind_every="1h", holds='now - event.time < duration("150m")'))
    assert [each[:2] for each in told(play(by_time, [job(1, "queued", 0)], 999))] == [
        (0, NEW),
        (60, AGAIN),
        (120, AGAIN),
        (180, OVER),
    ]


def test_those_who_were_told_hear_that_it_is_not_as_while_asks_any_more() -> None:
    options: dict[str, Any] = {"lasting": "30m", "holds": "job.tokens < 5", "resolved": True}
    events = [job(1, "queued", 0, tokens=1), job(2, "checkpoint", 100, tokens=9), job(3, "started", 200, tokens=9)]
    *_, said = play(ruleset(rule("job.queued", **options)), events, 500)
    assert isinstance(said, Notify)
    assert (
        said.text.title == "Training job “a” does not meet the rule's condition any more, in the queue for 1 h 40 min"
    )
    assert "Meaning: the state lasts, but the rule's `while` is not true any more" in said.text.plain
    assert not said.answerable
    never_told = [job(1, "queued", 0, tokens=1), job(2, "checkpoint", 10, tokens=9)]
    assert play(ruleset(rule("job.queued", **options)), never_told, 500) == []
    silent = ruleset(rule("job.queued", **{**options, "resolved": False}))
    assert told(play(silent, events, 500)) == [(30, NEW, "s", (1,))]
    breaks = ruleset(
        rule("job.queued", **{**options, "holds": "job.tokens + 9223372036854775807 > 0 || now < event.time"})
    )
    wrong = [job(1, "queued", 0, tokens=-1), *events[1:]]
    assert [each[1] for each in told(play(breaks, wrong, 150))] == [NEW], "nobody can say whether it holds"


def test_a_rule_that_tells_at_once_what_its_while_ends_says_it_as_news() -> None:
    rules = ruleset(rule(["job.queued", "job.requeued"], holds="job.tokens < 5", remind_every="1h"))
    events = [job(1, "queued", 0, tokens=1), job(2, "requeued", 10, tokens=9)]
    assert told(play(rules, events, 50)) == [(0, NEW, "s", (1,)), (10, NEW, "s", (2,))]


def test_what_was_over_before_its_group_was_told_leaves_no_reminder() -> None:
    rules = ruleset(rule("job.queued", group_by=[], remind_every="1h"))
    engine = Engine(rules, RuleState(), Heard(events := [job(1, "queued", 0), job(2, "started", 0.2)]))
    assert told(drive(engine, events, at(500))) == [(0.5, NEW, "s", (1,))]
    assert engine.state().followed == {}


def test_what_began_anew_before_its_group_was_told_is_reminded_of_by_its_last_event() -> None:
    rules = ruleset(rule("job.queued", group_by=[], remind_every="1h"))
    events = [job(1, "queued", 0), job(2, "started", 0.1), job(3, "queued", 0.2)]
    assert told(play(rules, events, 70)) == [(0.5, DIGEST, "s", (1, 3)), (60.5, AGAIN, "s", (3,))]


def test_the_end_that_a_window_kept_back_leaves_no_reminder() -> None:
    rules = ruleset(rule("job.queued", remind_every="3h", hold=NIGHT))
    events = [job(1, "queued", 0), job(2, "started", 150)]
    assert told(play(rules, events, 5000)) == [(0, NEW, "s", (1,)), (360, DIGEST, "s", (2,))]


def test_reminders_in_a_window_are_one_message_at_its_end_and_go_on() -> None:
    rules = ruleset(rule("job.queued", remind_every="1h", hold=NIGHT))
    assert told(play(rules, [job(1, "queued", 0)], 490)) == [
        (0, NEW, "s", (1,)),
        (60, AGAIN, "s", (1,)),
        (360, DIGEST, "s", (1,)),
        (420, AGAIN, "s", (1,)),
        (480, AGAIN, "s", (1,)),
    ]


@pytest.mark.parametrize("ended", [True, False])
def test_reminders_in_a_silence_are_told_once_at_its_end_if_it_still_is_so(ended: bool) -> None:
    rules = ruleset(rule("job.queued", remind_every="1h"))
    events = [job(1, "queued", 0), silence(2, 30, 200, "job.name == 'a' && event.type == 'job.queued'")]
    events += [unsilence(3, 190)] if ended else []
    said = told(play(rules, events, 230))
    assert said == [(0, NEW, "s", (1,)), (190 if ended else 200, DIGEST, "s", (1,))]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], [(0, NEW, "s"), (20, AGAIN, "boss"), (60, AGAIN, "t+ann")]),
        ([answer(2, "acknowledged", 10)], [(0, NEW, "s")]),
        ([answer(2, "acknowledged", 20)], [(0, NEW, "s")]),
        ([answer(2, "acknowledged", 21)], [(0, NEW, "s"), (20, AGAIN, "boss")]),
        (
            [answer(2, "snoozed", 10, until=50)],
            [(0, NEW, "s"), (50, AGAIN, "s"), (50, AGAIN, "boss"), (60, AGAIN, "t+ann")],
        ),
        ([job(2, "started", 30)], [(0, NEW, "s"), (20, AGAIN, "boss")]),
        (
            [account(2, "unreachable", 10), account(3, "recovered", 39)],
            [(0, NEW, "s"), (40, AGAIN, "boss"), (60, AGAIN, "t+ann")],
        ),
    ],
)
def test_an_escalation_takes_its_steps_until_somebody_acknowledges_or_the_state_ends(
    events: list[Event], said: Any
) -> None:
    rules = ruleset(rule("job.queued", escalate=STEPS))
    effects = play(rules, [job(1, "queued", 0), *events], 999)
    assert sorted(each[:3] for each in told(effects)) == sorted(said)
    assert all(each.answerable for each in effects if isinstance(each, Notify))


def test_an_escalation_after_for_counts_from_the_first_message() -> None:
    rules = ruleset(rule("job.queued", lasting="2h", escalate=STEPS[:1]))
    assert told(play(rules, [job(1, "queued", 0)], 999)) == [(120, NEW, "s", (1,)), (140, AGAIN, "boss", (1,))]


def test_what_sets_no_state_is_escalated_too_and_nothing_but_an_answer_ends_that() -> None:
    rules = ruleset(rule("job.checkpoint", escalate=STEPS))
    events = [job(1, "started", 0), job(2, "checkpoint", 1), job(3, "finished", 5)]
    assert told(play(rules, events, 999)) == [
        (1, NEW, "s", (2,)),
        (21, AGAIN, "boss", (2,)),
        (61, AGAIN, "t+ann", (2,)),
    ]
    assert told(play(rules, [*events, answer(4, "acknowledged", 30)], 999)) == [
        (1, NEW, "s", (2,)),
        (21, AGAIN, "boss", (2,)),
    ]
    again = [about(1, "delivery.dead", 0, "sink/t"), about(2, "delivery.dead", 15, "sink/t")]
    rules = ruleset(rule("delivery.dead", escalate=STEPS[:1]))
    assert [each[:3] for each in told(play(rules, again, 999))] == [(0, NEW, "s"), (15, NEW, "s"), (20, AGAIN, "boss")]


def test_a_reminder_that_is_due_with_a_step_goes_to_those_who_were_told_before() -> None:
    rules = ruleset(rule("job.queued", remind_every="20m", escalate=STEPS[:1]))
    said = [each for each in told(play(rules, [job(1, "queued", 0)], 45)) if each[0] == 20]
    assert sorted(each[2] for each in said) == ["boss", "s"]
    assert told_to(play(rules, [job(1, "queued", 0)], 45), "boss") == [(20, AGAIN, (1,)), (40, AGAIN, (1,))]


def test_whoever_is_told_by_another_way_later_hears_of_the_end_too() -> None:
    rules = ruleset(rule("job.queued", notify=["s", "owner"], throttle="1h", resolved=True))
    events = [job(1, "queued", 0, creator="ann"), job(2, "queued", 10, creator="bob"), job(3, "started", 200)]
    assert told(play(rules, events, 500)) == [
        (0, NEW, "s+ann", (1,)),
        (10, NEW, "bob", (2,)),
        (60, NEW, "s", (2,)),
        (200, OVER, "s+ann+bob", (3,)),
    ]


def test_what_was_over_while_nobody_looked_is_told_together() -> None:
    events = [
        *(job(seq, "queued", 0, f"j{seq}") for seq in (1, 2)),
        *(job(seq + 2, "started", 99, f"j{seq}", late=True) for seq in (1, 2)),
    ]
    said = told(play(ruleset(rule("job.queued", resolved=True)), events, 500))
    assert said == [(0, NEW, "s", (1,)), (0, NEW, "s", (2,)), (99.5, CATCH_UP, "s", (3, 4))]


def test_a_sink_that_was_removed_is_told_no_more() -> None:
    events = [job(1, "queued", 0), job(2, "started", 100)]
    two = ruleset(rule("job.queued", remind_every="1h", notify=["s", "t"]))
    engine = Engine(two, RuleState(), Heard(events))
    list(drive(engine, events[:1]))
    less = type(two).compile([rule("job.queued", remind_every="1h", notify=["s"])], (), None, ["s"])
    after = Engine(less, reborn(engine.state()), Heard(events))
    assert told(drive(after, events[1:])) == [(60, AGAIN, "s", (1,)), (100, OVER, "s", (2,))]


def test_a_state_that_never_ends_is_forgotten_once_nothing_follows() -> None:
    rules = ruleset(rule("job.*", resolved=True), rule("job.finished", "e", escalate=STEPS[:1]))
    events = [job(1, "finished", 0), answer(2, "acknowledged", 5, name="e")]
    engine = Engine(rules, RuleState(), Heard(events))
    list(drive(engine, events))
    assert engine.state().followed == {}


def test_messages_say_how_severe_it_is_and_how_often_it_was_told() -> None:
    rules = ruleset(rule("job.queued", remind_every="1h", severity="critical"))
    first, second, third, end = play(rules, [job(1, "queued", 0), job(2, "started", 130)], 200)
    assert [each.severity for each in (first, second, third, end)] == [Severity.CRITICAL] * 3 + [Severity.INFO]  # type: ignore[union-attr]
    assert [each.answerable for each in (first, second, third, end)] == [True, True, True, False]  # type: ignore[union-attr]
    assert len({each.mark for each in (second, third)}) == 2  # type: ignore[union-attr]
    assert end.reason is Reason.RESOLVED  # type: ignore[union-attr]
