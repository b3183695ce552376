"""Acknowledging and snoozing over the API: who may, what it says afterwards, and what the rules make of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.fields.bell import Bell
from monitor.model import EventType, rfc3339
from monitor.routing import Router
from monitor.rules import RuleSet
from monitor.store import Connection, read_events
from tests.kit import silent
from tests.kit.api import CONFIG, Asking, asking
from tests.kit.silent import STUCK
from tests.kit.web import fresh_store

WHO = "socket uid 1000 (ann)"
RULES = CONFIG.replace(
    "rules:\n",
    "rules:\n"
    "  - {name: stuck, on: [job.queued], remind_every: 8h, notify: [slack]}\n"
    "  - {name: called, on: [job.stopping], escalate: [{after: 1h, notify: [hook]}], notify: [slack]}\n",
)


@pytest.fixture
async def answering(tmp_path: Path) -> AsyncIterator[Asking]:
    """A job is stuck, and slack was told."""
    store = await fresh_store(tmp_path / "state")
    made = asking(store, tmp_path, RULES)

    def write(conn: Connection) -> None:
        silent.stuck(conn, store.epoch, made.clock.now(), sink="slack")

    await store.write(write)
    yield made
    await store.aclose()


async def route(ask: Asking) -> None:
    """As the daemon does."""
    settings = ask.inside.settings
    ruleset = RuleSet.compile(settings.rules, [], None, ["slack", "hook"])
    router = Router(ask.inside.store, ruleset, ask.clock, bell=Bell(), wake=lambda sinks: None)
    while await router.turn():
        pass


async def state(ask: Asking) -> tuple[str, str | None, str | None]:
    answer = (await ask.get(f"/notifications/{STUCK}"))["answer"]
    return answer["state"], answer["by"], answer["until"]


async def test_an_acknowledged_message_says_by_whom_and_is_not_told_again(answering: Asking) -> None:
    rung: list[int] = []
    answering.inside.ring = lambda: rung.append(1)
    await route(answering)
    assert await state(answering) == ("open", None, None)
    done = await answering.post(f"/notifications/{STUCK}/ack", by="Ann")
    assert done["answer"]["by"] == "Ann (ann (uid 1000))"
    assert done["answer"]["at"] == rfc3339(answering.clock.now())
    assert rung == [1]
    read = answering.inside.store.read
    (event,) = await read(lambda conn: read_events(conn, types=[EventType.NOTIFICATION_ACKNOWLEDGED.value]))
    assert event.data["subjects"] == ["north|job/stuck-abcd"]
    assert (event.data["rule"], event.subject) == ("stuck", f"notification/{STUCK}")
    before = len(await answering.items("/notifications", rule="stuck"))
    answering.clock.advance(3 * 86400)
    await route(answering)
    assert len(await answering.items("/notifications", rule="stuck")) == before
    assert (await state(answering))[0] == "acknowledged"


async def test_without_an_answer_it_is_told_again(answering: Asking) -> None:
    await route(answering)
    before = len(await answering.items("/notifications", rule="stuck"))
    answering.clock.advance(8 * 3600)
    await route(answering)
    assert len(await answering.items("/notifications", rule="stuck")) == before + 1


async def test_a_snoozed_message_comes_again_then_and_not_before(answering: Asking) -> None:
    await route(answering)
    await answering.post(f"/notifications/{STUCK}/snooze", **{"for": "12h"})
    until = rfc3339(answering.clock.now() + timedelta(hours=12))
    assert await state(answering) == ("snoozed", "ann (uid 1000)", until)
    before = len(await answering.items("/notifications", rule="stuck"))
    answering.clock.advance(11.9 * 3600)
    await route(answering)
    assert len(await answering.items("/notifications", rule="stuck")) == before
    answering.clock.advance(0.2 * 3600)
    await route(answering)
    (reminder, *_) = await answering.items("/notifications", rule="stuck")
    assert reminder["reason"] == "reminder"
    assert (await state(answering))[0] == "open"


async def test_who_acknowledged_one_message_has_acknowledged_the_reminder_of_it_too(answering: Asking) -> None:
    await route(answering)
    answering.clock.advance(8 * 3600)
    await route(answering)
    (reminder, *_) = await answering.items("/notifications", rule="stuck")
    await answering.post(f"/notifications/{reminder['id']}/ack")
    await route(answering)
    assert await state(answering) == ("acknowledged", "ann (uid 1000)", None)


@pytest.mark.parametrize("what", ["ack", "snooze"])
async def test_nobody_answers_who_proves_nothing(what: str, answering: Asking) -> None:
    query = {"for": "1h"} if what == "snooze" else {}
    assert (await answering.problem(f"/notifications/{STUCK}/{what}", "POST", **query))["status"] == 403
    assert (await answering.problem(f"/notifications/nix/{what}", "POST", who=WHO, **query))["status"] == 404
    assert await state(answering) == ("open", None, None)


async def test_twice_is_once_and_the_second_hears_of_the_first(answering: Asking) -> None:
    await answering.post(f"/notifications/{STUCK}/ack")
    problem = await answering.problem(f"/notifications/{STUCK}/ack", "POST", who=WHO)
    assert problem["status"] == 409
    assert "acknowledged already, by ann (uid 1000) at 2026-11-20T13:00:00Z" in problem["detail"]


@pytest.mark.parametrize(
    ("query", "said"),
    [({}, "It has no end."), ({"for": "0s"}, "before it begins"), ({"for": "1h", "until": "2h"}, "both given")],
)
async def test_a_snooze_needs_one_end_to_come(query: dict[str, str], said: str, answering: Asking) -> None:
    problem = await answering.problem(f"/notifications/{STUCK}/snooze", "POST", who=WHO, **query)
    assert (problem["status"], said in problem["detail"]) == (400, True)


async def test_a_message_that_nothing_follows_is_not_to_be_answered(ask: Asking) -> None:
    assert (await ask.get("/notifications/n03"))["answer"] is None
    problem = await ask.problem("/notifications/n03/ack", "POST", who=WHO)
    assert (problem["status"], "`remind_every` or `escalate`" in problem["hint"]) == (409, True)


async def test_what_is_over_cannot_be_put_off_but_somebody_may_say_that_he_saw_it(answering: Asking) -> None:
    def ended(conn: Connection) -> None:
        from monitor.store import append_events, next_revision
        from tests.kit.made import draft

        made = draft(type=EventType.JOB_STARTED, subject="job/stuck-abcd", detected_at=answering.clock.now())
        append_events(conn, answering.inside.store.epoch, [(made, next_revision(conn, "north", made.subject))])

    await answering.inside.store.write(ended)
    await route(answering)
    assert (await state(answering))[0] == "over"
    problem = await answering.problem(f"/notifications/{STUCK}/snooze", "POST", who=WHO, **{"for": "1h"})
    assert problem["status"] == 409
    assert (await answering.post(f"/notifications/{STUCK}/ack"))["answer"]["state"] == "acknowledged"
