"""The process around the daemon: event loop, signals, exit code."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from pathlib import Path

from monitor.app.daemon import daemon
from monitor.app.last_resort import TO_LEAVE, be_gone
from monitor.app.signals import Signals
from monitor.app.systemd import Systemd
from monitor.app.wishes import Reload
from monitor.fields import SystemClock
from monitor.settings import Settings, load
from monitor.store.state_dir import keep_private
from monitor.telemetry.setup import catch_strays

DONE = 0


def run(settings: Settings) -> int:
    """Runs the daemon until SIGTERM or SIGINT, and returns 0; a second signal ends the process at once, and
    what hangs is cut within ten seconds. SIGHUP has it read the config file anew.

    Raises StoreError, PortUnavailable or ControlUnavailable where it cannot start.
    """
    keep_private()
    catch_strays()
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
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a loop half made is one that nobody closes
    with asyncio.Runner(loop_factory=factory) as runner:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        runner.run(_as_coroutine(main))


async def _as_coroutine(main: Callable[[], Awaitable[None]]) -> None:
    await main()


async def _until_signalled(settings: Settings) -> None:
    starts = count()
    with Signals(reload=True, asked=be_gone) as signals:
        await daemon(
            settings,
            SystemClock(),
            stop=signals.first,
            reload=Reload(asked=signals.hung_up.wait, load=partial(_load, settings.path)),
            ready=lambda port: give_back(again=next(starts) > 0),
            systemd=Systemd(os.environ),
        )
        be_gone(TO_LEAVE, quietly=True)


def _load(path: Path) -> Settings:
    """As `run` itself has read it. Raises ConfigErrors."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    return load(path, resolve=True, environ=os.environ, credentials_dir=Path(credentials) if credentials else None)


def give_back(*, again: bool) -> None:
    """Returns to the system what only a start or reload needed: 16 MB for each fingerprint, the config file's nodes.

    The C library would keep it for the daemon's whole life; where it is not glibc nothing is done.
    """
    if again:
        gc.unfreeze()  # the config before
    gc.collect()
    gc.freeze()  # what lives now lives for good; later collections need not look at it
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
