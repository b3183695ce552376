"""The connections that `Http` keeps open between its requests, and which of them may carry another one."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp.connector import Connection


class Connections(aiohttp.TCPConnector):
    """Leaves a connection on which something came that nobody had asked for: aiohttp would hand it out as the answer to
    the next request, and each later answer to the request after its own."""

    async def _get(self, *given: Any, **named: Any) -> Connection | None:
        while (found := await super()._get(*given, **named)) is not None:
            if found.protocol is not None and not found.protocol.should_close:
                return found
            found.close()
        return None
