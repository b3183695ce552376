"""Windows and silences that end while nobody can see how things are: what still holds is told when that is known."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.model import Event
from monitor.rules import Engine, Heard, Notify, RuleState, drive
from tests.kit.played import (
    DIGEST,
    about,
    account,
    at,
    job,
    play,
    reborn,
    rule,
    ruleset,
    silence,
    stock,
    told,
    unsilence,
)

NOON = {"between": ["09:00", "12:00"]}
MUTED = rule("job.started", mute=NOON)
LAST_SEEN = "when last seen"


def texts(effects: Any) -> list[str]:
    return [f"{each.text.title}\n{each.text.plain}" for each in effects if isinstance(each, Notify)]


def hiding(how: str) -> tuple[Any, list[Event]]:
    """A rule, and the silence that does what its window would; both end after two hours."""
    if how == "mute":
        return ruleset(MUTED), []
    ends = [unsilence(9, 120)] if how == "early" else []
    return ruleset(rule("job.started")), [silence(1, 0, 120 if how == "silence" else 300), *ends]


@pytest.mark.parametrize("how", ["mute", "silence", "early"])
@pytest.mark.parametrize(
    ("after", "said"),
    [
        ([], []),
        ([account(10, "recovered", 200)], [(201, DIGEST, "s", (2,))]),
        ([account(10, "recovered", 119.5)], [(120.5, DIGEST, "s", (2,))]),
        ([account(10, "recovered", 200), job(11, "checkpoint", 200)], [(201, DIGEST, "s", (2,))]),
        ([account(10, "recovered", 200), account(11, "unreachable", 200.5)], []),
    ],
)
def test_what_nobody_can_see_at_the_end_waits_until_it_is_seen(how: str, after: list[Event], said: list[Any]) -> None:
    rules, silenced = hiding(how)
    events = [*silenced, job(2, "started", 1), account(3, "unreachable", 70), *after]
    effects = play(rules, sorted(events, key=lambda event: event.detected_at), 999)
    assert told(effects) == said
    if said and said[0][0] > 200:
        assert "Told late: it fell due 2026-01-05 12:00 UTC, while account acc could not be seen" in texts(effects)[0]
        assert "has been running for 3 h" in texts(effects)[0]
        assert how == "mute" or "works" in texts(effects)[0]


@pytest.mark.parametrize("end", [200, 200.9])
def test_what_ended_meanwhile_is_not_said_to_go_on(end: float) -> None:
    events = [job(2, "started", 1), account(3, "unreachable", 70)]
    events += [account(10, "recovered", 200), job(11, "finished", end)]
    assert told(play(ruleset(MUTED), events, 999)) == []
    effects = play(ruleset(rule("job.started")), [silence(1, 0, 120), *events], 999)
    assert told(effects) == [(201, DIGEST, "s", (2,))]
    assert "kept back 1 message, and nothing of it still holds" in texts(effects)[0]


def test_what_can_be_seen_and_what_is_over_for_good_does_not_wait() -> None:
    rules = ruleset(rule(["job.*", "flavor.*"], mute=NOON))
    events = [job(1, "started", 1, "a"), stock(2, "sold_out", 2), job(3, "finished", 3, "b")]
    effects = play(rules, [*events, account(4, "unreachable", 70), account(5, "recovered", 200)], 999)
    assert told(effects) == [(120, DIGEST, "s", (3,)), (201, DIGEST, "s", (1, 2))]


def test_a_watch_that_was_not_polled_yet_keeps_only_its_own() -> None:
    rules = ruleset(rule(["job.started", "flavor.sold_out"], mute=NOON))
    events = [job(1, "started", 1), stock(2, "sold_out", 2)]
    engine = Engine(rules, RuleState(), heard := Heard(events))
    made = list(drive(engine, events, at(130), unseen=["acc|jobs"], wall=at(130)))
    assert told(made) == [(130, DIGEST, "s", (2,))]
    assert engine.waiting
    engine = Engine(rules, reborn(engine.state()), heard)
    assert told(engine.advance(at(140), unseen=["acc|jobs"], wall=at(140))) == []
    assert told(engine.advance(at(150), wall=at(150))) == [(150, DIGEST, "s", (1,))]
    assert not engine.waiting
    assert not engine.state().followed


def test_each_of_two_windows_that_end_in_the_dark_keeps_its_place() -> None:
    events = [job(1, "started", 1, "a"), account(2, "unreachable", 70), job(3, "started", 23 * 60, "b")]
    effects = play(ruleset(MUTED), [*events, account(4, "recovered", 30 * 60)], 99 * 60)
    assert told(effects) == [(30 * 60 + 1, DIGEST, "s", (1, 3))]


GROUPED = {"group_by": [], "group_wait": "90m"}


@pytest.mark.parametrize("how", [{"hold": NOON}, GROUPED, {"throttle": "90m"}])
def test_what_has_happened_is_told_in_time_and_as_it_was_when_last_seen(how: dict[str, Any]) -> None:
    """The group begins with the second job, for a throttle tells the first at once."""
    events = [job(1, "started", 0, "a"), job(2, "started", 1, "a"), account(3, "unreachable", 70)]
    effects = play(ruleset(rule("job.started", **how)), [*events, account(4, "recovered", 200)], 999)
    said = texts(effects)[-1]
    assert [each.at < at(121) for each in effects if isinstance(each, Notify)][-1]
    assert said.splitlines()[0] == f"Training job “a” is running, {LAST_SEEN}"
    assert "As last seen: account acc cannot be reached since 2026-01-05 11:10 UTC" in said


@pytest.mark.parametrize(
    ("second", "title"),
    [
        (job(2, "finished", 1, "b"), "1 job started, 1 finished, when last seen"),
        (stock(2, "sold_out", 1), "1 job started, 1 flavor sold out"),
    ],
)
def test_a_title_says_so_where_all_that_may_change_is_out_of_sight(second: Event, title: str) -> None:
    rules = ruleset(rule(["job.*", "flavor.*"], hold=NOON))
    events = [job(1, "started", 0, "a"), second]
    engine = Engine(rules, RuleState(), Heard(events))
    (said,) = texts(drive(engine, events, at(130), unseen=["acc|jobs"], wall=at(130)))
    assert said.splitlines()[0] == title
    assert "As last seen: account acc cannot be reached\n" in said


def test_what_is_over_and_what_is_in_sight_is_told_as_ever() -> None:
    dark = [account(3, "unreachable", 70), account(4, "recovered", 200)]
    over = [job(1, "finished", 0, "a"), job(2, "finished", 1, "b")]
    for events in ([*over, *dark], [job(1, "started", 0, "a"), job(2, "started", 1, "b")]):
        (said,) = texts(play(ruleset(rule("job.*", hold=NOON)), events, 999))
        assert "last seen" not in said


def test_reminders_and_escalations_wait_until_it_is_seen_whether_they_are_due() -> None:
    manners = {"remind_every": "90m", "escalate": [{"after": "80m", "notify": ["boss"]}], "resolved": False}
    events = [job(1, "queued", 0), account(2, "unreachable", 70), account(3, "recovered", 200)]
    rules = ruleset(rule("job.queued", **manners))
    assert [when for when, *_ in told(play(rules, events, 210))] == [0, 201, 201]
    assert [when for when, *_ in told(play(rules, [*events, job(4, "started", 200)], 999))] == [0]


def test_what_came_to_light_after_the_start_is_told_at_once_when_its_silence_ends() -> None:
    rules, begun = ruleset(rule("job.started")), about(3, "monitor.started", 100, "monitor")
    fresh = [silence(1, 0, 300), begun, job(4, "started", 100.3), unsilence(5, 100.5)]
    assert told(play(rules, fresh, 999)) == [(100.5, DIGEST, "s", (4,))]
    older = [silence(1, 0, 300), job(2, "started", 1), begun, unsilence(5, 100.5)]
    assert told(play(rules, older, 999)) == [(101, DIGEST, "s", (2,))]
