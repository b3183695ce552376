"""The whole daemon in this process, with a config file that a test rewrites and has it read anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from monitor.app.daemon import daemon
from monitor.app.systemd import Systemd
from monitor.app.wishes import Reload
from monitor.fields import Clock, SystemClock
from monitor.fields.bell import Bell
from monitor.settings import Settings, load
from tests.kit.process import write_config
from tests.kit.until import START, until


class Living:
    """`config` writes the file; `reload` has it taken, `storm` asks for that many times at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "training-monitor.yaml"
        self.bell = Bell()
        self.readies = 0
        self.loads = 0

    def config(self, config: dict[str, Any]) -> None:
        write_config(self.path.parent, config)

    async def reload(self, config: dict[str, Any] | None = None) -> None:
        """Returns when the config was taken."""
        if config is not None:
            self.config(config)
        before = self.readies
        self.bell.ring()
        await until(lambda: self.readies > before, why="it was not taken")

    def load(self) -> Settings:
        self.loads += 1
        return load(self.path, resolve=True, environ={}, credentials_dir=None)

    def ready(self, port: int | None) -> None:
        self.readies += 1


@asynccontextmanager
async def living(
    folder: Path, config: dict[str, Any], clock: Clock | None = None, systemd: Systemd | None = None
) -> AsyncIterator[Living]:
    """From its start to its graceful end."""
    life, stop = Living(folder), asyncio.Event()
    life.config(config)

    async def stopped() -> str:
        await stop.wait()
        return "SIGTERM"

    reload = Reload(asked=life.bell.wait, load=life.load)
    running = asyncio.create_task(
        daemon(life.load(), clock or SystemClock(), stop=stopped, reload=reload, ready=life.ready, systemd=systemd)
    )
    try:
        await until(lambda: life.readies or running.done(), within=START, why="it did not start")
        yield life
    finally:
        stop.set()
        await running
