"""The first baseline of 10,000 jobs (time, memory) and the cost of an unchanged poll (requests, writes, decodes).

    .venv/bin/python benchmarks/polling.py [--jobs 10000]

The emulated platform runs in a process of its own, so that time and memory are the daemon's alone. The budget is set
high, so that the platform's pace is not what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil

ACTIVE_BELOW = {"model-studio": 5, "modelarts": 50}
"""Active jobs below the first page."""
FAST = {"requests_per_second": 100_000, "burst": 100_000}
ACCOUNTS = {
    "model-studio": {"provider": "model-studio", "api_key": "sk-demo", "jobs": {}},
    "modelarts": {
        "provider": "modelarts",
        "project_id": "p-demo",
        "access_key": "AKDEMO",
        "secret_key": "SKDEMO",
        "jobs": {},
    },
}


def platform(kind: str, jobs: int, pipe: Pipe) -> None:
    """Serves the platform until the pipe is closed."""

    async def serve() -> None:
        from monitor.fields import SystemClock
        from monitor.providers import registry
        from monitor.sandbox.server import serving

        emulator = registry.emulator(kind)(SystemClock(), autoplay=False)
        for number in range(ACTIVE_BELOW[kind]):
            old = SystemClock().now().replace(year=2020)
            if kind == "model-studio":
                emulator.world.add_job("RUNNING", created_at=old, job_id=f"ft-old-{number}")
            else:
                emulator.world.add_job(f"old-{number}", phase="Running", at=old)
        emulator.world.add_history(jobs - ACTIVE_BELOW[kind])
        async with serving({kind: emulator}) as address:
            pipe.send(address)
            await asyncio.to_thread(pipe.poll, None)

    asyncio.run(serve())


async def measure(kind: str, address: str) -> dict[str, Any]:
    import aiohttp

    from monitor.fields import SystemClock
    from monitor.fields.bell import Bell
    from monitor.polling.poller import Poller
    from monitor.polling.surroundings import Surroundings
    from monitor.providers import registry
    from monitor.store import open_store
    from monitor.wire import new_session

    counts = SimpleNamespace(requests=0, writes=0)
    trace = aiohttp.TraceConfig()

    async def on_request(*_: Any) -> None:
        counts.requests += 1

    trace.on_request_start.append(on_request)
    endpoint = f"{address}/api/v1" if kind == "model-studio" else address
    settings = ACCOUNTS[kind] | {"name": "bench", "endpoint": endpoint, "budget": FAST}
    options = registry.options(kind).model_validate(settings)
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store("sqlite:monitor.db", state_dir=Path(folder), lock=True)
        write = store.write

        async def counting(fn: Any) -> Any:
            counts.writes += 1
            return await write(fn)

        store.write = counting  # type: ignore[method-assign]
        session = new_session()
        session._trace_configs.append(trace)
        trace.freeze()
        poller = Poller([options], session, Surroundings(store=store, clock=SystemClock(), bell=Bell()))
        await poller.open()
        (loop,) = poller.loops
        process = psutil.Process()
        before = process.memory_info().rss
        begun, cpu = time.perf_counter(), sum(process.cpu_times()[:2])
        await loop.turn()
        baseline = time.perf_counter() - begun
        spent = sum(process.cpu_times()[:2]) - cpu
        after = process.memory_info().rss
        pages = counts.requests
        await loop.turn()
        counts.requests = counts.writes = 0
        jobs = loop.watched
        jobs.lens.decodes = 0  # type: ignore[union-attr]
        times = []
        for _ in range(20):
            begun = time.perf_counter()
            await loop.turn()
            times.append(time.perf_counter() - begun)
        result = {
            "baseline s": round(baseline, 2),
            "baseline cpu s": round(spent, 2),
            "baseline requests": pages,
            "memory MB": round((after - before) / 1e6, 1),
            "rss MB": round(after / 1e6, 1),
            "poll requests": counts.requests / 20,
            "poll writes": counts.writes / 20,
            "poll decodes": jobs.lens.decodes / 20,  # type: ignore[union-attr]
            "poll ms": round(sorted(times)[10] * 1000, 1),
        }
        await session.close()
        await store.aclose()
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=10_000)
    jobs = parser.parse_args().jobs
    context = multiprocessing.get_context("spawn")
    for kind in ACCOUNTS:
        ours, theirs = context.Pipe()
        server = context.Process(target=platform, args=(kind, jobs, theirs), daemon=True)
        server.start()
        found = asyncio.run(measure(kind, ours.recv()))
        print(f"{kind}: {jobs} jobs, {ACTIVE_BELOW[kind]} of them active below the first page")
        for name, value in found.items():
            print(f"  {name:18} {value}")
        server.terminate()


if __name__ == "__main__":
    main()
