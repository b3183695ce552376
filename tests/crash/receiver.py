"""The receiving server: keeps every webhook with what it answered, and now and then answers badly."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from aiohttp import web

CUT = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request. `answer`: 204, 503 or CUT (the connection was closed instead)."""

    sink: str
    id: str
    rule: str
    events: tuple[str, ...]
    answer: int


class Receiver:
    """`async with Receiver(seed) as receiver:`; a sink posts to `receiver.url(name)`."""

    def __init__(self, seed: int) -> None:
        self.arrivals: list[Arrival] = []
        self._dice = random.Random(f"receiver {seed}")

    async def __aenter__(self) -> Receiver:
        app = web.Application(client_max_size=2**28)  # a report of a thousand ends
        app.router.add_post("/{sink}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    def url(self, sink: str) -> str:
        return f"http://127.0.0.1:{self._port}/{sink}"

    async def _take(self, request: web.Request) -> web.StreamResponse:
        said: dict[str, Any] = await request.json()
        roll = self._dice.random()
        answer = 503 if roll < 0.05 else CUT if roll < 0.08 else 204
        events = tuple(event["id"] for event in said["events"])
        arrival = Arrival(request.match_info["sink"], request.headers["webhook-id"], said["rule"], events, answer)
        self.arrivals.append(arrival)
        if answer == CUT and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer or 204, headers={"Retry-After": "0"} if answer == 503 else {})
