"""How fast the outbox drains to a loopback webhook, paired with bare aiohttp POSTs of the same bytes in the same run.

    .venv/bin/python benchmarks/deliver.py [--messages 3000] [--concurrency 32] [--rounds 3]

The server runs in a process of its own. Rounds of the two alternate, so that a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import anyio
import uvloop
from aiohttp import web

from monitor.delivery import Outbox, SinkEntry
from monitor.fields import SystemClock
from monitor.fields.bell import Bell
from monitor.model import DeliveryState, Reason, Severity, Text
from monitor.sinks.webhook.options import Options
from monitor.sinks.webhook.sink import build
from monitor.store import NotificationWrite, Store, list_deliveries, open_store, write_notifications
from monitor.wire import Http, new_session

BODY = (
    b'{"id": "0123456789abcdef0123456789abcdef", "rule": "bench", "title": "Job finished", "events": []}' + b" " * 400
)


def serve(pipe: Connection) -> None:
    taken = 0

    async def take(request: web.Request) -> web.Response:
        nonlocal taken
        await request.read()
        taken += 1
        return web.Response()

    async def count(request: web.Request) -> web.Response:
        return web.json_response(taken)

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/in", take)
        app.router.add_get("/in", count)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    uvloop.run(main())


async def fill(store: Store, first: int, count: int) -> None:
    now = datetime.now(UTC)
    writes = [
        NotificationWrite(
            id=f"{number:032x}",
            rule="bench",
            severity=Severity.INFO,
            reason=Reason.NEW,
            text=Text(title="Job finished", plain="x" * 400, markdown="x" * 400),
            created_at=now,
            event_seqs=(),
            subjects=(f"acc|job/{number}",),
            sinks=("hook",),
        )
        for number in range(first, first + count)
    ]
    await store.write(lambda conn: write_notifications(conn, writes))


async def drain(store: Store, url: str, count: int, concurrency: int) -> float:
    """Messages per second, from the bell until the last is settled."""
    async with new_session(connections=concurrency) as session:
        options = Options(name="hook", type="webhook", url=url, concurrency=concurrency)
        clock = SystemClock()
        entry = SinkEntry(sink=build(options, Http(session), clock), options=options)
        outbox = Outbox(store, [entry], clock, events=Bell())
        end = await taken(session, url) + count
        began = time.perf_counter()
        async with anyio.create_task_group() as group:
            group.start_soon(outbox.run)
            while await taken(session, url) < end:
                await anyio.sleep(0.02)
            while await store.read(waiting):
                await anyio.sleep(0.01)
            took = time.perf_counter() - began
            outbox.stop()
    return count / took


async def taken(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(url) as answer:
        return int(await answer.text())


def waiting(conn: Any) -> bool:
    open_ = (DeliveryState.PENDING, DeliveryState.SENDING)
    return any(list_deliveries(conn, state=state, limit=1) for state in open_)


async def bare(url: str, count: int, concurrency: int) -> float:
    async with new_session(connections=concurrency) as session:
        left = iter(range(count))

        async def post() -> None:
            for _ in left:
                async with session.post(url, data=BODY, timeout=aiohttp.ClientTimeout(total=30)) as answer:
                    await answer.read()

        began = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(concurrency)))
        return count / (time.perf_counter() - began)


async def main(messages: int, concurrency: int, rounds: int, port: int) -> None:
    url = f"http://127.0.0.1:{port}/in"
    ratios = []
    with tempfile.TemporaryDirectory() as place:
        store = await open_store("sqlite:bench.db", state_dir=Path(place), lock=True)
        for number in range(rounds):
            await fill(store, number * messages, messages)
            ours = await drain(store, url, messages, concurrency)
            base = await bare(url, messages, concurrency)
            ratios.append(ours / base)
            print(f"round {number + 1}: outbox {ours:,.0f}/s, bare aiohttp {base:,.0f}/s, ratio {ours / base:.2f}")
        await store.aclose()
    print(f"median ratio {median(ratios):.2f} at concurrency {concurrency}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        uvloop.run(main(given.messages, given.concurrency, given.rounds, ours.recv()))
    finally:
        server.kill()
