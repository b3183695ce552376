"""Silences over the API: what is checked before one is added, what the preview finds, and how one ends early."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.model import Event, EventType, Reason, rfc3339
from monitor.rules import RuleOptions
from monitor.store import Connection, HiddenWrite, read_events, write_hidden, write_notifications
from tests.kit import silent
from tests.kit.api import Asking
from tests.kit.made import NOON, notification

WHO = "ann (uid 1000)"
GOOD: dict[str, Any] = {"match": 'job.name == "nightly"', "for": "2h", "owner": "ann", "comment": "maintenance"}


async def events(ask: Asking, *types: EventType) -> list[Event]:
    return await ask.inside.store.read(lambda conn: read_events(conn, types=[each.value for each in types]))


async def test_a_silence_is_a_row_and_an_event_of_one_moment_and_whoever_reads_the_log_hears(ask: Asking) -> None:
    rung: list[str] = []
    ask.inside.ring = lambda: rung.append("rung")
    done = await ask.post("/silences", **GOOD)
    now = ask.clock.now()
    assert (done["state"], done["hidden"], done["owner"]) == ("active", 0, "ann")
    assert (done["starts_at"], done["ends_at"]) == (rfc3339(now), rfc3339(now + timedelta(hours=2)))
    assert done["preview"]["messages"] == 0
    (event,) = await events(ask, EventType.SILENCE_ADDED)
    assert event.subject == f"silence/{done['id']}"
    assert event.data["by"] == f"ann ({WHO})"
    silence = event.data["silence"]
    assert (silence["match"], silence["from"], silence["until"]) == (GOOD["match"], done["starts_at"], done["ends_at"])
    assert rung == ["rung"]
    assert [item["id"] for item in await ask.items("/silences", state="active")] == [done["id"]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"match": "job.stat == 1"}, "wrong at column 4: job has no field 'stat'; did you mean state?"),
        ({"match": "job.name"}, "column 1: gives "),
        ({"match": 'job.name == "a'}, "column 13: syntax error"),
        ({"for": None}, "It has no end."),
        ({"until": "2h"}, "`for` and `until` are both given."),
        ({"for": "2 hours"}, "`for`: '2 hours' is no duration; write 2h."),
        ({"for": "0s"}, "It would end before it begins."),
        ({"for": "400d"}, "more than a year"),
        ({"for": None, "until": "2026-11-20T12:00:00Z"}, "It would end before it begins."),
        ({"from": "3d", "for": None, "until": "2d"}, "It would end before it begins."),
        ({"for": None, "until": "tomorrow"}, "`until` is no time"),
        ({"owner": None}, "`owner` is missing"),
        ({"comment": None}, "`comment` is missing"),
        ({"comment": "  "}, "`comment` is blank"),
        ({"comment": "x" * 501}, "`comment` must be a text of 1 to 500 characters"),
        ({"comment": "a\nb"}, "`comment` has line breaks or other control characters in it."),
        ({"mach": "true"}, "There is no parameter 'mach' here."),
    ],
)
async def test_what_cannot_stand_is_refused_with_its_place_and_nothing_is_added(
    changes: dict[str, Any], said: str, ask: Asking
) -> None:
    asked = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    problem = await ask.problem("/silences", "POST", who=WHO, **asked)
    assert problem["status"] == 400
    assert said in problem["detail"]
    assert problem["hint"]
    assert "HTTP" not in problem["hint"]
    if len(asked) == len(GOOD):  # what is left out is no mistake there
        assert said in (await ask.problem("/silences/preview", "POST", who=WHO, **asked))["detail"]
    assert (await ask.items("/silences"), await events(ask, EventType.SILENCE_ADDED)) == ([], [])


async def test_nobody_adds_or_ends_one_who_proves_nothing(ask: Asking) -> None:
    assert (await ask.problem("/silences", "POST", **GOOD))["status"] == 403
    done = await ask.post("/silences", **GOOD)
    assert (await ask.problem(f"/silences/{done['id']}/end", "POST"))["status"] == 403
    assert (await ask.get(f"/silences/{done['id']}"))["state"] == "active"


async def test_it_may_begin_later_and_a_beginning_that_is_past_is_now(ask: Asking) -> None:
    later = await ask.post("/silences", **{**GOOD, "from": "1h"})
    now = ask.clock.now()
    assert (later["state"], later["ends_at"]) == ("scheduled", rfc3339(now + timedelta(hours=3)))
    past = await ask.post("/silences", **{**GOOD, "from": "2026-11-01"})
    assert (past["state"], past["starts_at"]) == ("active", rfc3339(now))
    ask.clock.advance(2.5 * 3600)
    states = {item["id"]: item["state"] for item in await ask.items("/silences")}
    assert states == {later["id"]: "active", past["id"]: "ended"}
    assert [item["id"] for item in await ask.items("/silences", state="ended")] == [past["id"]]


async def test_one_is_ended_early_once_and_the_event_says_who_and_how_much_it_hid(ask: Asking) -> None:
    await ask.inside.store.write(lambda conn: silent.silenced(conn, "e", ask.clock.now()))
    done = await ask.post(f"/silences/{silent.SILENCE}/end", by="bob")
    assert (done["state"], done["ended_by"], done["hidden"]) == ("ended", f"bob ({WHO})", 1)
    (event,) = await events(ask, EventType.SILENCE_ENDED)
    assert (event.data["by"], event.data["hidden"], event.quiet) == (f"bob ({WHO})", 1, False)
    twice = await ask.problem(f"/silences/{silent.SILENCE}/end", "POST", who=WHO)
    assert (twice["status"], "ended already" in twice["detail"]) == (409, True)
    assert len(await events(ask, EventType.SILENCE_ENDED)) == 1
    assert (await ask.problem("/silences/nix/end", "POST", who=WHO))["status"] == 404


async def test_what_one_hid_is_shown_with_rule_and_sinks(ask: Asking) -> None:
    await ask.inside.store.write(lambda conn: silent.silenced(conn, "e", ask.clock.now()))
    found = await ask.get(f"/silences/{silent.SILENCE}")
    (event,) = found["events"]
    assert (event["type"], event["subject"], event["rules"], event["sinks"]) == (
        "job.queued",
        "job/night-1",
        ["stuck"],
        ["journal"],
    )
    assert "night-1" in event["title"]
    assert (found["hidden"], found["things"]) == (1, 1)


async def test_what_one_hid_has_a_line_for_each_thing_and_counts_messages_whoever_ends_it(ask: Asking) -> None:
    def write(conn: Connection) -> None:
        now = ask.clock.now()
        silent.silenced(conn, "e", now)
        once, twice = (silent.queued(conn, "e", name, now) for name in ("x", "x"))
        other = silent.queued(conn, "e", "other", now)
        kept: list[tuple[str, tuple[str, ...], tuple[Event, ...], int]] = [
            ("stuck", ("journal",), (once, twice, other), 1),
            ("stuck", ("journal",), (twice,), 2),
            ("slow", ("journal",), (twice,), 3),
            ("stuck", ("boss",), (twice,), 4),
        ]
        for rule, sinks, events, hours in kept:
            seqs, at = tuple(event.seq for event in events), now + timedelta(hours=hours)
            write_hidden(conn, [HiddenWrite(by=silent.BY, rule=rule, sinks=sinks, seqs=seqs, at=at)])

    await ask.inside.store.write(write)
    found = await ask.get(f"/silences/{silent.SILENCE}")
    assert (found["hidden"], found["things"]) == (5, 3)
    first, *rest = found["events"]
    assert [event["subject"] for event in rest] == ["job/other", "job/night-1"]
    assert (first["subject"], first["rules"], first["sinks"]) == ("job/x", ["slow", "stuck"], ["boss", "journal"])
    assert (first["earlier"], first["reminders"], first["at"]) == (1, 1, rfc3339(ask.clock.now() + timedelta(hours=4)))
    await ask.post(f"/silences/{silent.SILENCE}/end")
    (event,) = await events(ask, EventType.SILENCE_ENDED)
    assert event.data["hidden"] == 5


async def test_the_preview_counts_the_messages_of_the_last_day_and_names_their_events(ask: Asking) -> None:
    def write(conn: Connection) -> None:
        for number, hours in enumerate((25, 23, 1)):
            at = NOON + timedelta(hours=1) - timedelta(hours=hours)
            mine = silent.queued(conn, "e", f"night-{number}", at)
            other = silent.queued(conn, "e", f"day-{number}", at)
            for write in (
                notification(f"a{number}", events=(mine, other), rule="stuck", sinks=("slack", "hook"), created_at=at),
                notification(f"b{number}", events=(other,), rule="stuck", created_at=at),
                notification(f"c{number}", events=(mine,), rule="trial", created_at=at, shadow=True),
                notification(f"d{number}", events=(mine,), rule="stuck", created_at=at, reason=Reason.CATCH_UP),
            ):
                write_notifications(conn, [write])
            if number == 1:
                again, at = notification("e1", events=(mine,), rule="stuck", sinks=("slack", "hook")), NOON
                write_notifications(conn, [replace(again, reason=Reason.REMINDER, created_at=at)])

    await ask.inside.store.write(write)
    before = (await ask.get("/status"))["last_seq"]
    found = await ask.post("/silences/preview", match='job.id.startsWith("night-")')
    assert (found["messages"], found["partly"], found["things"]) == (3, 2, 2)
    assert found["since"] == "2026-11-19T13:00:00Z"
    assert [event["subject"] for event in found["events"]] == ["job/night-2", "job/night-1"]
    assert [(event["earlier"], event["reminders"]) for event in found["events"]] == [(0, 0), (0, 1)]
    assert {tuple(event["sinks"]) for event in found["events"]} == {("hook", "slack")}
    assert (await ask.post("/silences/preview", match="false"))["events"] == []
    every = await ask.post("/silences/preview", match="true")
    assert every["messages"] == every["seen"] == 5
    assert (await ask.get("/status"))["last_seq"] == before, "a look changes nothing"


async def test_a_list_comes_in_pages_newest_first(ask: Asking) -> None:
    made = [(await ask.post("/silences", **{**GOOD, "comment": f"number {number}"}))["id"] for number in range(3)]
    assert [item["id"] for item in await ask.every("/silences", limit=2)] == made[::-1]
    reply = await ask.reply("/silences", state="over")
    assert "one of scheduled, active, ended" in json.loads(reply.body)["detail"]


async def test_the_preview_leaves_out_reports_for_no_silence_hides_anything_of_them(ask: Asking) -> None:
    def write(conn: Connection) -> None:
        mine = silent.queued(conn, "e", "a", NOON)
        write_notifications(conn, [notification(rule, events=(mine,), rule=rule) for rule in ("stuck", "daily")])

    await ask.inside.store.write(write)
    daily = RuleOptions.model_validate({"name": "daily", "on": ["job.*"], "notify": ["s"], "digest": {"at": "09:00"}})
    every, settings = await ask.post("/silences/preview", match="true"), ask.inside.settings
    ask.inside.settings = replace(settings, rules=type(settings.rules)((*settings.rules, daily)))
    found = await ask.post("/silences/preview", match="true")
    assert found["messages"] == found["seen"] == every["seen"] - 1
    assert not any("daily" in event["rules"] for event in found["events"])
