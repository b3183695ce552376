"""From a change on the emulated platform to the webhook's arrival, and what an idle daemon costs.

    .venv/bin/python benchmarks/latency.py [--changes 200] [--idle 60]

The daemon is the real program in a process of its own, with SQLite and synchronous=FULL. The poll interval is taken
out: the clock starts when the platform is asked for the page that shows the change. Idle: both platforms watched at
the default intervals, with 100 jobs of history each.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web

PROGRAM = Path(sys.executable).with_name("training-monitor")

CONFIG = """\
state_dir: {folder}
http: {{listen: "127.0.0.1:0"}}
accounts:
  - {{name: studio, provider: model-studio, api_key: sk-demo, endpoint: "{address}/api/v1", jobs: {{every: {every}}}}}
  - name: arts
    provider: modelarts
    endpoint: {address}
    project_id: p-demo
    access_key: AKDEMO
    secret_key: SKDEMO
    jobs: {{every: {every}}}
    training_flavors: {{every: 15m}}
    resource_flavors: {{every: 60s}}
sinks:
  - {{name: inbox, type: webhook, url: "{address}/inbox", secret: bench}}
rules:
  - {{name: ends, on: [job.finished], when: 'job.state == "succeeded"', notify: [inbox]}}
"""


class Stamped:
    """An emulated platform that notes when each request came in."""

    def __init__(self, emulator: Any) -> None:
        self.world = emulator.world
        self._emulator = emulator
        self.asked: list[float] = []

    def routes(self) -> Iterable[web.RouteDef]:
        for route in self._emulator.routes():
            yield web.RouteDef(route.method, route.path, self._noted(route.handler), route.kwargs)

    def _noted(self, handler: Any) -> Any:
        async def noted(request: web.Request) -> web.StreamResponse:
            self.asked.append(time.perf_counter())
            response: web.StreamResponse = await handler(request)
            return response

        return noted


class Bench:
    def __init__(self) -> None:
        from monitor.fields import SystemClock
        from monitor.providers import registry

        self.platforms = {
            kind: Stamped(registry.emulator(kind)(SystemClock(), autoplay=False))
            for kind in ("model-studio", "modelarts")
        }
        self.arrived: dict[str, float] = {}

    async def inbox(self, request: web.Request) -> web.Response:
        now = time.perf_counter()
        for event in (await request.json())["events"]:
            self.arrived.setdefault(event["subject"].removeprefix("job/"), now)
        return web.Response(status=204)

    async def serve(self) -> str:
        app = web.Application()
        app.router.add_post("/inbox", self.inbox)
        for platform in self.platforms.values():
            app.add_routes(platform.routes())
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def changes(self, count: int) -> list[float]:
        world, studio = self.platforms["model-studio"].world, self.platforms["model-studio"]
        waits = []
        for _ in range(count):
            job = world.add_job("RUNNING")
            seen = len(studio.asked)
            while len(studio.asked) < seen + 2:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            changed = time.perf_counter()
            world.set(job, status="SUCCEEDED")
            while job not in self.arrived:
                await asyncio.sleep(0.005)
            asked = next(moment for moment in studio.asked if moment >= changed)
            waits.append(self.arrived[job] - asked)
        return waits


async def running(folder: str, address: str, every: str) -> asyncio.subprocess.Process:
    path = Path(folder) / "training-monitor.yaml"
    path.write_text(CONFIG.format(folder=folder, address=address, every=every))
    return await asyncio.create_subprocess_exec(
        str(PROGRAM), "run", "--config", str(path), stderr=asyncio.subprocess.DEVNULL, env=dict(os.environ)
    )


async def latency(bench: Bench, address: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        process = await running(folder, address, "1s")
        await asyncio.sleep(4)
        waits = [wait * 1000 for wait in await bench.changes(count)]
        process.terminate()
        await process.wait()
    cuts = statistics.quantiles(waits, n=100)
    print(f"asked -> webhook, {count} changes: median {statistics.median(waits):.1f} ms, p99 {cuts[98]:.1f} ms")


async def idle(bench: Bench, address: str, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        process = await running(folder, address, "30s")
        await asyncio.sleep(10)
        seen = psutil.Process(process.pid)
        before = sum(seen.cpu_times()[:2])
        await asyncio.sleep(seconds)
        cpu = (sum(seen.cpu_times()[:2]) - before) / seconds * 100
        print(
            f"idle, both accounts: {seen.memory_info().rss / 1e6:.1f} MB RSS, {cpu:.2f} % of a core over {seconds:g} s"
        )
        process.terminate()
        await process.wait()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--idle", type=float, default=60)
    given = parser.parse_args()
    bench = Bench()
    bench.platforms["model-studio"].world.add_history(100)
    bench.platforms["modelarts"].world.add_history(100)
    address = await bench.serve()
    await idle(bench, address, given.idle)
    await latency(bench, address, given.changes)


if __name__ == "__main__":
    asyncio.run(main())
