"""The real daemon, ten times as fast, between an emulated platform and an inbox, to be harmed while it works."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from monitor.fields.clock import FastClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from tests.kit.inbox import Inbox, Letter
from tests.kit.process import Program, write_config
from tests.kit.until import START, until

SPEED = 10
FAST = """
import datetime, sys, time
import monitor.app.run
from monitor.cli.main import entry
from monitor.fields.clock import FastClock

class Clock(FastClock):
    def now(self):  # where somebody sets the machine's clock this one is set too
        set_by = time.time() - self._start.timestamp() - (time.monotonic() - self._zero)
        return super().now() + datetime.timedelta(seconds=round(set_by))

clock = Clock(float(sys.argv.pop(1)))
clock._start, clock._zero = datetime.datetime.fromisoformat(sys.argv.pop(1)), float(sys.argv.pop(1))
vars(monitor.app.run)["SystemClock"] = lambda: clock
entry()
"""
STORY = ["job.submitted", "job.started", "job.finished"]
WAITS = "the store cannot be used; polling waits"
GOES_ON = "the store is back; polling goes on"


class Scene:
    """`begin` and `end` move jobs of the platform, `told` waits for the messages of their ends."""

    def __init__(self, studio: Any, inbox: Inbox, folder: Path, make: Callable[[], Program]) -> None:
        self.studio, self.inbox, self.folder = studio, inbox, folder
        self.database = folder / "state" / "monitor.db"
        self.program: Program
        self.lives = AsyncExitStack()
        self._make = make

    async def start(self) -> None:
        """Begins a life, as systemd does after another; returns when it polls."""
        self.program = await self.lives.enter_async_context(self._make())
        await self.polled()

    @property
    def pid(self) -> int:
        return self.program.process.pid

    @property
    def ended(self) -> bool:
        return self.program.process.returncode is not None

    @property
    def said(self) -> list[dict[str, Any]]:
        """The log, a line each."""
        whole = self.program.log.rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def reasons(self, words: str) -> list[str]:
        """The reasons of all lines for people that say `words`; what is for debugging repeats them."""
        return [line.get("reason", "") for line in self.said if line["event"] == words and line["level"] != "debug"]

    async def begin(self, count: int = 1) -> list[str]:
        """Jobs whose start was told."""
        jobs: list[str] = [self.studio.world.add_job("RUNNING") for _ in range(count)]
        for job in jobs:
            await until(lambda job=job: self.story(job) == STORY[:2], why=f"{job}: {self.program.log[-2000:]}")
        return jobs

    def end(self, *jobs: str) -> None:
        for job in jobs:
            self.studio.world.set(job, status="SUCCEEDED", usage=1000)

    async def until_said(self, words: str, *, after: int = 0) -> None:
        await until(lambda: len(self.reasons(words)) > after, why=f"never said {words!r}: {self.program.log[-2000:]}")

    async def polled(self, times: int = 2) -> None:
        seen = self.studio.requests["list"]
        await until(lambda: self.studio.requests["list"] >= seen + times, within=START, why="nobody polls")

    def letters(self, kind: str) -> list[Letter]:
        return [letter for letter in self.inbox.letters if kind in letter.types]

    def story(self, job: str) -> list[str]:
        """What was told of a job, in order."""
        events = [event for letter in self.inbox.letters for event in letter.message["events"]]
        return [event["type"] for event in events if event["subject"] == f"job/{job}"]

    async def told(self, *jobs: str) -> None:
        """Returns when the end of each was told; each has told its whole story, and each part of it once."""
        for job in jobs:
            ended = f"job/{job}"
            await until(lambda ended=ended: self._ended(ended), why=f"no end of {ended}: {self.program.log[-2000:]}")
        assert {job: self.story(job) for job in jobs} == dict.fromkeys(jobs, STORY)

    def _ended(self, subject: str) -> bool:
        return any(subject in letter.subjects for letter in self.letters("job.finished"))


@asynccontextmanager
async def scene(
    folder: Path, *, environ: dict[str, str] | None = None, calm: bool = True, **more: Any
) -> AsyncIterator[Scene]:
    """From its second poll to its polite end, which has to be one; nothing that it says is a traceback, where it has
    to stay `calm`."""
    clock = FastClock(SPEED)
    fast = (sys.executable, "-c", FAST, str(SPEED), clock._start.isoformat(), str(clock._zero))
    studio: Any = registry.emulator("model-studio")(clock, autoplay=False)
    async with Inbox() as inbox, serving({"model-studio": studio}) as address:
        account = {
            "name": "studio",
            "provider": "model-studio",
            "api_key": "sk-demo",
            "endpoint": f"{address}/api/v1",
            "budget": {"requests_per_second": 100, "burst": 100},
            "jobs": {"every": "2s"},
        }
        rules = [{"name": "all", "on": ["job.*", "store.*", "account.*"], "notify": ["inbox"]}]
        sinks = [{"name": "inbox", "type": "webhook", "url": inbox.url}]
        path = write_config(folder, {"accounts": [account], "sinks": sinks, "rules": rules} | more)
        it = Scene(studio, inbox, folder, lambda: Program(path, fast, **(environ or {})))
        async with it.lives:
            await it.start()
            yield it
            assert await it.program.stop() == 0
        assert not calm or "Traceback" not in it.program.log, it.program.log[-4000:]


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A disk of that size at `place`."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@asynccontextmanager
async def failing(pid: int, calls: str, error: str, *paths: Path) -> AsyncIterator[None]:
    """While the block runs every call of these names on these files fails with `error` in that process."""
    if shutil.which("strace") is None:
        pytest.skip("no strace here, which makes calls of the system fail")
    only = [part for path in paths for part in ("-P", str(path))]
    command = ["strace", "-f", "-p", str(pid), "-o", "/dev/null", *only, "-e", f"trace={calls}"]
    tracer = await asyncio.create_subprocess_exec(
        *command, "-e", f"inject={calls}:error={error}", stderr=asyncio.subprocess.PIPE
    )
    assert tracer.stderr is not None
    attached = await tracer.stderr.readline()
    try:
        if b"attached" not in attached:
            pytest.skip(f"strace may not look at a process here: {attached.decode().strip()}")
        yield
    finally:
        if tracer.returncode is None:
            tracer.terminate()
        await tracer.communicate()
