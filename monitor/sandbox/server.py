"""Serves the emulated platforms of every provider kind on one loopback port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from monitor.emulation import Emulator
from monitor.fields import Clock
from monitor.providers import registry


def emulators(clock: Clock, *, seed: int = 1, autoplay: bool = True) -> dict[str, Emulator]:
    """One emulated platform for each provider kind, all on the same clock."""
    return {kind: registry.emulator(kind)(clock, seed=seed, autoplay=autoplay) for kind in registry.kinds()}


@asynccontextmanager
async def serving(
    platforms: Mapping[str, Emulator], *, port: int = 0, more: Iterable[web.AbstractRouteDef] = ()
) -> AsyncIterator[str]:
    """Serves the platforms on 127.0.0.1 and yields the address, `http://127.0.0.1:PORT`. Raises OSError when the port
    is in use. Port 0 takes a free one. `more`: served beside them."""
    app = web.Application()
    for platform in platforms.values():
        app.add_routes(platform.routes())
    app.add_routes(more)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        (address, *_) = runner.addresses
        yield f"http://{address[0]}:{address[1]}"
    finally:
        await runner.cleanup()
