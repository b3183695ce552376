"""`make soak`: the daemon at 100 times speed for an hour, and what it costs at the beginning and at the end.

The platforms live in this process and their stories play by themselves: jobs come, run, end and are removed, stock
changes. Now and then a platform or the receiving side fails, and the config is read anew. Ends with 1 where something
grew beyond the bounds of `tests.soak.measure`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from aiohttp import web

from monitor.emulation import Reply
from monitor.providers.modelarts.emulated.job import TERMINAL
from monitor.sandbox.server import emulators, serving
from tests.crash.launcher import SharedClock
from tests.kit.process import write_config
from tests.soak.measure import Sample, sample, too_much

SAMPLES = 24
"""Lines that are printed."""
FAULT_EVERY, RELOAD_EVERY = 1800.0, 6 * 3600.0
"""Seconds of the daemon's clock."""
KEPT = 12 * 3600.0
"""Seconds for which the platforms keep a job that was made, if it is over."""


def config(folder: Path, platforms: str, inbox: str) -> Path:
    return write_config(
        folder,
        {
            "http": {"listen": "127.0.0.1:0"},
            "accounts": [
                {"name": "llm", "provider": "model-studio", "api_key": "sk-demo", "endpoint": f"{platforms}/api/v1",
                 "jobs": {"every": "30s", "sweep_every": "1h"}},
                {"name": "ascend", "provider": "modelarts", "region": "cn-north-4", "endpoint": platforms,
                 "project_id": "p-demo", "access_key": "AKDEMO", "secret_key": "SKDEMO", "jobs": {"every": "30s"},
                 "training_flavors": {"every": "15m"}, "resource_flavors": {"every": "60s"}},
            ],
            "sinks": [{"name": "team", "type": "webhook", "url": f"{inbox}/team"},
                      {"name": "moody", "type": "webhook", "url": f"{inbox}/moody"}],
            "rules": [{"name": "all", "on": ["*"], "notify": ["team"]},
                      {"name": "stuck", "on": ["job.queued"], "for": "10m", "remind_every": "1h", "notify": ["moody"]},
                      {"name": "stock", "on": ["flavor.*"], "group_by": ["account.name"], "group_wait": "1m",
                       "notify": ["moody"]}],
            "heartbeat": {"url": f"{inbox}/ping", "every": "5m"},
            "retention": {"events": "1d", "deliveries": "1d"},
        },
    )  # fmt: skip


class World:
    """The receiving side, which fails now and then, and what it took."""

    def __init__(self) -> None:
        self.took = {"team": 0, "moody": 0, "ping": 0}
        self.failing = False

    async def take(self, request: web.Request) -> web.Response:
        await request.read()
        name = request.path.strip("/")
        if self.failing and name == "moody":
            return web.Response(status=503)
        self.took[name] += 1
        return web.Response(text="OK")


async def soak(minutes: float, speed: float) -> int:
    zero = time.monotonic()
    clock = SharedClock(time.time(), zero, speed)
    platforms: dict[str, Any] = dict(emulators(clock))
    world = World()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="training-monitor-soak-")))
        address = await stack.enter_async_context(serving(platforms))
        inbox = await _receiving(stack, world)
        log = (folder / "log").open("w+b")
        path = config(folder, address, inbox)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.soak.child", str(path), *(str(each) for each in clock.told),
            stderr=log, env={**os.environ, "HOME": str(folder)},
        )  # fmt: skip
        page = await _page(folder / "log", process)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        trouble = asyncio.create_task(_trouble(clock, platforms, world, process))
        samples = await _watch(session, page, folder / "state" / "monitor.db", clock, minutes)
        trouble.cancel()
        process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(process.wait(), 30)
        lines = (folder / "log").read_text().splitlines()
    found = too_much(samples, lines) + ([f"it ended with {code}"] if code else [])
    first, last = samples[len(samples) // 2], samples[-1]
    warned = sum('"warning"' in line for line in lines)
    print(f"taken: {world.took}; warnings in the log: {warned}")  # noqa: T201
    print(f"middle  {first.line()}\nend     {last.line()}")  # noqa: T201
    print("\n".join(found) or "nothing grew beyond its bounds")  # noqa: T201
    return 1 if found else 0


async def _receiving(stack: AsyncExitStack, world: World) -> str:
    app = web.Application()
    app.router.add_route("*", "/{name}", world.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _page(log: Path, process: asyncio.subprocess.Process) -> str:
    """Where its metrics are, once it has started."""
    for _ in range(1200):
        for line in log.read_text().splitlines():
            if '"started"' in line:
                return f"{json.loads(line)['page']}metrics"
        if process.returncode is not None:
            break
        await asyncio.sleep(0.1)
    raise SystemExit(f"the daemon did not start:\n{log.read_text()[-2000:]}")


async def _watch(
    session: aiohttp.ClientSession, page: str, database: Path, clock: SharedClock, minutes: float
) -> list[Sample]:
    """A scrape every two seconds, as a Prometheus would, of which some are kept."""
    begun, samples, pause = clock.monotonic(), [], minutes * 60 / SAMPLES
    end = time.monotonic() + minutes * 60
    due = time.monotonic() + min(10.0, pause)
    while time.monotonic() < end:
        async with session.get(page) as answer:
            text = await answer.text()
        if time.monotonic() >= due and "training_monitor_last_seq" in text:
            samples.append(sample(text, database, clock.monotonic() - begun))
            print(samples[-1].line(), flush=True)  # noqa: T201
            due += pause
        await asyncio.sleep(2)
    return samples


async def _trouble(
    clock: SharedClock, platforms: dict[str, Any], world: World, process: asyncio.subprocess.Process
) -> None:
    dice, since = Random(7), 0.0
    down = Reply(status=502, body=b"<html>bad gateway</html>")
    while True:
        await clock.sleep(FAULT_EVERY)
        platforms[dice.choice(["model-studio", "modelarts"])].faults.add(down, times=dice.choice([1, 2, 8]))
        world.failing = dice.random() < 0.3
        _forget(platforms, clock.now() - timedelta(seconds=KEPT))
        since += FAULT_EVERY
        if since >= RELOAD_EVERY and process.returncode is None:
            since = 0.0
            process.send_signal(signal.SIGHUP)


def _forget(platforms: dict[str, Any], before: datetime) -> None:
    """What the daemon has to remember grows with what is there; so that only the daemon can grow, that does not."""
    studio, arts = platforms["model-studio"].world, platforms["modelarts"].world
    for job in list(studio.jobs()):
        if job.finished and job.created < before:
            studio.remove(job.job_id)
    for job in list(arts.jobs.values()):
        if job.phase in TERMINAL and job.created < before:
            arts.remove(job.id)


def main() -> int:
    ask = argparse.ArgumentParser(prog="make soak SOAK_ARGS=…", description=__doc__)
    ask.add_argument("--minutes", type=float, default=60.0, help="real ones; default 60")
    ask.add_argument("--speed", type=float, default=100.0, help="how fast its time passes; default 100")
    given = ask.parse_args()
    return asyncio.run(soak(given.minutes, given.speed))


if __name__ == "__main__":
    sys.exit(main())
