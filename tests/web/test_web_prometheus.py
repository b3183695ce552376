"""Prometheus itself reads what we serve and ship; the page that lists the metrics is the code's."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import generate_latest

from monitor.model import DeliveryState, Outcome, Receipt
from monitor.store import Connection, append_events, claim, open_store, settle, write_notifications
from monitor.store.gauges import read_gauges
from monitor.telemetry.measures import COUNTED, IN_MEMORY, READ
from monitor.telemetry.meter import NO_METER, Meter
from monitor.telemetry.metrics import Metrics
from tests.kit.made import NOON, draft, notification
from tests.telemetry.metrics_page import page

MEASURES = (*COUNTED, *IN_MEMORY, *READ)
ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config" / "prometheus"
RULES = SHIPPED / "training-monitor.rules.yml"


def tool(name: str) -> str:
    found = which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install prometheus")
    return found


@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "training-monitor.rules.yml"),
        ("test", "rules", "training-monitor.rules.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_takes_what_we_ship(command: tuple[str, ...]) -> None:
    done = subprocess.run([tool("promtool"), *command], cwd=SHIPPED, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_name_only_metrics_that_there_are() -> None:
    named = set(re.findall(r"(?<![:\w])training_monitor_\w+", RULES.read_text()))
    known = {measure.full_name for measure in MEASURES}
    known |= {f"{measure.full_name}_bucket" for measure in MEASURES if measure.kind == "histogram"}
    assert named
    assert named <= known


def test_the_page_lists_what_the_code_measures() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text() == page(), "run python tests/telemetry/metrics_page.py"
    assert all(f"| `{measure.name}` |" in page() for measure in MEASURES)


@asynccontextmanager
async def served(body: bytes) -> AsyncIterator[int]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.router.add_get("/metrics", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def test_a_real_prometheus_scrapes_it(tmp_path: Path, unused_tcp_port: int) -> None:
    binary = tool("prometheus")
    metrics = Metrics()
    metrics.requested("llm", "answered", 0.3)
    async with served(generate_latest(metrics)) as port:
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\n"
            f"scrape_configs: [{{job_name: training-monitor, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
        )
        process = await asyncio.create_subprocess_exec(
            binary, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{unused_tcp_port}",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            found = await _asked(unused_tcp_port, "training_monitor_requests_total", up_to=20.0)
        finally:
            process.kill()
            await process.wait()
    assert [(each["metric"]["account"], each["value"][1]) for each in found] == [("llm", "1")]


async def _asked(port: int, query: str, *, up_to: float) -> list[dict[str, Any]]:
    end = time.monotonic() + up_to
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < end:
            try:
                url = f"http://127.0.0.1:{port}/api/v1/query"
                async with session.get(url, params={"query": query}) as answer:
                    found = (await answer.json())["data"]["result"] if answer.status == 200 else []
            except aiohttp.ClientConnectionError:
                found = []
            if found:
                return list(found)
            await asyncio.sleep(0.05)
    raise AssertionError("Prometheus saw nothing")


async def test_no_number_of_a_scrape_costs_more_the_longer_the_history_is(tmp_path: Path) -> None:
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=True)

    def fill(conn: Connection) -> None:
        events = append_events(conn, "e", [(draft(subject=f"job/ft-{n}"), 1) for n in range(30)])
        write_notifications(conn, [notification(f"n{event.seq}", events=(event,)) for event in events])
        receipt = Receipt(outcome=Outcome.REFUSED)
        for delivery in claim(conn, "slack", now=NOON, limit=10):
            settle(conn, delivery.id, state=DeliveryState.REFUSED, receipt=receipt, now=NOON, next_at=None)

    def explain(conn: Connection) -> list[tuple[str, str]]:
        said: list[str] = []
        raw: Any = conn.connection.driver_connection
        raw.set_trace_callback(said.append)
        found = read_gauges(conn, routing="routing")
        raw.set_trace_callback(None)
        assert found.vitals.waiting["slack"].count == 20
        assert found.given_up == {"slack": 10}
        asked = [text for text in said if text.startswith("SELECT")]
        return [(text, step[3]) for text in asked for step in raw.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()]

    try:
        await store.write(fill)
        plans = await store.write(explain)
    finally:
        await store.aclose()
    scans = [step for _, step in plans if step.startswith("SCAN")]
    allowed = ("SCAN open_", "SCAN anon_", "SCAN some", "SCAN pragma_", "SCAN CONSTANT", "SCAN sink_health")
    partial = ("ix_deliveries_open", "ix_jobs_active")  # these hold the backlog and the active jobs, and no history
    assert plans
    for step in scans:
        assert step.startswith(allowed) or any(index in step for index in partial), step


def test_who_does_not_measure_pays_a_call_and_loads_nothing() -> None:
    assert [name for name in vars(Meter) if not name.startswith("_")] == [
        name for name in vars(Metrics) if name in vars(Meter) and not name.startswith("_")
    ]
    NO_METER.polled("a", "jobs", "good", 0.1)
    assert vars(NO_METER) == {}
    code = (
        "import sys, monitor.polling.poller, monitor.routing, monitor.delivery, monitor.store, monitor.cli.main\n"
        "sys.exit('prometheus_client' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
