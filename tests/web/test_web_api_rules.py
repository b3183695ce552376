"""The rules over the API: whole, with what they wait for, and why an event was told or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.model import EventType, rfc3339
from monitor.routing.memory import Rows
from monitor.rules import Engine, FlappingOptions, Heard, PersonOptions, RuleOptions, RuleState, drive
from monitor.store import (
    HiddenWrite,
    append_events,
    open_store,
    save_rule_state,
    set_cursor,
    write_hidden,
    write_notifications,
)
from tests.kit.api import CONFIG, SECRETS, Asking, asking, seed
from tests.kit.made import notification
from tests.kit.outbox import job_event

RULES = """\
rules:
  - {name: ended, on: [job.finished], when: 'job.state == "failed"', notify: [owner, slack], fallback: [hook]}
  - {name: stuck, on: [job.queued], for: 2h, remind_every: 6h, notify: [slack]}
  - {name: storm, on: [job.queued], group_by: [account.name], notify: [slack]}
  - {name: trial, on: ["job.*"], shadow: true, notify: [slack]}
unmatched: {notify: [slack], min_severity: critical}
"""


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asking]:
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)
    await store.write(seed)
    try:
        yield asking(store, tmp_path, CONFIG[: CONFIG.index("rules:")] + RULES)
    finally:
        await store.aclose()


async def queued(ask: Asking) -> int:
    """A job that has just come into the queue, and the rules as they stand behind it. Its number."""
    store, now = ask.inside.store, ask.clock.now()
    draft = job_event("x1", now - timedelta(minutes=1), type=EventType.JOB_QUEUED)
    (event,) = await store.write(lambda conn: append_events(conn, store.epoch, [(draft, 1)]))
    engine = Engine(ask.inside.rules(), RuleState(), Heard([event]))
    list(drive(engine, [event]))
    changed = Rows(RuleState()).encode(engine.memory.changes())

    def settle(conn: object) -> None:
        save_rule_state(conn, changed)
        set_cursor(conn, "routing", event.seq)

    await store.write(settle)
    return event.seq


async def test_a_rule_is_shown_whole_with_what_it_waits_for(ask: Asking) -> None:
    await queued(ask)
    rules = {item["name"]: item for item in (await ask.get("/rules"))["items"]}
    assert rules["stuck"]["options"] == {
        "name": "stuck",
        "on": ["job.queued"],
        "for": "2h",
        "notify": ["slack"],
        "remind_every": "6h",
    }
    assert rules["stuck"]["waiting"]["timers"] == 1
    assert rules["stuck"]["waiting"]["next_due"] == rfc3339(ask.clock.now() + timedelta(minutes=119))
    assert rules["storm"]["waiting"] | {"next_due": None} == {
        "timers": 0,
        "kept": 1,
        "standing": 0,
        "next_due": None,
    }
    assert rules["ended"]["waiting"] == {"timers": 0, "kept": 0, "standing": 0, "next_due": None}
    assert (rules["trial"]["shadow"], rules["ended"]["shadow"]) == (True, False)
    assert rules["unmatched"]["options"] == {"notify": ["slack"], "min_severity": "critical"}


async def test_trials_are_counted(ask: Asking) -> None:
    store, now = ask.inside.store, ask.clock.now()
    for number, (shadow, ago) in enumerate([(True, 1), (True, 6), (True, 8), (False, 1)]):
        write = notification(f"t{number}", rule="trial", created_at=now - timedelta(days=ago), shadow=shadow)
        await store.write(lambda conn, write=write: write_notifications(conn, [write]))
    rules = {item["name"]: item for item in (await ask.get("/rules"))["items"]}
    assert [rules[name]["shadow_messages"] for name in ("trial", "ended")] == [2, 0]
    for wanted, ids in (("true", {"t0", "t1", "t2"}), ("false", {"t3"})):
        found = (await ask.get("/notifications", rule="trial", shadow=wanted))["items"]
        assert {said["id"] for said in found} == ids
        assert {said["shadow"] for said in found} == {wanted == "true"}


async def test_the_whole_set_can_be_read_back_and_holds_no_secret(ask: Asking) -> None:
    found = await ask.get("/ruleset")
    settings = ask.inside.settings
    assert [RuleOptions.model_validate(each) for each in found["rules"]] == list(settings.rules)
    assert [PersonOptions.model_validate(each) for each in found["people"]] == list(settings.people)
    assert FlappingOptions.model_validate(found["flapping"]) == settings.flapping
    assert found["unmatched"] == {"notify": ["slack"], "min_severity": "critical"}
    assert found["sinks"] == [sink.name for sink in settings.sinks]
    assert found["ending"] == []
    assert set(found) == {"rules", "people", "flapping", "unmatched", "sinks", "ending"}
    assert not [secret for secret in SECRETS if secret in str(found)]


async def test_why_an_event_was_told_and_why_not(ask: Asking) -> None:
    seq = await queued(ask)
    store, now = ask.inside.store, ask.clock.now()
    kept = HiddenWrite(by="silence/s1", rule="trial", sinks=("slack",), seqs=(seq,), at=now)
    await store.write(lambda conn: write_hidden(conn, [kept]))
    found = await ask.get(f"/events/{seq}/explanation")
    verdicts = {each["rule"]: each for each in found["rules"]}
    assert {rule: each["verdict"] for rule, each in verdicts.items()} == {
        "ended": "other type",
        "stuck": "matched",
        "storm": "matched",
        "trial": "matched",
    }
    assert verdicts["stuck"]["fate"][0].startswith("its timer (`for: 2h`) falls due at ")
    assert verdicts["storm"]["fate"][0].startswith("waits for slack in its group until ")
    assert found["unmatched"] == {"told": False, "why": "stuck and storm took it", "fate": []}
    assert found["hidden"][0]["by"] == "silence/s1"
    assert (found["seen"]["watch"], found["seen"]["state"]) == ("acc|jobs", "queued")
    assert found["notes"] == []


async def test_the_parts_of_a_condition_are_shown_with_their_values(ask: Asking) -> None:
    items = (await ask.get("/events", type="job.finished"))["items"]
    found = await ask.get(f"/events/{items[0]['id']}/explanation")
    verdict = next(each for each in found["rules"] if each["rule"] == "ended")
    assert verdict["when"]["values"].keys() == {"job.state"}
    assert verdict["why"][0].startswith('`job.state == "failed"` ')
    assert [said["rule"] for said in found["notifications"]] or found["unmatched"]["why"]


async def test_an_event_that_is_not_there_and_rules_that_are_wrong(ask: Asking) -> None:
    problem = await ask.problem("/events/999999/explanation")
    assert (problem["status"], problem["detail"]) == (404, "There is no event '999999'.")
    wrong = RuleOptions(name="wrong", on=["job.*"], when="job.nme == 'a'", notify=["slack"])
    ask.inside.settings = replace(ask.inside.settings, rules=(wrong,))
    seq = (await ask.get("/events"))["items"][0]["seq"]
    problem = await ask.problem(f"/events/{seq}/explanation")
    assert problem["status"] == 409
    assert problem["detail"] == "The rules of the config cannot be used: job has no field 'nme'; did you mean name?"
