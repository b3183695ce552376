"""The process around the daemon: event loop, signals, exit code."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from monitor.app.daemon import daemon
from monitor.fields import SystemClock
from monitor.settings import Settings

DONE = 0


def run(settings: Settings) -> int:
    """Runs the daemon until SIGTERM or SIGINT, and returns 0; a second signal ends the process at once.

    Raises StoreError or PortUnavailable where it cannot start.
    """
    os.umask(0o027)  # the database holds job names and failure texts: not for everybody on the machine
    run_loop(partial(_until_signalled, settings))
    return DONE


def run_loop(main: Callable[[], Awaitable[None]]) -> None:
    """Runs `main` on uvloop where it can be had, else on asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_as_coroutine(main))


async def _as_coroutine(main: Callable[[], Awaitable[None]]) -> None:
    await main()


async def _until_signalled(settings: Settings) -> None:
    with Signals() as signals:
        await daemon(settings, SystemClock(), stop=signals.first, ready=lambda port: give_back())


def give_back() -> None:
    """Returns to the system what only the start needed: 16 MB for each fingerprint, the nodes of the config file.

    The C library would keep it for the daemon's whole life; where it is not glibc nothing is done.
    """
    gc.collect()
    gc.freeze()  # what lives now lives for good; later collections need not look at it
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Signals:
    """The first SIGTERM or SIGINT asks for a graceful stop; the second one ends the process as it would have."""

    def __init__(self) -> None:
        self._came = anyio.Event()
        self._name = ""

    def __enter__(self) -> Signals:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on, number)
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    async def first(self) -> str:
        """Returns the name of the first signal once it came."""
        await self._came.wait()
        return self._name

    def _on(self, number: signal.Signals) -> None:
        self._name = number.name
        self._came.set()
        self._restore()

    def _restore(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
