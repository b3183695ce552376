"""kill -9 of a process that routes and delivers, again and again: nothing is lost, repeats bear the same delivery id,
and each job's story arrives in its order."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from aiohttp import web

from monitor.store import Connection, get_cursor, last_seq, list_deliveries, open_store, read_events

KILLS = 16
EACH = 40
"""Events that each life of the process makes: more than it lives to deliver, so that every kill meets work."""
ROOT = Path(__file__).parents[2]


class Crashes:
    """Takes the webhooks of the process and kills it at a chosen point of the cycle."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, str, str]] = []
        """(sink, delivery, rule, event) in order of arrival."""
        self.killed: dict[str, int] = defaultdict(int)
        self.process: asyncio.subprocess.Process | None = None
        self._plan: tuple[str, int] | None = None
        self._chance = random.Random(20261121)

    def arm(self, point: str, after: int) -> None:
        """The next kill: at the `after`th request from now, before its answer, behind it, or at a chance moment."""
        self._plan = (point, after)

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        (event,) = body["events"]
        self.got.append((request.path[1:], request.headers["webhook-id"], body["rule"], event["id"]))
        point = self._due()
        if point == "before the answer":
            self._kill(point)
        if point is None and self._chance.random() < 0.05:
            return web.Response(status=503, headers={"Retry-After": "0"})
        answer = web.Response()
        if point == "after the answer":
            await answer.prepare(request)
            await answer.write_eof()
            await asyncio.sleep(self._chance.random() * 0.003)  # into the settling, or just past it
            self._kill(point)
        if point == "in between":
            asyncio.get_running_loop().call_later(self._chance.random() * 0.05, self._kill, point)
        return answer

    def _due(self) -> str | None:
        alive = self.process is not None and self.process.returncode is None
        if self._plan is None or not alive:  # a request of the last life may be read after its end
            return None
        point, after = self._plan
        self._plan = (point, after - 1) if after > 1 else None
        return point if after <= 1 else None

    def _kill(self, point: str) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            self.killed[point] += 1


async def start(state_dir: Path, port: int, events: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.delivery.crash_child",
        str(state_dir),
        str(port),
        str(events),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.DEVNULL,
    )


async def settled(state_dir: Path) -> bool:
    """Every event is read by routing, and whatever was written for it is at its end."""

    def look(conn: Connection) -> bool:
        rows = list_deliveries(conn, limit=10_000)
        return get_cursor(conn, "routing") == last_seq(conn) and all(row.state.settled for row in rows)

    store = await open_store("sqlite:monitor.db", state_dir=state_dir, lock=False)
    try:
        return await store.read(look)
    finally:
        await store.aclose()


@pytest.mark.timeout(300)
async def test_sixteen_kills_lose_nothing_and_turn_nothing_around(tmp_path: Path) -> None:
    crashes = Crashes()
    app = web.Application()
    app.router.add_post("/{sink}", crashes.take)
    runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    points = ["before the answer", "after the answer", "in between"]
    try:
        for number in range(KILLS):
            crashes.arm(points[number % 3], after=1 + crashes._chance.randrange(24))
            crashes.process = await start(tmp_path, port, EACH)
            try:
                await asyncio.wait_for(crashes.process.wait(), 40)
            except TimeoutError:  # it has nothing left to send, though there should be: what is missing is told below
                crashes.process.kill()
                await crashes.process.wait()
                break
        crashes.process = last = await start(tmp_path, port, 0)
        while not await settled(tmp_path):
            assert last.returncode is None
            await asyncio.sleep(0.1)
        last.kill()
        await last.wait()
    finally:
        await runner.cleanup()
    store = await open_store("sqlite:monitor.db", state_dir=tmp_path, lock=False)
    events = await store.read(lambda conn: read_events(conn, limit=10_000))
    await store.aclose()
    assert len(events) > 2 * KILLS
    seq = {event.id: event.seq for event in events}
    subject = {event.id: event.subject for event in events}

    told = {(rule, sink, event) for sink, _, rule, event in crashes.got}
    assert told == {
        (rule, sink, event) for event in seq for rule, sink in (("both", "a"), ("both", "b"), ("more", "a"))
    }

    assert sum(crashes.killed.values()) == KILLS

    ids: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for sink, delivery, rule, event in crashes.got:
        ids[rule, sink, event].add(delivery)
    assert all(len(known) == 1 for known in ids.values()), "a repeat bore another delivery id"
    assert len({next(iter(known)) for known in ids.values()}) == len(ids)
    assert len(crashes.got) > len(ids), "no repeat at all: the kills missed the cycle"

    stories: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for sink, _, rule, event in crashes.got:
        story = stories[rule, sink, subject[event]]
        if seq[event] not in story:
            story.append(seq[event])
        assert seq[event] == story[-1], "an older message was repeated after a newer one of its job"
    assert all(story == sorted(story) for story in stories.values())
