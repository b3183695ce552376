"""How long each question to the API takes over a long history: straight, and over real HTTP on loopback.

    .venv/bin/python -m benchmarks.api [--jobs 100000] [--events 1000000] [--times 200] [--only /usage] [--no-http]
        [--plans]

The store is made once for these sizes and kept in build/bench; history.py says what is in it.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import uvloop

from benchmarks.history import fill
from monitor.fields import SystemClock
from monitor.fields.bell import Broadcast
from monitor.settings import Listen, load
from monitor.store import open_store
from monitor.web.api import Api, Inside, Request
from monitor.web.health import Health
from monitor.web.server import Site, serving

BENCH = Path(__file__).parents[1] / "build" / "bench"
CONFIG = """
state_dir: {place}
accounts:
  - {{name: north, provider: model-studio, api_key: k, jobs: {{}}}}
  - {{name: south, provider: model-studio, api_key: l, jobs: {{}}}}
people:
  - {{name: Ann, ids: ["model-studio:user-2", "modelarts:user-1"], notify: [slack]}}
sinks:
  - {{name: slack, type: log}}
  - {{name: hook, type: log}}
rules:
  - {{name: rule-0, on: [job.finished], notify: [slack, hook]}}
"""
ROUTES = [
    "/status",
    "/accounts",
    "/watches",
    "/jobs",
    "/jobs?limit=1000",
    "/jobs?account=north&state=failed",
    "/jobs?active=true",
    "/jobs?owner=Ann",
    "/jobs?model=model-3",
    "/jobs?search=name-77",
    "/jobs?search=nowhere",
    "/jobs?since=7d",
    "/jobs?find=ft-0000777",
    "/jobs?find=ft-",
    "/jobs/north/{job}",
    "/flavors",
    "/flavors/north/flavor-1/history",
    "/stock-history?since=14d",
    "/events",
    "/events?limit=1000",
    "/events?type=job.*",
    "/events?type=job.finished&account=north",
    "/events?type=flavor.*&severity=critical",
    "/events?account=south",
    "/events?subject=job/{job}",
    "/events?severity=warning",
    "/events?since=14d",
    "/events?since=400d&order=oldest",
    "/events?until=200d",
    "/events?search=nowhere",
    "/events/{seq}",
    "/notifications",
    "/notifications?rule=rule-0",
    "/notifications?sink=hook",
    "/notifications?search=nowhere",
    "/notifications?since=7d",
    "/deliveries",
    "/deliveries?state=dead",
    "/deliveries?sink=slack&state=delivered",
    "/deliveries?rule=rule-0&state=dead",
    "/deliveries?search=nowhere",
    "/sinks",
    "/rules",
    "/usage?since=30d",
    "/usage",
    "/usage?by=month,owner",
    "/usage?by=label:team",
    "/usage?by=label:team,label:site",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--only", default="", metavar="BEGIN", help="routes that begin so, like /usage")
    parser.add_argument("--no-http", action="store_true")
    parser.add_argument("--plans", action="store_true")
    uvloop.run(run(parser.parse_args()))


async def run(options: argparse.Namespace) -> None:
    place = BENCH / f"api-{options.jobs}-{options.events}"
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        (place / "training-monitor.yaml").write_text(CONFIG.format(place=place))
        await (await open_store("sqlite:monitor.db", state_dir=place, lock=True)).aclose()
        began = time.monotonic()
        fill(place / "monitor.db", options.jobs, options.events)
        (place / "done").touch()
        print(f"made the store in {time.monotonic() - began:.0f} s")
    settings = load(place / "training-monitor.yaml", resolve=True, environ={}, credentials_dir=None)
    store = await open_store(settings.store, state_dir=place, lock=True)
    try:
        api = Api(Inside(store=store, clock=SystemClock(), settings=settings))
        job, seq = f"ft-{options.jobs // 2:07}", options.events // 2
        paths = [path.format(job=job, seq=seq) for path in ROUTES if path.startswith(options.only)]
        straight = {path: await measure(lambda path=path: ask(api, path), options.times) for path in paths}
        over_http = {} if options.no_http else await http(api, paths, options.times)
    finally:
        await store.aclose()
    print(f"{'':44} {'straight':>18} {'over HTTP':>18}   bytes   (median and p99, ms)")
    for path, (middle, worst, size) in straight.items():
        web = "{:8.1f} {:8.1f}".format(*over_http[path][:2]) if over_http else ""
        print(f"{path:44} {middle:9.1f} {worst:8.1f} {web:>18} {size:8}")
        if options.plans:
            for step in plan(place / "monitor.db", api, path):
                print(f"    {step}")


async def ask(api: Api, path: str) -> int:
    parts = urlsplit(path)
    reply = await api.answer(Request(path=f"/api/v1{parts.path}", query=tuple(parse_qsl(parts.query))))
    assert reply.status == 200, (path, reply.body[:300])
    return len(reply.body)


async def measure(once: Callable[[], Awaitable[int]], times: int) -> tuple[float, float, int]:
    """Median and 99th percentile in ms, and the answer's bytes. What is very slow is asked less often."""
    took: list[float] = []
    size, end = 0, time.perf_counter() + 20
    while len(took) < times and (len(took) < 5 or time.perf_counter() < end):
        began = time.perf_counter()
        size = await once()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return took[len(took) // 2], took[min(len(took) - 1, len(took) * 99 // 100)], size


async def http(api: Api, paths: list[str], times: int) -> dict[str, tuple[float, float, int]]:
    async def well() -> None: ...

    async def metrics() -> bytes:
        return b""

    inside = api._inside
    health = Health(dead_loops=tuple, untried=tuple, probe_store=well)
    site = Site(api=api, inside=inside, health=health, metrics=metrics, events=Broadcast())
    async with serving(site, listen=Listen("127.0.0.1", 0)) as port, aiohttp.ClientSession() as session:

        async def once(path: str) -> int:
            async with session.get(f"http://127.0.0.1:{port}/api/v1{path}") as answer:
                assert answer.status == 200, path
                return len(await answer.read())

        return {path: await measure(lambda path=path: once(path), times) for path in paths}


def plan(file: Path, api: Api, path: str) -> list[str]:
    """The steps of every statement that the question takes."""
    from sqlalchemy import create_engine

    found: list[str] = []
    with create_engine(f"sqlite:///{file}").connect() as conn:
        raw: Any = conn.connection.driver_connection
        said: list[str] = []

        class Here:
            epoch = ""

            async def read(self, fn: Any) -> Any:
                return fn(conn)

        inside = Inside(store=Here(), clock=SystemClock(), settings=api._inside.settings)
        raw.set_trace_callback(said.append)
        waiting = ask(Api(inside), path)
        with suppress(StopIteration):  # nothing in it waits
            waiting.send(None)
        raw.set_trace_callback(None)
        for text in dict.fromkeys(said):
            if text.startswith("SELECT"):
                found += [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {text}")]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    main()
