"""One connection of the web: what is no HTTP at all is answered like any other mistake, and told to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from aiohttp import web

from monitor.web.headers import secure
from monitor.web.reply import problem

MOST = 500
"""Connections of one port: those that say nothing take file descriptors that polling and delivery need."""
HEAD = 15.0
"""Seconds in which a connection must have sent a whole first request's head."""
LINGER = 1.0
"""Seconds in which the rest of a body that was refused may come, so that the refusal is read."""
IDLE = 75.0
"""Seconds that a connection is kept for the next request."""

Loop = asyncio.AbstractEventLoop
Accept = Callable[[Loop, Callable[[], asyncio.Protocol]], Coroutine[Any, Any, asyncio.AbstractServer]]
_log = structlog.get_logger("web")


class Connection(web.RequestHandler):
    """aiohttp's own, but for how it answers what it cannot read: there no middleware is asked."""

    __slots__ = ("_silence",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._silence = asyncio.get_running_loop().call_later(HEAD, self._end_silent)
        if self._manager is not None and len(self._manager.connections) > MOST:
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._silence.cancel()
        super().connection_lost(exc)

    def _end_silent(self) -> None:
        if not self._request_count:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was on its way already")
        if status >= 500:
            _log.error("request failed", error=type(exc).__name__)
            made = problem(500, "Our mistake", "The request could not be answered.", "The log says more.")
        elif any(word in (message or "").lower() for word in ("more than", "too many")):
            made = problem(
                431, "Too long", "The request line or its headers are too long.", "Send less than 8 kB of each."
            )
        else:
            made = problem(400, "Bad request", "This is no HTTP request that can be read.", "Speak plain HTTP/1.1.")
        secure(made)
        made.force_close()
        return made


class Listening(web.BaseSite):
    """A place where connections are accepted: `accept` opens it, with what makes each connection."""

    def __init__(self, runner: web.AppRunner, accept: Accept) -> None:
        super().__init__(runner)
        self._accept = accept

    @property
    def name(self) -> str:
        return "training-monitor"

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        assert server is not None
        loop = asyncio.get_running_loop()

        def connection() -> Connection:
            return Connection(server, loop=loop, access_log=None, keepalive_timeout=IDLE, lingering_time=LINGER)  # type: ignore[arg-type]

        self._server = await self._accept(loop, connection)
