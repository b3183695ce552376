"""Silences at work: what they hide, what is told when they end, what they never hide."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.model import Event
from monitor.rules import Engine, Heard, Hide, Notify, RuleState, SilenceOver, drive
from tests.kit.played import (
    DIGEST,
    NEW,
    about,
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

OF_A = "job.name == 'a'"


def hidden(effects: Any) -> list[tuple[str, str, tuple[str, ...], tuple[int, ...]]]:
    return [(each.by, each.rule, each.sinks, each.seqs) for each in effects if isinstance(each, Hide)]


def words(effect: Any) -> str:
    return f"{effect.text.title}\n{effect.text.plain}"


def over(effects: Any) -> list[tuple[str, int]]:
    return [(each.id, each.hidden) for each in effects if isinstance(each, SilenceOver)]


def test_a_silence_hides_what_matches_until_it_ends_and_what_still_holds_is_told_once_then() -> None:
    rules = ruleset(rule("job.*", notify=["s", "t"]))
    events = [silence(1, 0, 60, OF_A), job(2, "queued", 10, "a"), job(3, "queued", 11, "b"), job(4, "started", 12, "a")]
    effects = play(rules, [*events, job(5, "checkpoint", 13, "a"), job(6, "finished", 60, "a")], 999)
    assert hidden(effects) == [("silence/1", "r", ("s", "t"), (seq,)) for seq in (2, 4, 5)]
    assert told(effects)[1:] == [(60, NEW, "s+t", (6,)), (60, DIGEST, "s+t", (2, 4, 5))]
    effects = play(rules, [*events, job(5, "checkpoint", 13, "a")], 999)
    assert told(effects) == [(11, NEW, "s+t", (3,)), (60, DIGEST, "s+t", (4,))]
    assert over(effects) == [("1", 3)]


def test_where_nothing_of_it_holds_there_is_a_note_that_names_who_and_why() -> None:
    rules = ruleset(rule("flavor.sold_out", notify=["s", "t"]))
    events = [silence(1, 0, 60), stock(2, "sold_out", 10), stock(3, "restocked", 20)]
    *_, note, end = play(rules, events, 999)
    assert told([note]) == [(60, DIGEST, "s+t", (2,))]
    for word in ("ann", "works", "1 message"):
        assert word in words(note)
    assert isinstance(end, SilenceOver)


@pytest.mark.parametrize(("holds", "answered"), [(True, True), (False, False)])
def test_only_what_still_holds_at_the_end_of_a_silence_can_be_answered(holds: bool, answered: bool) -> None:
    rules = ruleset(rule("flavor.sold_out", remind_every="1d"))
    events = [silence(1, 0, 60), stock(2, "sold_out", 10), *([] if holds else [stock(3, "restocked", 20)])]
    said = [each for each in play(rules, events, 100) if isinstance(each, Notify)]
    assert [each.answerable for each in said] == [answered]


def test_a_silence_that_hid_nothing_ends_without_a_word() -> None:
    effects = play(ruleset(rule("flavor.*")), [silence(1, 0, 60, OF_A), stock(2, "sold_out", 5)], 999)
    assert told(effects) == [(5, NEW, "s", (2,))]
    assert over(effects) == [("1", 0)]


@pytest.mark.parametrize("holds", [True, False])
def test_a_silence_that_somebody_ends_early_tells_the_same_then(holds: bool) -> None:
    rules = ruleset(rule("flavor.sold_out"))
    events = [
        silence(1, 0, 60),
        stock(2, "sold_out", 10),
        *([] if holds else [stock(3, "restocked", 15)]),
        unsilence(4, 20),
    ]
    effects = play(rules, [*events, stock(5, "sold_out", 30, "g")], 999)
    assert told(effects) == [(20, DIGEST, "s", (2,)), (30, NEW, "s", (5,))]
    assert "he silence of ann (“works”)" in words(next(each for each in effects if told([each])))
    assert over(effects) == []


def test_a_second_silence_goes_on_where_the_first_ends() -> None:
    rules = ruleset(rule("job.*"))
    events = [silence(1, 0, 60, OF_A, "1"), job(2, "queued", 10), silence(3, 50, 100, OF_A, "2")]
    effects = play(rules, events, 999)
    assert told(effects) == [(100, DIGEST, "s", (2,))]
    assert [by for by, *_ in hidden(effects)] == ["silence/1", "silence/2"]


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
def test_of_silences_that_are_there_at_once_the_longest_counts(order: tuple[str, str]) -> None:
    rules = ruleset(rule("job.*"))
    events = [silence(seq, 0, 60 * int(name), OF_A, name) for seq, name in enumerate(order, 1)]
    effects = play(rules, [*events, job(3, "queued", 10)], 999)
    assert told(effects) == [(120, DIGEST, "s", (3,))]
    assert hidden(effects) == [("silence/2", "r", ("s",), (3,))]


def test_a_silence_hides_what_the_net_would_tell() -> None:
    effects = play(ruleset(net="info"), [silence(1, 0, 60), job(2, "queued", 10)], 999)
    assert told(effects) == [(60, DIGEST, "net", (2,))]
    assert hidden(effects) == [("silence/1", "unmatched", ("net",), (2,))]


def test_a_silence_never_hides_what_people_do_and_the_net_does_not_tell_it() -> None:
    events = [
        silence(1, 0, 60),
        silence(2, 5, 60, id="2"),
        answer(3, "acknowledged", 6),
        answer(4, "snoozed", 7, until=9),
        unsilence(5, 8),
    ]
    assert told(play(ruleset(net="info"), events, 50)) == []
    rules = ruleset(rule(["silence.*", "notification.*"]))
    assert [when for when, *_ in told(play(rules, events, 50))] == [0, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([silence(1, 0, 60), job(2, "queued", 60)], [(60, NEW, "s", (2,))]),
        ([about(1, "silence.added", 0, "silence/1", silence={"id": "1", "match": "true"}), job(2, "queued", 6)], 1),
        ([silence(1, 0, -5), job(2, "queued", 6)], 1),
        ([silence(1, 0, 60, "no such thing"), job(2, "queued", 6)], 1),
        ([silence(1, 0, 60, "job.attempt + 9223372036854775807 > 0"), job(2, "queued", 6, attempt=1)], 1),
        ([unsilence(1, 0), job(2, "queued", 6)], 1),
        ([about(1, "silence.added", 0, "silence/1", silence="x"), job(2, "queued", 6)], 1),
    ],
)
def test_a_silence_that_is_over_or_makes_no_sense_hides_nothing(events: list[Event], said: Any) -> None:
    expected = [(6, NEW, "s", (2,))] if said == 1 else said
    assert told(play(ruleset(rule("job.*")), events, 999)) == expected


def test_a_silence_may_begin_later() -> None:
    data = {
        "id": "1",
        "match": "true",
        "owner": "ann",
        "comment": "",
        "from": at(30).isoformat(),
        "until": at(60).isoformat(),
    }
    events = [about(1, "silence.added", 0, "silence/1", silence=data), job(2, "queued", 20), job(3, "started", 40)]
    assert told(play(ruleset(rule("job.*")), events, 999)) == [(20, NEW, "s", (2,)), (60, DIGEST, "s", (3,))]


def test_each_sink_is_told_of_what_was_kept_from_it() -> None:
    rules = ruleset(rule("job.*", notify=["s", "owner"]))
    events = [silence(1, 0, 60), job(2, "queued", 1, "a", creator="ann"), job(3, "queued", 2, "b", creator="bob")]
    events.append(job(4, "finished", 3, "b", creator="bob"))
    effects = play(rules, events, 999)
    assert told_to(effects, "s") == [(60, DIGEST, (2, 4))]
    assert told_to(effects, "ann") == [(60, DIGEST, (2,))]
    assert told_to(effects, "bob") == [(60, DIGEST, (4,))]


def test_sinks_of_which_nothing_holds_hear_of_their_own() -> None:
    rules = ruleset(rule("flavor.sold_out", notify=["s"]), rule("job.queued", "q", notify=["s", "owner"]))
    events = [
        silence(1, 0, 60),
        job(2, "queued", 1, "a"),
        job(3, "queued", 2, "b", creator="bob"),
        job(4, "started", 3, "a"),
        job(5, "started", 3, "b"),
    ]
    effects = play(rules, events, 999)
    assert sorted(told(effects)) == [(60, DIGEST, "ann", (2,)), (60, DIGEST, "bob", (3,)), (60, DIGEST, "s", (2, 3))]
    counts = {told([each])[0][2]: words(each) for each in effects if told([each])}
    assert "1 message" in counts["ann"]
    assert "2 messages" in counts["s"]


def test_a_rule_on_trial_is_hidden_too_and_is_not_counted() -> None:
    effects = play(ruleset(rule("job.*", shadow=True)), [silence(1, 0, 60), job(2, "queued", 5)], 999)
    assert [each.shadow for each in effects if isinstance(each, Hide)] == [True]
    assert over(effects) == [("1", 0)]


def test_what_a_silence_kept_is_told_by_a_daemon_that_was_down_at_its_end() -> None:
    rules, events = ruleset(rule("job.*")), [silence(1, 0, 60), job(2, "queued", 5)]
    engine = Engine(rules, RuleState(), Heard(events))
    list(drive(engine, events))
    after = Engine(rules, reborn(engine.state()), Heard(events))
    effects = after.advance(at(500), wall=at(500))
    assert told(effects) == [(500, DIGEST, "s", (2,))]
    assert over(effects) == [("1", 1)]


def test_a_rule_that_was_removed_meanwhile_keeps_its_place_in_the_silence() -> None:
    events = [silence(1, 0, 60), job(2, "queued", 5)]
    engine = Engine(ruleset(rule("job.*")), RuleState(), Heard(events))
    list(drive(engine, events))
    after = Engine(ruleset(net="info"), reborn(engine.state()), Heard(events))
    assert told(after.advance(at(999))) == [(60, DIGEST, "s", (2,))]


def test_a_timer_runs_on_in_a_silence() -> None:
    rules = ruleset(rule("job.queued", lasting="30m", remind_every="1h"))
    assert told(play(rules, [silence(1, 0, 60), job(2, "queued", 5)], 130)) == [
        (60, DIGEST, "s", (2,)),
        (120, "reminder", "s", (2,)),
    ]
    assert told(play(rules, [silence(1, 0, 60), job(2, "queued", 5), job(3, "started", 20)], 130)) == []


def test_messages_are_counted_as_they_would_have_been_sent() -> None:
    grouped = rule("job.queued", notify=["s", "t"], group_by=[], group_wait="5m")
    events = [silence(1, 0, 60), *(job(seq, "queued", 1, f"j{seq}") for seq in (2, 3, 4))]
    events += [job(seq, "started", 20, f"j{seq - 3}") for seq in (5, 6, 7)]
    effects = play(ruleset(grouped), events, 999)
    assert hidden(effects) == [("silence/1", "r", ("s", "t"), (2, 3, 4))]
    assert over(effects) == [("1", 1)]
    assert "it kept back 1 message, and nothing of it still holds" in words(effects[-2])


def test_a_message_that_is_hidden_again_counts_again() -> None:
    events = [job(1, "queued", 0), silence(2, 10, 300), job(3, "started", 200)]
    effects = play(ruleset(rule("job.queued", remind_every="1h", resolved=False)), events, 999)
    assert over(effects) == [("1", 3)]
    assert "it kept back 3 messages, and nothing of it still holds" in words(effects[-2])
