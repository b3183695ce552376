"""Slows who guesses the token: each wrong try waits, and few of one address may wait at the same time."""

from __future__ import annotations

import ipaddress

import anyio

PENANCE = 1.0
"""Seconds that a wrong try waits for its answer."""
AT_ONCE = 8
"""Tries of one address that may wait; a wrong one beyond them is refused at once."""


class Tries:
    """Remembers who waits and nobody else, so what it holds is bounded by the open connections."""

    def __init__(self) -> None:
        self._waiting: dict[str, int] = {}

    def full(self, remote: str | None) -> bool:
        """Whether this address has too many wrong tries waiting."""
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


def _net(remote: str | None) -> str:
    """The address; of IPv6 the /64, for that is what one machine has."""
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
