"""The event log as it grows, over SSE: each reader walks it by its own cursor; a slow one holds only itself."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
import msgspec
from aiohttp import web

from monitor.fields.bell import Bell, Broadcast
from monitor.model import Event
from monitor.store import Connection, StoreError, last_seq, read_events
from monitor.telemetry.meter import NO_METER, Meter
from monitor.web.api import Inside, Problem
from monitor.web.api.asked import writable
from monitor.web.api.events import checked_types, item
from monitor.web.carry import query_of
from monitor.web.reply import problem

MOST = 100
"""Streams at the same time."""
PATIENCE = 30.0
"""Seconds in which a piece must have gone out; then the reader is dropped, and may resume."""
PING = 15.0
"""Seconds of silence after which a comment shows that we live."""
TICK = 5.0
"""Seconds after which the log is looked at without a bell: another process may have written."""
RETRY = 3000
"""Milliseconds after which a browser comes back."""
PAGE = 200
PIECE = 16 * 1024
"""Bytes that are written at once."""
_BUFFER = 32 * 1024
"""Bytes that may wait for a reader in this process; in the system twice as many."""
_HINT = "It takes type (repeatable, globs), account, subject and after (a number); or the header Last-Event-ID."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a reader asks for. `after` None: from now on."""

    types: Sequence[str] | None = None
    account: str | None = None
    subject: str | None = None
    after: int | None = None


class Streams:
    """All that are open, so that they can be counted and closed."""

    def __init__(
        self,
        inside: Callable[[], Inside],
        events: Broadcast,
        meter: Meter = NO_METER,
        *,
        key: Callable[[], object] = lambda: None,
    ) -> None:
        """`key`: what a reader had to prove that it knows. Streams end when it is another one."""
        self._inside = inside
        self._events = events
        self._meter = meter
        self._key = key
        self._open: set[anyio.CancelScope] = set()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/events/stream", self._answer, allow_head=False)]

    async def close(self, app: web.Application | None = None) -> None:
        """Ends all streams; browsers come back by themselves."""
        for scope in self._open:
            scope.cancel()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        wanted = wanted_of(query_of(request), request.headers.get("Last-Event-ID"))
        if len(self._open) >= MOST:
            hint = "Close one, or read /api/v1/events?after= from time to time."
            return problem(503, "Too many streams", f"{MOST} streams are open already.", hint, Retry_After="30")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        response.headers["Cache-Control"] = "no-store, no-transform"
        with anyio.CancelScope() as scope, self._events.listening() as bell:
            self._open.add(scope)
            self._meter.streaming(+1)
            try:
                after = await self._begin(wanted)
                await response.prepare(request)
                with contextlib.suppress(StoreError):  # a browser comes back, and is told by the status what is wrong
                    await self._follow(_Reader(request, response), wanted, after, bell)
            finally:
                self._open.discard(scope)
                self._meter.streaming(-1)
        if request.transport is not None:
            request.transport.abort()  # what a slow reader has not taken is not waited for
        return response

    async def _begin(self, wanted: Wanted) -> int:
        """The number after which it begins. One beyond the end comes from another life of the store: from now on."""
        end = await self._inside().store.read(last_seq)
        return end if wanted.after is None else min(wanted.after, end)

    async def _follow(self, reader: _Reader, wanted: Wanted, after: int, bell: Bell) -> None:
        await reader.write(f"retry: {RETRY}\n\n".encode())
        spoke, key = anyio.current_time(), self._key()
        while reader.there:
            since = after
            found, after = await self._inside().store.read(lambda conn, since=since: _next(conn, wanted, since))  # type: ignore[misc]
            if self._key() != key:
                return  # the token was changed, or somebody signed out: who may read comes back
            for event in found:
                await reader.write(message(event))
            if found:
                spoke = anyio.current_time()
                continue
            if anyio.current_time() - spoke >= PING:
                await reader.write(b": still here\n\n")
                spoke = anyio.current_time()
            with anyio.move_on_after(TICK):
                await bell.wait()


class _Reader:
    """Writes with a bounded buffer and bounded patience."""

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self._transport = request.transport
        self._response = response
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high=_BUFFER)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _BUFFER)
        self._lost = False

    @property
    def there(self) -> bool:
        return not self._lost and self._transport is not None and not self._transport.is_closing()

    async def write(self, data: bytes) -> None:
        """Returns when there is room for more. A reader that does not take it is `there` no more."""
        for start in range(0, len(data), PIECE):
            if not self.there:
                return
            with anyio.move_on_after(PATIENCE) as waited:
                await self._response.write(data[start : start + PIECE])
            self._lost = waited.cancelled_caught


def wanted_of(query: Sequence[tuple[str, str]], last_id: str | None) -> Wanted:
    """What is asked for; Last-Event-ID, which a browser sends when it comes back, goes before `after`. Raises Problem
    that names what is wrong."""
    if wrong := [name for name, value in query if not writable(value)]:
        raise Problem(400, "Bad request", f"The parameter `{wrong[0]}` is too long or holds what is no text.", _HINT)
    types = [value for name, value in query if name == "type"]
    rest = [(name, value) for name, value in query if name != "type"]
    once = dict(rest)
    if wrong := [name for name in once if name not in ("account", "subject", "after")]:
        raise Problem(400, "Bad request", f"There is no parameter `{wrong[0]}` here.", _HINT)
    if len(once) < len(rest):
        raise Problem(400, "Bad request", "A parameter stands twice.", _HINT)
    after = last_id or once.get("after")
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Problem(400, "Bad request", "Where to go on from is no number of an event.", _HINT)
    return Wanted(
        types=checked_types(types),
        account=once.get("account"),
        subject=once.get("subject"),
        after=None if after is None else int(after),
    )


def message(event: Event) -> bytes:
    """One event in the form of SSE."""
    data = msgspec.json.encode(item(event))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, event.type.value.encode(), data)


def _next(conn: Connection, wanted: Wanted, after: int) -> tuple[list[Event], int]:
    """What was stored after `after`, and how far the log is read with it."""
    end = last_seq(conn)
    if end <= after:
        return [], after
    found = read_events(
        conn,
        after=after,
        before=end + 1,
        types=wanted.types,
        account=wanted.account,
        subject=wanted.subject,
        limit=PAGE,
    )
    return found, found[-1].seq if len(found) == PAGE else end
