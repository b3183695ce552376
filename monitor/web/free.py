"""A look whether the port can be served, before the daemon makes anything: a first start that fails leaves nothing."""

from __future__ import annotations

import asyncio
import errno
import socket

from monitor.settings.root import Listen
from monitor.web.health import unavailable

_TAKEN = (errno.EADDRINUSE, errno.EACCES)


async def require_free(listen: Listen) -> None:
    """Raises PortUnavailable where another program has the port, or this user may not. What else stands against it
    tells who serves it later."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as made:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as who serves it
                if family == socket.AF_INET6:
                    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                made.bind(address)
    except OSError as error:
        if error.errno in _TAKEN:
            raise unavailable(error, listen.host, listen.port) from error
