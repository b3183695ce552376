"""What is told of a sink reaches others in every way a message can take, and never the sink itself."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from monitor.model import Event
from tests.kit.played import AGAIN, NEW, OVER, about, play, rule, ruleset, told

STEPS = [{"after": "20m", "notify": ["t", "boss"]}]


def failing(seq: int, minutes: float, sink: str = "t") -> Event:
    data = {"sink": sink, "detail": "answered 503", "since": "2026-01-05T09:58:00Z", "attempts": 4, "waiting": 2}
    return about(seq, "sink.failing", minutes, f"sink/{sink}", severity="warning", **data)


def recovered(seq: int, minutes: float, sink: str = "t") -> Event:
    data = {"sink": sink, "since": "2026-01-05T09:58:00Z", "down_for": 900.0, "waiting": 2}
    return about(seq, "sink.recovered", minutes, f"sink/{sink}", **data)


def dead(seq: int, minutes: float, sink: str = "t") -> Event:
    data = {"sink": sink, "rule": "r", "title": "w", "attempts": 0, "detail": "answered 404", "delivery": "d"}
    return about(seq, "delivery.dead", minutes, f"sink/{sink}", severity="critical", **data)


WAYS: list[dict[str, Any]] = [
    {},
    {"lasting": "10m"},
    {"remind_every": "15m", "resolved": True},
    {"escalate": STEPS, "remind_every": "30m"},
    {"group_by": [], "group_wait": "5m"},
    {"throttle": "10m"},
    {"notify": ["s", "t", "owner"]},
    {"hold": {"between": ["10:00", "11:00"]}},
    {"mute": {"between": ["10:00", "11:00"]}},
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "+".join(way) or "at once")
def test_no_way_leads_to_the_sink_itself(way: dict[str, Any]) -> None:
    number = count(1)
    events = [
        each(next(number), minutes + at, sink)
        for minutes in (0.0, 200.0)
        for each, at in ((failing, 0.0), (dead, 1.0), (recovered, 95.0))
        for sink in ("t", "s")
    ]
    lasts = not {"lasting", "remind_every"}.isdisjoint(way)
    types = ["sink.failing"] if lasts else ["sink.*", "delivery.dead"]
    rules = ruleset(rule(types, **({"notify": ["s", "t"]} | way)), net="info")
    said = told(play(rules, events, 999))
    assert said
    about_it = {event.seq: event.subject.removeprefix("sink/") for event in events}
    for _, _, sinks, seqs in said:
        assert {about_it[seq] for seq in seqs}.isdisjoint(sinks.split("+"))


def test_failing_is_told_reminded_of_and_its_end_told_to_the_others() -> None:
    rules = ruleset(rule("sink.failing", notify=["s", "t"], remind_every="30m", resolved=True))
    said = told(play(rules, [failing(1, 0), recovered(2, 70)], 999))
    assert [each[:3] for each in said] == [(0, NEW, "s"), (30, AGAIN, "s"), (60, AGAIN, "s"), (70, OVER, "s")]


def test_where_there_is_no_other_sink_nobody_is_told_and_nothing_is_kept() -> None:
    rules = ruleset(rule("sink.failing", notify=["t"], remind_every="30m"))
    assert play(rules, [failing(1, 0), recovered(2, 70)], 999) == []


@pytest.mark.parametrize(("net", "heard"), [("info", 2), ("warning", 2), ("critical", 0)])
def test_who_hears_in_the_net_that_a_sink_fails_hears_its_end_too(net: str, heard: int) -> None:
    assert len(told(play(ruleset(net=net), [failing(1, 0), recovered(2, 9)], 99))) == heard


@pytest.mark.parametrize(("was", "heard"), [("unauthorized", 1), ("unreachable", 0), (None, 0)])
def test_who_hears_only_what_is_critical_hears_the_end_of_that(was: str | None, heard: int) -> None:
    up = about(1, "account.recovered", 0, "account", watch="jobs", reason="no", down_for=60.0, was=was)
    assert len(told(play(ruleset(net="critical"), [up], 99))) == heard


def test_what_no_rule_takes_goes_to_the_net_but_not_to_the_sink_in_it() -> None:
    assert [each[2] for each in told(play(ruleset(net="info"), [failing(1, 0), recovered(2, 9)], 99))] == ["net", "net"]
    assert told(play(ruleset(net="info"), [failing(1, 0, "net"), recovered(2, 9, "net")], 99)) == []
