"""Starts the daemon's lives through the launcher, each with its plan, and says how each ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.crash.launcher import SharedClock
from tests.crash.points import Plan
from tests.kit.forked import command, warmed


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """`status` as subprocess has it (-9: SIGKILL). `at`: the named point that ended it, or was to."""

    status: int
    cpu: float
    at: str


class Life:
    """One process."""

    def __init__(self, pid: int, end: asyncio.Task[End]) -> None:
        self._pid = pid
        self.end = end

    @property
    def over(self) -> bool:
        return self.end.done()

    @property
    def paused(self) -> bool:
        """Whether it stands still at its point."""
        try:
            stat = Path(f"/proc/{self._pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):  # its end is about to be told
            return False
        return stat.rpartition(")")[2].split()[0] == "T"

    def signal(self, number: int) -> None:
        if not self.over:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)

    async def kill(self) -> End:
        self.signal(signal.SIGKILL)
        return await self.end


class Lives:
    """`async with Lives(config, folder, clock) as lives:`. One life at a time. `names`: every point seen so far."""

    def __init__(self, config: Path, folder: Path, clock: SharedClock) -> None:
        self.names: dict[str, None] = {}
        self.started = 0
        self._config, self._clock = config, clock
        self._log, self._reached = folder / "log", folder / "reached"

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def reached(self) -> list[str]:
        """The points that this life, or the last, has come by."""
        return [line[1:] for line in self._reached.read_text().splitlines() if line[0] == "+"]

    @property
    def at(self) -> str:
        """The planned point, where this life or the last has come to it."""
        lines = self._reached.read_text().splitlines()
        return next((line[1:] for line in lines if line[0] == "!"), "")

    async def __aenter__(self) -> Lives:
        self._launcher = await asyncio.create_subprocess_exec(
            *command("-c", "from tests.crash.launcher import main; main()", str(self._config)),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, pass_fds=[warmed().fileno()],
            env={"PATH": os.environ["PATH"], "HOME": str(self._config.parent)},
        )  # fmt: skip
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._launcher.returncode is None:
            self._launcher.terminate()  # the daemon dies with it
        await self._launcher.wait()

    async def start(self, plan: Plan) -> Life:
        assert self._launcher.stdin is not None
        self._log.write_text("")
        self._reached.write_text("")
        order: dict[str, object] = {"plan": asdict(plan), "reached": str(self._reached), "log": str(self._log)}
        order |= {"config": str(self._config), "clock": self._clock.told}
        self._launcher.stdin.write(json.dumps(order).encode() + b"\n")
        self.started += 1
        return Life((await self._said())["pid"], asyncio.create_task(self._ended()))

    async def _ended(self) -> End:
        said = await self._said()
        self.names |= dict.fromkeys(self.reached)
        return End(status=said["status"], cpu=said["cpu"], at=self.at)

    async def _said(self) -> dict[str, int]:
        assert self._launcher.stdout is not None
        line = await self._launcher.stdout.readline()
        assert line, f"the launcher ended; the last life said: {self.log[-3000:]}"
        said: dict[str, int] = json.loads(line)
        return said
