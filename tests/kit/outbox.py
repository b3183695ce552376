"""For tests of routing, delivery and sinks: a clock that only the test moves, and a real server that takes webhooks."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from monitor.model import Event, EventDraft, EventType, Reason, Severity, Text
from monitor.store import NotificationWrite, Store, append_events, delivery_id, next_revision, write_notifications

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


class SteppedClock:
    """Time stands still; `advance` moves it and wakes the sleepers whose time has come."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._zero = start
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return 1000.0 + (self._now - self._zero).total_seconds()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        entry = (self._now + timedelta(seconds=seconds), woken)
        self._sleepers.append(entry)
        try:
            await woken.wait()
        finally:
            self._sleepers = [each for each in self._sleepers if each[1] is not woken]

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        for at, woken in self._sleepers:
            if at <= self._now:
                woken.set()

    def set(self, seconds: float) -> None:
        """Somebody sets the wall clock forward, or back; no time passes."""
        by = timedelta(seconds=seconds)
        self._now, self._zero = self._now + by, self._zero + by
        self._sleepers = [(at + by, woken) for at, woken in self._sleepers]


async def eventually(condition: Callable[[], Any], *, within: float = 30.0) -> Any:
    """Waits until `condition` (a function, or one that gives an awaitable) holds; what it gave then."""
    end = time.monotonic() + within
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < end, f"{condition} never came true"
        await asyncio.sleep(0.005)


@dataclass(frozen=True)
class Got:
    """One request that the server took."""

    path: str
    id: str
    title: str
    body: dict[str, Any]


class HookServer:
    """Takes webhooks. `answers[path]` are statuses for the next requests (then 200); a held path does not answer."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: dict[str, list[int]] = defaultdict(list)
        self.headers: dict[str, str] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.port = 0

    def hold(self, path: str) -> None:
        self.held[path] = asyncio.Event()

    def release(self, path: str) -> None:
        self.held.pop(path).set()

    def titles(self, path: str | None = None) -> list[str]:
        return [got.title for got in self.got if path is None or got.path == path]

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.got.append(Got(request.path, request.headers["webhook-id"], body["title"], body))
        if request.path in self.held:
            await self.held[request.path].wait()
        waiting = self.answers[request.path]
        return web.Response(status=waiting.pop(0) if waiting else 200, headers=self.headers)


@asynccontextmanager
async def hook_server() -> AsyncIterator[HookServer]:
    server = HookServer()
    app = web.Application()
    app.router.add_post("/{name}", server.take)
    runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        for held in server.held.values():
            held.set()
        await runner.cleanup()


def job_event(job: str, at: datetime, **more: Any) -> EventDraft:
    known: dict[str, Any] = {
        "type": EventType.JOB_FINISHED,
        "account": "acc",
        "subject": f"job/{job}",
        "time": at,
        "detected_at": at,
        "severity": Severity.INFO,
        "data": {"account": {"name": "acc", "provider": "modelarts"}, "job": {"id": job, "name": job}},
    }
    return EventDraft(**{**known, **more})


async def stored(store: Store, *drafts: EventDraft) -> list[Event]:
    """Appends the events as polling would."""
    return await store.write(
        lambda conn: append_events(
            conn, store.epoch, [(draft, next_revision(conn, draft.account, draft.subject)) for draft in drafts]
        )
    )


async def said(store: Store, sink: str, title: str, at: datetime, *, subject: str = "", **more: Any) -> str:
    """Writes a notification of one stored event as routing would; the delivery's id."""
    job = subject or title
    (event,) = await stored(store, job_event(job, at))
    known: dict[str, Any] = {
        "id": f"n-{title}-{event.seq}",
        "rule": "r",
        "severity": Severity.INFO,
        "reason": Reason.NEW,
        "text": Text(title=title, plain=title, markdown=title),
        "created_at": at,
        "event_seqs": (event.seq,),
        "subjects": (f"acc|job/{job}",),
        "sinks": (sink,),
    }
    write = NotificationWrite(**{**known, **more})
    await store.write(lambda conn: write_notifications(conn, [write]))
    return delivery_id(write.id, sink)
