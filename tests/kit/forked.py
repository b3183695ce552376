"""A life of the program from a process that has imported all of it (tests/kit/warm.py), for a second less."""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Forked:
    """What `asyncio.subprocess.Process` is to a process of one's own; `stderr` is what it says."""

    def __init__(self, pid: int, stderr: asyncio.StreamReader, end: asyncio.Task[int]) -> None:
        self.pid, self.stderr = pid, stderr
        self._end = end

    @property
    def returncode(self) -> int | None:
        return self._end.result() if self._end.done() else None

    def send_signal(self, number: signal.Signals) -> None:
        if not self._end.done():
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        return await asyncio.shield(self._end)


async def fork(command: Sequence[str], environ: Mapping[str, str]) -> Forked:
    """Begins `training-monitor …` or `python -c CODE …`."""
    mask = os.umask(0o022)
    os.umask(mask)
    order = {"command": command, "environ": dict(environ), "umask": mask}
    ours, theirs = socket.socketpair()
    told, tells = os.pipe()
    socket.send_fds(_warmed(), [json.dumps(order).encode()], [theirs.fileno(), tells])
    theirs.close()
    os.close(tells)
    stderr = asyncio.StreamReader()
    pipe = os.fdopen(told, "rb")
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stderr), pipe)
    answers, writer = await asyncio.open_unix_connection(sock=ours)
    pid = int(await answers.readline())
    return Forked(pid, stderr, asyncio.create_task(_ended(answers, writer)))


async def _ended(answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    code = int(await answers.readline())
    writer.close()
    return code


@functools.cache
def _warmed() -> socket.socket:
    """One for all tests of this process, whose end ends it and every life of it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kit.warm", str(theirs.fileno())],
        pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
