"""The dashboard and the rules that we ship: well made, and every query of theirs answered by a real Prometheus that
scrapes the real daemon."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from ruamel.yaml import YAML

from monitor.fields import SystemClock
from monitor.sandbox.server import emulators, serving
from monitor.store.backup import backup
from monitor.telemetry.measures import COUNTED, IN_MEMORY, READ
from tests.kit.inbox import Inbox
from tests.kit.process import Program, write_config
from tests.kit.until import START, until
from tests.telemetry.dashboard import PLACE, text

RULES = PLACE.with_name("training-monitor.rules.yml")
UNITS = {"short", "s", "ops", "reqps", "wps", "bytes", "percentunit"}
"""Of Grafana's units those that the dashboard uses."""
_SELECTOR = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?")


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(PLACE.read_text())["panels"]
    return found


def rules() -> list[dict[str, Any]]:
    found = YAML(typ="safe").load(RULES.read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def selectors(expression: str) -> Iterator[str]:
    """The series that an expression names."""
    known = {measure.full_name for measure in (*COUNTED, *IN_MEMORY, *READ)} | {"up"}
    for found in _SELECTOR.findall(expression):
        name = found.partition("{")[0]
        if name in known or name.removesuffix("_bucket") in known or name.startswith("process_") or ":" in name:
            yield found


def test_the_dashboard_is_the_one_that_the_table_of_panels_gives() -> None:
    assert PLACE.read_text() == text(), "run python -m tests.telemetry.dashboard"


def test_it_can_be_imported_anywhere_and_no_panel_lies_on_another() -> None:
    made = json.loads(PLACE.read_text())
    assert (made["uid"], made["schemaVersion"], "id" in made) == ("training-monitor", 39, False)
    names = {each["name"]: each["type"] for each in made["templating"]["list"]}
    assert names == {"datasource": "datasource", "instance": "query"}
    taken: dict[tuple[int, int], str] = {}
    for panel in panels():
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24, panel["title"]
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])):  # fmt: skip
            assert taken.setdefault(cell, panel["title"]) == panel["title"]
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids) > 30


def test_every_panel_says_what_it_shows_of_which_source_and_in_which_unit() -> None:
    for panel in panels():
        if panel["type"] == "row":
            continue
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert '$instance"' in target["expr"], "the variable narrows every query"
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


def test_every_metric_is_shown_or_told_of_but_for_those_that_are_only_for_looking() -> None:
    shown = " ".join(target["expr"] for panel in panels() for target in panel.get("targets", ()))
    told = shown + " ".join(rule["expr"] for rule in rules())
    unused = {each.name for each in (*COUNTED, *IN_MEMORY, *READ) if each.full_name not in told}
    assert unused == {
        "store_commit_writes", "route_duration_seconds", "config_reloads_total", "event_streams_open",
        "store_last_prune_timestamp_seconds", "heartbeat_objections", "last_seq",
    }  # fmt: skip


