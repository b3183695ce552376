"""Slows who guesses the token: each wrong try waits, and few of one address may wait at the same time."""

from __future__ import annotations

import ipaddress

import anyio
from aiohttp import web

from monitor.settings.root import loopback

PENANCE = 1.0
"""Seconds that a wrong try waits for its answer."""
AT_ONCE = 8
"""Wrong tries of one address that may wait; with so many none of it is looked at, be it right or wrong."""


class Tries:
    """Remembers who waits and nobody else. Who leaves without the answer waits all the same, so an address has at most
    `AT_ONCE` looks in `PENANCE`, however many connections it makes."""

    def __init__(self) -> None:
        self._waiting: dict[str, int] = {}

    def full(self, remote: str | None) -> bool:
        """Whether this address has too many wrong tries waiting. Then its token must not be looked at: whoever heard at
        once which is right and which is not would guess as fast as we answer."""
        return self._waiting.get(_net(remote), 0) >= AT_ONCE

    async def wrong(self, remote: str | None) -> None:
        """Returns when the answer may be given."""
        net = _net(remote)
        self._waiting[net] = self._waiting.get(net, 0) + 1
        try:
            await anyio.sleep(PENANCE)
        finally:
            self._waiting[net] -= 1
            if not self._waiting[net]:
                del self._waiting[net]


def whence(request: web.Request, public_url: str | None) -> str | None:
    """The address that tries are counted by. Behind a proxy on this machine (people come by `http.public_url`) all have
    one, and who guesses would lock out who knows: there it is the one that the proxy has added."""
    remote = request.remote
    if public_url is None or remote is None or not loopback(remote):
        return remote
    return ",".join(request.headers.getall("X-Forwarded-For", [])).rpartition(",")[2].strip() or remote


def _net(remote: str | None) -> str:
    """The address; of IPv6 the /64, for that is what one machine has."""
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
