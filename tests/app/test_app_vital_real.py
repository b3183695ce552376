"""What the heartbeat asks the real parts: polls over HTTP, a real store, what delivery remembers of its sinks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from monitor.app.vital import Vital
from monitor.emulation import Reply
from monitor.providers import registry
from monitor.routing.router import CURSOR
from monitor.settings import Settings, load
from monitor.store import StoreFull, last_seq, set_cursor
from monitor.store.sink_health import SinkHealth, save_sink_health
from monitor.store.vitals import read_vitals, sink_word
from monitor.web.health import Health
from tests.kit.clock import VirtualClock
from tests.kit.outbox import said
from tests.kit.platforms import model_studio
from tests.kit.rig import Rig, rigged

CONFIG = """\
accounts: [{name: studio, provider: model-studio, api_key: k, jobs: {}}]
sinks:
  - {name: team, type: webhook, url: "http://127.0.0.1:9/a"}
  - {name: mail, type: webhook, url: "http://127.0.0.1:9/b"}
  - {name: slow, type: webhook, url: "http://127.0.0.1:9/c", rate: 1/h}
"""


class Scene:
    def __init__(self, rig: Rig, emulator: Any, settings: Settings) -> None:
        self.rig, self.emulator, self.settings = rig, emulator, settings
        self.broken: Exception | None = None
        health = Health(dead_loops=tuple, untried=tuple, probe_store=self.probe)
        self.vital = Vital(
            rig.store, rig.clock, health, watches=lambda: rig.loops, settings=lambda: self.settings
        )  # fmt: skip

    async def probe(self) -> None:
        if self.broken is not None:
            raise self.broken

    async def routed(self) -> None:
        """Rules have looked at everything."""
        newest = await self.rig.store.read(last_seq)
        await self.rig.store.write(lambda conn: set_cursor(conn, CURSOR, newest))

    async def says(self) -> list[str]:
        return await self.vital.objections()

    async def known(self, **more: Any) -> None:
        await self.rig.store.write(lambda conn: save_sink_health(conn, SinkHealth(sink="team", **more)))


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    path = tmp_path / "training-monitor.yaml"
    path.write_text(CONFIG)
    settings = load(path, resolve=True, environ={"HOME": str(tmp_path)}, credentials_dir=None)
    clock = VirtualClock()
    emulator: Any = registry.emulator("model-studio")(clock, autoplay=False)
    async with rigged(model_studio(), {"model-studio": emulator}, clock) as rig, rig.running():
        yield Scene(rig, emulator, settings)


async def test_a_watch_that_is_late_speaks_against_it_until_it_is_told_or_seen(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        (name,) = [loop.freshness().watch for loop in on.rig.loops]
        assert await on.says() == [f"{name} was not polled well yet"]
        await on.rig.poll()
        await on.routed()
        assert await on.says() == []
        on.rig.clock.advance(691)
        assert await on.says() == [f"{name} was last seen 12 min ago"]
        on.emulator.faults.add(Reply(status=500), times=None)
        for _ in range(3):
            assert len(await on.says()) == 1
            await on.rig.poll()
        await on.routed()
        assert await on.says() == [], "it was told"
        on.rig.clock.advance(86_400)
        assert await on.says() == []
        on.emulator.faults.clear()
        await on.rig.poll()
        await on.routed()
        assert await on.says() == []


async def test_a_writer_that_cannot_write_speaks_against_it_without_a_word_of_the_database(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.rig.poll()
        await on.routed()
        on.broken = StoreFull("postgresql://ann:hunter2@host is full")
        assert await on.says() == ["the store is not writable: the disk is full"]
        on.broken = None
        assert await on.says() == []


async def test_a_message_that_waits_speaks_against_it_but_not_one_whose_trouble_was_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.rig.poll()
        now = on.rig.clock.now()
        await said(on.rig.store, "team", "old", now - timedelta(hours=2))
        await on.routed()
        waits = "a message for team has waited for 2 h"
        assert await on.says() == [waits]
        await on.known(since=now, failures=3, messages=2, probe_at=now)
        assert await on.says() == [waits], "it fails, and nobody heard of it yet"
        await on.known(since=now, failures=3, messages=2, probe_at=now, told_at=now)
        assert await on.says() == []
        vitals = await on.rig.store.read(partial(read_vitals, routing=CURSOR))
        assert (sink_word(vitals.sinks["team"]), vitals.waiting["team"].count) == ("open", 1)


async def test_a_message_that_waits_for_its_rate_waits_because_the_config_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.rig.poll()
        now = on.rig.clock.now()
        await said(on.rig.store, "slow", "old", now - timedelta(hours=2))
        await on.routed()
        assert await on.says() == ["a message for slow has waited for 2 h"]
        paced = SinkHealth(sink="slow", paced_to=now + timedelta(hours=1))
        await on.rig.store.write(lambda conn: save_sink_health(conn, paced))
        assert await on.says() == []


async def test_an_event_that_no_rule_looked_at_speaks_against_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.rig.poll()
        on.rig.clock.advance(600)
        await on.rig.poll()
        await on.routed()
        on.emulator.world.add_job("RUNNING")
        await on.rig.poll()
        on.rig.clock.advance(600)
        await on.rig.poll()
        assert await on.says() == []
        on.rig.clock.advance(301)
        await on.rig.poll()
        (objection,) = await on.says()
        assert objection.startswith("rules have not looked at an event for 16 min")
