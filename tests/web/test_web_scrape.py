"""A scrape over the real port: its format, the streams that are open, and ages that outlive a reload."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from monitor.fields.bell import Broadcast
from monitor.settings.root import Listen
from monitor.telemetry.metrics import Metrics
from monitor.web import stream
from monitor.web.api import Api, Inside
from monitor.web.health import Health
from monitor.web.metrics import Exposer
from monitor.web.server import Site, serving
from tests.kit.clock import VirtualClock
from tests.kit.web import fresh_store, settings, well


class Watching:
    """What a poller says; `found` is renewed as by a reload."""

    def __init__(self, at: datetime) -> None:
        self.found: dict[tuple[str, str], datetime | None] = {("llm", "jobs"): at, ("llm", "never"): None}

    def last_good(self) -> Mapping[tuple[str, str], datetime | None]:
        return self.found

    def states(self) -> Mapping[str, str]:
        return {"llm": "ok"}

    def late_after(self) -> Mapping[tuple[str, str], float]:
        return {("llm", "jobs"): 690.0}


class Scraped:
    def __init__(self, port: int, clock: VirtualClock, watching: Watching) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.clock = clock
        self.watching = watching
        self.found: dict[str, float] = {}

    async def scrape(self) -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/metrics") as answer:
            text = await answer.text()
        self.found = {
            sample.name.removeprefix("training_monitor_") + sample.labels.get("watch", ""): sample.value
            for family in parse(text)
            for sample in family.samples
        }

    async def streams(self, count: int) -> None:
        """Scrapes until so many streams are open."""
        async with asyncio.timeout(20):
            while self.found.get("event_streams_open") != count:
                await self.scrape()


@asynccontextmanager
async def daemon(folder: Path) -> AsyncIterator[Scraped]:
    metrics, clock = Metrics(), VirtualClock()
    found = settings(folder)
    store = await fresh_store(found.state_dir)
    try:
        inside = Inside(store=store, clock=clock, settings=found, started_at=clock.now() - timedelta(hours=10))
        health = Health(dead_loops=tuple, untried=tuple, probe_store=well)
        watching = Watching(clock.now())
        exposer = Exposer(metrics, inside, health=lambda: health, watches=lambda: watching)
        site = Site(
            api=Api(inside),
            inside=inside,
            health=health,
            metrics=exposer.exposition,
            events=Broadcast(),
            meter=metrics,
        )
        async with serving(site, listen=Listen("127.0.0.1", 0)) as port:
            assert port is not None
            yield Scraped(port, clock, watching)
    finally:
        await store.aclose()


async def test_prometheus_asks_for_openmetrics_and_gets_it(tmp_path: Path) -> None:
    asked = (
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,*/*;q=0.1"
    )
    async with daemon(tmp_path) as it, aiohttp.ClientSession() as session:
        async with session.get(f"{it.url}/metrics", headers={"Accept": asked}) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            assert (await answer.text()).endswith("# EOF\n")
        async with session.get(f"{it.url}/metrics", headers={"Accept": "text/html"}) as answer:
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_open_streams_of_events_are_counted_until_they_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "TICK", 0.1)
    async with daemon(tmp_path) as it, aiohttp.ClientSession() as session:
        async with (
            session.get(f"{it.url}/api/v1/events/stream") as one,
            session.get(f"{it.url}/api/v1/events/stream") as other,
        ):
            assert (one.status, other.status) == (200, 200)
            await it.streams(2)
        await it.streams(0)


async def test_after_a_reload_data_is_as_old_as_before(tmp_path: Path) -> None:
    async with daemon(tmp_path) as it:
        it.clock.advance(30)
        await it.scrape()
        assert it.found["watch_data_age_secondsjobs"] == 30
        assert it.found["watch_data_age_secondsnever"] == 36_030
        it.watching.found = {("llm", "jobs"): None, ("llm", "new"): None}  # nothing was read from the store yet
        it.clock.advance(30)
        await it.scrape()
        assert it.found["watch_data_age_secondsjobs"] == 60
        assert "watch_data_age_secondsnever" not in it.found