class Asked:
    """A Prometheus at work."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def __call__(self, query: str) -> list[dict[str, Any]]:
        """Raises AssertionError where it does not parse."""
        async with self._session.get(f"{self._url}/api/v1/query", params={"query": query}) as answer:
            found = await answer.json()
        assert found["status"] == "success", f"{query}: {found.get('error')}"
        return list(found["data"]["result"])

    async def sees(self, query: str, *, within: float = 60.0) -> None:
        end = time.monotonic() + within
        while True:
            try:
                if await self(query):
                    return
            except (aiohttp.ClientConnectionError, aiohttp.ContentTypeError):
                pass  # it is starting: refused, then 503 in plain words
            assert time.monotonic() < end, f"Prometheus never saw {query}"
            await asyncio.sleep(0.1)


@asynccontextmanager
async def switch() -> AsyncIterator[str]:
    """A dead man's switch that is content."""

    async def take(request: web.Request) -> web.Response:
        return web.Response(text="OK")

    app = web.Application()
    app.router.add_get("/ping", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/ping"
    finally:
        await runner.cleanup()


def config(folder: Path, platforms: str, inbox: str, ping: str) -> Path:
    budget = {"requests_per_second": 50, "burst": 50}
    return write_config(
        folder,
        {
            "http": {"listen": "127.0.0.1:0"},
            "accounts": [
                {"name": "llm", "provider": "model-studio", "api_key": "sk-demo", "endpoint": f"{platforms}/api/v1",
                 "budget": budget, "jobs": {"every": "1s"}},
                {"name": "ascend", "provider": "modelarts", "region": "cn-north-4", "endpoint": platforms,
                 "project_id": "p-demo", "access_key": "AKDEMO", "secret_key": "SKDEMO", "budget": budget,
                 "jobs": {"every": "1s"},
                 "resource_flavors": {"every": "1s"}},
            ],
            "sinks": [{"name": "team", "type": "webhook", "url": inbox, "canary": "1d"},
                      {"name": "gone", "type": "webhook", "url": "http://127.0.0.1:9/x"}],
            "rules": [{"name": "jobs", "on": ["job.*"], "notify": ["team", "gone"]}],
            "heartbeat": {"url": ping, "every": "1s"},
            "budgets": [{"name": "all", "tokens": 1_000_000}],
            "cleanup": [{"name": "nightly"}],
            "prices": [{"provider": "model-studio", "model": "qwen3-14b", "per_1k_tokens": 0.03, "currency": "CNY",
                        "since": "2026-01-01"}],
        },
    )  # fmt: skip


@asynccontextmanager
async def watched(folder: Path, port: int) -> AsyncIterator[Asked]:
    """The real daemon on emulated platforms, some of its life, and a Prometheus that has seen it."""
    binary = which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed: apt-get install prometheus")
    platforms: dict[str, Any] = dict(emulators(SystemClock(), autoplay=False))
    studio = platforms["model-studio"]
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serving(platforms))
        inbox = await stack.enter_async_context(Inbox())
        ping = await stack.enter_async_context(switch())
        program = await stack.enter_async_context(Program(config(folder, address, inbox.url, ping)))
        await until(lambda: '"started"' in program.log, within=START, why="it never started")
        page = next(line["page"] for line in map(json.loads, program.log.splitlines()) if line["event"] == "started")
        scrape = folder / "prometheus.yml"
        target = page.removeprefix("http://").rstrip("/")
        scrape.write_text(
            f"global: {{scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 500ms}}\n"
            f"rule_files: [{RULES}]\n"
            f"scrape_configs: [{{job_name: training-monitor, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        prometheus = await asyncio.create_subprocess_exec(
            binary, f"--config.file={scrape}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        stack.push_async_callback(prometheus.wait)
        stack.callback(prometheus.kill)
        asked = Asked(await stack.enter_async_context(aiohttp.ClientSession()), f"http://127.0.0.1:{port}")
        await until(lambda: studio.requests["list"] >= 2, within=START, why="nobody polls")
        await asked.sees("training_monitor_build_info")
        await backup("sqlite:monitor.db", folder / "state", folder / "copy.db", now=SystemClock().now())
        job = studio.world.add_job("RUNNING")
        await until(lambda: inbox.letters, within=START)
        studio.world.set(job, status="SUCCEEDED", usage=1000)
        studio.world.add_job("RUNNING")
        await asked.sees('training_monitor_events_total{type="job.finished"} > 0')
        await asked.sees('training_monitor_heartbeats_total{outcome="sent"} > 0')
        await asked.sees('increase(training_monitor_events_total{type="job.finished"}[1h]) > 0')
        await asked.sees("training_monitor_store_last_backup_timestamp_seconds > 0")
        await asked.sees("training_monitor_quota_cap > 0")
        await asked.sees("delta(training_monitor_booked_cost[1h])")
        yield asked


async def test_a_real_prometheus_answers_every_query_of_the_dashboard_and_of_the_rules(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with watched(tmp_path, unused_tcp_port) as asked:
        queries = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
        for query in queries:
            query = query.replace("$__rate_interval", "30s").replace('"$instance"', '".*"')
            await asked.sees(query)  # not at once: where a scrape came too late all is forgotten until the next
        for rule in rules():
            await asked(rule["expr"])  # an alert has nothing to tell; that it can be asked is enough
            for series in selectors(rule["expr"]):
                await asked.sees(series)
        assert [each["metric"]["instance"] for each in await asked("training_monitor_build_info")]
        firing = {each["metric"]["alertname"] for each in await asked('ALERTS{alertstate="firing"}')}
    assert not firing, "it was well"
