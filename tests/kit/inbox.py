"""A real web server that takes webhooks and keeps them, with the moment they came."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Letter:
    """One webhook as it arrived."""

    id: str
    message: dict[str, Any]
    at: float

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.message["events"]]

    @property
    def subjects(self) -> list[str]:
        return [event["subject"] for event in self.message["events"]]


class Inbox:
    """`async with Inbox() as inbox:`; `inbox.url` is where to post."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.status = 204

    async def __aenter__(self) -> Inbox:
        app = web.Application()
        app.router.add_post("/inbox", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/inbox"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        message = await request.json()
        if self.status < 300:
            self.letters.append(Letter(request.headers["webhook-id"], message, time.monotonic()))
        return web.Response(status=self.status)
