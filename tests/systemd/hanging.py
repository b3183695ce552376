"""In the box alone, where its interpreter loads it as it starts: once the file `hang` stands in the daemon's state
directory, the part that the variable HANG names hangs when it works next, and the file is gone. Nothing in the program
knows of this. What may be silent for minutes is given seconds, so that a test need not wait for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

SILENCE = 9.0
"""Seconds; routing and delivery are heard of every five."""


def install(case: str, trigger: Path) -> None:
    from monitor.app import liveness
    from monitor.delivery import deliverer
    from monitor.polling import loop, sweep
    from monitor.routing import router
    from monitor.store.sqlite import SqliteWriter

    for module in (loop, router, deliverer):
        setattr(module, "PATIENCE", SILENCE)  # noqa: B010 - for a type checker it is a constant
    liveness.PROBE_EVERY, liveness.PROBE_PATIENCE = 1.0, SILENCE

    def due() -> bool:
        if trigger.exists():
            trigger.unlink()
            return True
        return False

    def halt(holder: Any, name: str, mine: Callable[[Any], bool] = lambda it: True) -> None:
        before = getattr(holder, name)

        async def halting(self: Any, *given: Any, **named: Any) -> Any:
            if mine(self) and due():
                await anyio.sleep_forever()
            return await before(self, *given, **named)

        setattr(holder, name, halting)

    def block(holder: Any, name: str) -> None:
        before = getattr(holder, name)

        def blocking(self: Any, *given: Any, **named: Any) -> Any:
            if due():
                time.sleep(3600)
            return before(self, *given, **named)

        setattr(holder, name, blocking)

    {
        "jobs": lambda: halt(loop.WatchLoop, "turn", lambda it: it.scope.watch == "jobs"),
        "flavors": lambda: halt(loop.WatchLoop, "turn", lambda it: it.scope.watch == "resource_flavors"),
        "sweep": lambda: halt(sweep.Sweep, "step"),
        "routing": lambda: halt(router.Router, "turn"),
        "delivery": lambda: halt(deliverer.Deliverer, "_turn"),
        "writer": lambda: block(SqliteWriter, "_commit"),
        "event-loop": lambda: block(loop.WatchLoop, "_interval"),
    }[case]()


if (case := os.environ.get("HANG")) and (state := os.environ.get("STATE_DIRECTORY")):
    install(case, Path(state) / "hang")
