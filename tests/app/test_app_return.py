"""The real daemon comes back after a gap: what changed meanwhile is one message per rule and sink, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from monitor.app.daemon import daemon
from monitor.fields.clock import FastClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from monitor.settings import load
from tests.kit.inbox import Inbox
from tests.kit.process import write_config
from tests.kit.until import until

CREATORS = ("ann", "bob")
MINUTE = 60.0


def config(address: str, team: Inbox, ann: Inbox, bob: Inbox) -> dict[str, Any]:
    return {
        "accounts": [
            {
                "name": "arts",
                "provider": "modelarts",
                "endpoint": address,
                "project_id": "p-demo",
                "access_key": "AKDEMO",
                "secret_key": "SKDEMO",
                "budget": {"requests_per_second": 200, "burst": 200},
                "jobs": {"every": "30s"},
                "resource_flavors": {"every": "30s"},
            }
        ],
        "people": [{"name": name.title(), "ids": [f"modelarts:{name}"], "notify": [name]} for name in CREATORS],
        "sinks": [
            {"name": "team", "type": "webhook", "url": team.url},
            {"name": "ann", "type": "webhook", "url": ann.url},
            {"name": "bob", "type": "webhook", "url": bob.url},
        ],
        "rules": [
            {"name": "jobs", "on": ["job.*"], "notify": ["team", "owner"]},
            {"name": "ends", "on": ["job.finished"], "notify": ["team"], "late": "each"},
            {"name": "stock", "on": ["flavor.sold_out", "flavor.restocked"], "notify": ["team"]},
        ],
    }


class Leaping(FastClock):
    """While nobody lives by it, hours pass at once."""

    def leap(self, seconds: float) -> None:
        self._zero -= seconds / self._speed


@asynccontextmanager
async def life(path: Path, clock: FastClock) -> AsyncIterator[None]:
    """The daemon, from being ready to its graceful end, at the pace of `clock`."""
    over, ready = anyio.Event(), anyio.Event()

    async def stop() -> str:
        await over.wait()
        return "the test is over"

    settings = load(path, resolve=True, environ={}, credentials_dir=None)
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: daemon(settings, clock, stop=stop, ready=lambda port: ready.set()))
        await ready.wait()
        yield
        over.set()


@pytest.mark.slow
async def test_what_changed_while_it_was_away_is_one_message_per_rule_and_sink(tmp_path: Path) -> None:
    clock = Leaping(120)
    arts = registry.emulator("modelarts")(clock, autoplay=False)
    world: Any = arts.world
    async with Inbox() as team, Inbox() as ann, Inbox() as bob, serving({"modelarts": arts}) as address:
        path = write_config(tmp_path, config(address, team, ann, bob))
        flavor, zones = world.resources[0].id, sorted(world.resources[0].zones)
        for zone in zones:
            world.set_stock(flavor, zone, "normal")
        jobs = [world.add_job(f"训练-{n}", phase="Running", user=CREATORS[n % 2]) for n in range(12)]
        async with life(path, clock):
            await until(lambda: min(arts.requests["search"], arts.requests["resource_flavors"]) >= 2)
        assert team.letters == []
        clock.leap(5 * MINUTE)
        for job in jobs:
            world.set_phase(job, "Completed")
        new = [world.add_job(f"new-{n}", phase="Running", user="ann") for n in range(3)]
        for zone in zones:
            world.set_stock(flavor, zone, "soldout")
        clock.leap(15 * MINUTE)
        async with life(path, clock):
            await until(lambda: by_rule(team, "jobs") and by_rule(team, "stock"))
            await until(lambda: by_rule(ann, "jobs") and by_rule(bob, "jobs"))
    (caught,) = by_rule(team, "jobs")
    ended, begun = {f"job/{job}" for job in jobs}, {f"job/{job}" for job in new}
    assert caught["reason"] == "catch_up"
    assert {event["subject"] for event in caught["events"]} == ended | begun
    assert caught["title"].startswith("Catching up: ")
    (stock,) = by_rule(team, "stock")
    assert len(stock["events"]) == len(zones)
    each = by_rule(team, "ends")
    assert {event["subject"] for message in each for event in message["events"]} == ended
    assert [len(message["events"]) for message in each] == [1] * len(jobs)
    for inbox, name in ((ann, "ann"), (bob, "bob")):
        (own,) = by_rule(inbox, "jobs")
        assert {event["data"]["job"]["creator"] for event in own["events"]} == {name}


def by_rule(inbox: Inbox, rule: str) -> list[dict[str, Any]]:
    return [letter.message for letter in inbox.letters if letter.message["rule"] == rule]
