"""Faults that an emulated platform can be told to have, so that each is met with a real cause over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer this instead of the real thing, after `delay` real seconds. `done`: the real thing is done all the same,
    and only its answer is this one."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay: float = 0.0
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The real answer with its length announced, but only this share of its bytes sent before the connection drops."""

    share: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """The real answer after that many real seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The real answer as things were when it was asked for, once `until` is set: it is old when it arrives."""

    until: asyncio.Event


Fault = Reply | Cut | Slow | Held


class Faults:
    """The switch. A fault is for an operation (`*`: any) and for `times` requests (None: until cleared)."""

    def __init__(self) -> None:
        self._plan: list[tuple[str, Fault, int | None]] = []
        self._afterwards: list[tuple[str, Callable[[], object]]] = []

    def add(self, fault: Fault, *, operation: str = "*", times: int | None = 1, after: int = 0) -> None:
        """The next `times` matching requests meet `fault`, once `after` matching ones have passed unharmed.

        Faults that match the same request take turns in the order in which they were added.
        """
        if times is not None and times < 1:
            raise ValueError("times must be 1 or more; None is until cleared")
        if after:
            self._plan.append((operation, _PASS, after))
        self._plan.append((operation, fault, times))

    def afterwards(self, operation: str, happen: Callable[[], object]) -> None:
        """Calls `happen` once, when the next `operation` has been done and before its answer leaves: what another hand
        does between two requests."""
        self._afterwards.append((operation, happen))

    def clear(self) -> None:
        self._plan.clear()
        self._afterwards.clear()

    def _take(self, operation: str) -> Fault | None:
        for index, (wanted, fault, left) in enumerate(self._plan):
            if wanted in ("*", operation):
                if left is not None:
                    self._plan[index] = (wanted, fault, left - 1)
                    if left <= 1:
                        del self._plan[index]
                return None if fault is _PASS else fault
        return None

    async def serve(
        self, operation: str, request: web.Request, real: Callable[[], Awaitable[web.Response]]
    ) -> web.StreamResponse:
        """The answer to `request`: the real one, or what the next fault makes of it."""
        fault = self._take(operation)
        if isinstance(fault, Reply):
            if fault.done:
                await self._do(operation, real)
            await asyncio.sleep(fault.delay)
            return web.Response(
                status=fault.status, body=fault.body, headers=fault.headers, content_type=fault.content_type
            )
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.seconds)
        response = await self._do(operation, real)
        if isinstance(fault, Held):
            await fault.until.wait()
        if isinstance(fault, Cut):
            return await _cut(request, response, fault.share)
        return response

    async def _do(self, operation: str, real: Callable[[], Awaitable[web.Response]]) -> web.Response:
        response = await real()
        due = next((entry for entry in self._afterwards if entry[0] == operation), None)
        if due is not None:
            self._afterwards.remove(due)
            due[1]()
        return response


_PASS = Slow(seconds=0.0)


async def _cut(request: web.Request, response: web.Response, share: float) -> web.StreamResponse:
    body = response.body if isinstance(response.body, bytes) else b""
    stream = web.StreamResponse(status=response.status)
    stream.content_type = response.content_type
    stream.content_length = len(body)
    await stream.prepare(request)
    await stream.write(body[: int(len(body) * share)])
    if request.transport is not None:
        request.transport.close()
    return stream
