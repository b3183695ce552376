"""`rules explain` over a store that the daemon's own routing has filled: what people read of ends and of what waits."""

from __future__ import annotations

import asyncio
import json
from functools import partial

import pytest

from monitor.cli.rules.opening import load_rules
from monitor.fields.bell import Bell
from monitor.model import Event, EventDraft, EventType
from monitor.routing import Router
from monitor.store import Connection, append_events, open_store
from tests.kit.clock import VirtualClock
from tests.kit.installed import START, Installed, draft

STUCK = "{name: stuck, on: [job.queued], for: 5m, resolved: true, notify: [hook]}"
GROUPED = "{name: many, on: [job.queued], resolved: true, group_by: [], group_interval: 1d, notify: [journal]}"
QUEUED = draft(EventType.JOB_QUEUED, "job/w", minutes=30, job={"id": "w", "name": "waits"})
STARTED = draft(EventType.JOB_STARTED, "job/w", minutes=40, job={"id": "w", "name": "waits"})


def routed(installed: Installed, rule: str, *drafts: EventDraft) -> list[Event]:
    """The events as they are stored, after the rules took each at its time."""
    installed.config.write_text(f"{installed.config.read_text()}rules:\n  - {rule}\nunmatched: {{notify: [journal]}}\n")
    _, rules = load_rules(installed.config)

    def append(conn: Connection, epoch: str, drafted: EventDraft) -> list[Event]:
        return append_events(conn, epoch, [(drafted, 1)])

    async def route() -> list[Event]:
        store = await open_store("sqlite:monitor.db", state_dir=installed.state, lock=True)
        clock, made = VirtualClock(START), []
        router = Router(store, rules, clock, bell=Bell(), wake=lambda sinks: None)
        try:
            for drafted in drafts:
                clock.advance((drafted.detected_at - clock.now()).total_seconds())
                made += await store.write(partial(append, epoch=store.epoch, drafted=drafted))
                while await router.turn():
                    pass
        finally:
            await store.aclose()
        return made

    return asyncio.run(route())


def shown(installed: Installed, what: object) -> str:
    done = installed.run("rules", "explain", str(what))
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (STUCK, "that it is over (resolved)"),
        (GROUPED, "waits for journal in its group until "),
    ],
    ids=["told", "waits"],
)
def test_an_end_names_what_it_ended_and_where_it_waits(bare: Installed, rule: str, said: str) -> None:
    begun, over = routed(bare, rule, QUEUED, STARTED)
    text = shown(bare, over.seq)
    assert f"tells the end of what it told it told event {begun.seq}, job.queued, at " in text
    assert said in text
    assert "unmatched did not take it: " in text
    assert "does not match it as it is now" not in text


def test_a_message_of_an_end_and_one_of_the_net_say_what_made_them(bare: Installed) -> None:
    gone = draft(EventType.JOB_GONE, "job/z", minutes=50, job={"id": "z", "name": "z"})
    _, _, other = routed(bare, STUCK, QUEUED, STARTED, gone)
    assert "unmatched took it: no rule takes job.gone -> told journal at " in shown(bare, other.seq)
    listed = json.loads(bare.run("notifications", "list", "--rule", "stuck", "--output", "json").stdout)
    over, new = (shown(bare, message["id"]) for message in listed)
    assert "made of 1 event told hook at " in over
    assert ", that it is over (resolved) Event 2, job.started" in over
    assert "the state had lasted 5m (`for`) -> told hook at " in new
    assert "-> over at " in new
