"""One guarded request: paced by a gate, bounded in time and size, never redirected; every failure is a `Fault`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

import aiohttp
import anyio

from monitor import __version__
from monitor.wire.connections import Connections
from monitor.wire.explain import explain, place_of
from monitor.wire.fault import Fault, FaultKind
from monitor.wire.retry_after import http_date

MAX_BODY = 16 * 1024 * 1024
"""Bytes. The largest honest page (1000 jobs of 4 kB) is a quarter of it."""
MAX_HEADER = 64 * 1024
"""Bytes of one header. An IAM token with many roles is longer than aiohttp's usual 8 kB."""
KEEP_ALIVE = 1800.0
"""Seconds a connection may idle: longer than a poll interval, for a new TLS connection costs 6.7 times the CPU."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `date` is the server's clock (its `Date` header), None where it gave none."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    date: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a request may take, in seconds. `silence` is the longest wait for the next byte."""

    total: float = 60.0
    connect: float = 10.0
    silence: float = 30.0

    def limits(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=self.total, connect=self.connect, sock_connect=self.connect, sock_read=self.silence
        )


class Gate(Protocol):
    """Paces the requests of one credential on one host. `leave` follows every `enter` that returned, once, even when
    the request is cancelled: it is shielded from the cancellation, so it must be short."""

    async def enter(self) -> None:
        """Waits for the budget and the back-off. Raises Fault where no request may be sent."""
        ...

    async def leave(self, fault: Fault | None) -> None:
        """Told how the request ended."""
        ...


class OpenGate:
    """No pacing: for sinks, which pace themselves, and for tests."""

    async def enter(self) -> None: ...

    async def leave(self, fault: Fault | None) -> None: ...


Judge = Callable[[Answer], Fault | None]
Headers = Mapping[str, str] | Callable[[], Mapping[str, str]]
_NONE: Mapping[str, str] = MappingProxyType({})


def new_session(*, connections: int = 20, patience: Patience = Patience()) -> aiohttp.ClientSession:
    """A client session for `Http`. No cookies, no proxies from the environment, connections outlive a poll interval."""
    connector = Connections(limit=connections, keepalive_timeout=KEEP_ALIVE)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"training-monitor/{__version__}"},
        timeout=patience.limits(),
        auto_decompress=True,
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
        trust_env=False,
    )


class Http:
    """Sends requests for one credential on one host. Safe to share between tasks."""

    def __init__(self, session: aiohttp.ClientSession, gate: Gate | None = None, *, max_body: int = MAX_BODY) -> None:
        self._session = session
        self._gate: Gate = gate or OpenGate()
        self._max_body = max_body

    async def send(
        self,
        method: str,
        url: str,
        *,
        judge: Judge,
        headers: Headers = _NONE,
        body: bytes | None = None,
        patience: Patience | None = None,
    ) -> Answer:
        """Sends once and returns an answer that `judge` found good.

        `url` goes out exactly as given (already encoded). `headers` may be a function: it is called when the gate has
        opened, so that a signature is fresh. Redirects are never followed. `patience` stands instead of the session's.
        Raises Fault, whose `sent` tells whether the request may have arrived: the judge's own, or
        TRANSIENT (network, time-out), SENSELESS (redirect, no HTTP, body over the cap, cut body), MISCONFIGURED (what
        cannot be sent: no URL, a line break in a header).
        """
        await self._gate.enter()
        fault: Fault | None = Fault(FaultKind.TRANSIENT, "the request was abandoned")
        try:
            try:
                answer = await self._exchange(method, url, headers, body, patience)
                fault = judge(answer)
            except Fault as error:
                fault = error
            if fault is not None:
                raise fault
            return answer
        finally:
            with anyio.CancelScope(shield=True):
                await self._gate.leave(fault)

    async def _exchange(
        self, method: str, url: str, headers: Headers, body: bytes | None, patience: Patience | None
    ) -> Answer:
        where, place = place_of(url)
        sent = headers() if callable(headers) else headers
        try:
            async with self._session.request(
                method,
                where,
                headers=sent,
                data=body,
                allow_redirects=False,
                timeout=patience.limits() if patience else self._session.timeout,
            ) as response:
                if 300 <= response.status < 400:
                    raise Fault(
                        FaultKind.SENSELESS,
                        f"{place} answered {response.status}, a redirect",
                        hint="redirects are not followed; set `endpoint` to where the platform really is",
                        status=response.status,
                    )
                content = await self._read(response, place)
                date = http_date(response.headers.get("Date"))
                return Answer(response.status, response.headers, content, date)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # `from None`: the causes name the whole URL and pieces of what was received, and would be logged with it.
            raise explain(error, place) from None

    async def _read(self, response: aiohttp.ClientResponse, place: str) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._max_body:
                response.close()
                cap = f"{self._max_body / 1_048_576:.3g} MB"
                text = f"{place} answered more than {cap}; the rest was left unread"
                raise Fault(FaultKind.SENSELESS, text, status=response.status)
            chunks.append(chunk)
        return b"".join(chunks)
