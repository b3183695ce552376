"""One guarded request: paced by a gate, bounded in time and size, never redirected; every failure is a `Fault`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import aiohttp
from yarl import URL

from monitor.wire.fault import Fault, FaultKind
from monitor.wire.retry_after import http_date

MAX_BODY = 16 * 1024 * 1024
"""Bytes. The largest honest page (1000 jobs of 4 kB) is a quarter of it."""
KEEP_ALIVE = 1800.0
"""Seconds a connection may idle: longer than the usual poll interval, for a new TLS connection costs 6.7 times the CPU."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `date` is the server's clock (its `Date` header), None where it gave none."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    date: datetime | None


class Gate(Protocol):
    """Paces the requests of one credential on one host. `leave` follows every `enter` that returned."""

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


def new_session(*, connections: int = 20) -> aiohttp.ClientSession:
    """A client session for `Http`. No cookies, no proxies from the environment, connections outlive a poll interval."""
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEP_ALIVE)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=60, connect=10, sock_read=30),
        auto_decompress=True,
        trust_env=False,
    )


class Http:
    """Sends requests for one credential on one host. Safe to share between tasks."""

    def __init__(self, session: aiohttp.ClientSession, gate: Gate | None = None, *, max_body: int = MAX_BODY) -> None:
        self._session = session
        self._gate: Gate = gate or OpenGate()
        self._max_body = max_body

    async def send(
        self, method: str, url: str, *, judge: Judge, headers: Headers = (lambda: {}), body: bytes | None = None
    ) -> Answer:
        """Sends once and returns an answer that `judge` found good.

        `url` goes out exactly as given (already encoded). `headers` may be a function: it is called when the gate has
        opened, so that a signature is fresh. Redirects are never followed. Raises Fault: the judge's own, or
        TRANSIENT (network, time-out), SENSELESS (redirect, body over the cap, cut body).
        """
        await self._gate.enter()
        fault: Fault | None = Fault(FaultKind.TRANSIENT, "the request was abandoned")
        try:
            try:
                answer = await self._exchange(method, url, headers() if callable(headers) else headers, body)
                fault = judge(answer)
            except Fault as error:
                fault = error
            if fault is not None:
                raise fault
            return answer
        finally:
            await self._gate.leave(fault)

    async def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        where = URL(url, encoded=True)
        place = f"{where.scheme}://{where.authority}"
        try:
            async with self._session.request(
                method, where, headers=headers, data=body, allow_redirects=False
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
        except TimeoutError as error:
            raise Fault(FaultKind.TRANSIENT, f"{place} did not answer in time") from error
        except aiohttp.ClientPayloadError as error:
            raise Fault(FaultKind.SENSELESS, f"{place} cut its answer short") from error
        except aiohttp.InvalidURL as error:
            raise Fault(FaultKind.MISCONFIGURED, "the endpoint is no URL", hint="write https://host[:port]") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise Fault(FaultKind.TRANSIENT, f"the certificate of {place} is not valid") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Fault(FaultKind.TRANSIENT, f"cannot reach {place} ({type(error).__name__})") from error

    async def _read(self, response: aiohttp.ClientResponse, place: str) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._max_body:
                response.close()
                raise Fault(FaultKind.SENSELESS, f"{place} answered more than {self._max_body >> 20} MB; left unread")
            chunks.append(chunk)
        return b"".join(chunks)
