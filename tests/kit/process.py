"""The real program as a process of its own: started, looked at, stopped or killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.kit.forked import PROGRAM, Forked, fork


def write_config(folder: Path, config: dict[str, Any]) -> Path:
    """A config file with its state directory in `folder`."""
    path = folder / "training-monitor.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump({"state_dir": str(folder / "state"), "http": {"listen": "off"}} | config, file)
    return path


class Program:
    """`training-monitor run --config …`, with what it says kept. `program`: another way to start it. It begins as a
    fork of a process that has imported it, or `fresh`, as everywhere else: of nothing, a second later."""

    def __init__(
        self, config: Path, program: Sequence[str] = (str(PROGRAM),), *, fresh: bool = False, **environ: str
    ) -> None:
        self._config, self._program, self._environ = config, program, environ
        self._fresh = fresh or "LD_PRELOAD" in environ or program[0] not in (str(PROGRAM), sys.executable)
        self.process: asyncio.subprocess.Process | Forked
        self.log = ""

    async def __aenter__(self) -> Program:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self._config.parent), "PYTHONUNBUFFERED": "1"}
        environ |= self._environ
        command = (*self._program, "run", "--config", str(self._config), "--log-level", "debug")
        if self._fresh:
            self.process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=environ
            )
        else:
            self.process = await fork(command, environ)
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log += line.decode()

    async def kill(self) -> None:
        """SIGKILL, and the process is gone when this returns."""
        self.process.kill()
        await self.process.wait()

    async def stop(self, how: signal.Signals = signal.SIGTERM, *, within: float = 10.0) -> int:
        """Sends the signal and returns the exit code. Raises TimeoutError when it takes longer than `within`."""
        self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), within)
