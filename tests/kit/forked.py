"""A life of the program from a process that has imported all of it (tests/kit/warm.py), for a second less."""

from __future__ import annotations

import asyncio
import atexit
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.kit.ask import ASKED, ask

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("training-monitor")
WARM = "TRAINING_MONITOR_TESTS_WARM"
"""Says to the processes of a test run where the warm one is to be found, which they share."""
PLACE = os.environ.get(WARM)


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
    ours, theirs = socket.socketpair()
    told, tells = os.pipe()
    with theirs, open(os.devnull, "r+b", buffering=0) as nowhere, os.fdopen(tells, "wb") as log:
        ask(warmed(), command, environ, theirs.fileno(), nowhere.fileno(), nowhere.fileno(), log.fileno())
    stderr = asyncio.StreamReader()
    pipe = os.fdopen(told, "rb")
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stderr), pipe)
    answers, writer = await asyncio.open_unix_connection(sock=ours)
    pid = int(await answers.readline())
    return Forked(pid, stderr, asyncio.create_task(_ended(answers, writer)))


def program_in(folder: Path) -> dict[str, str]:
    """Environment in which `training-monitor` is begun so; who runs it inherits the socket of `warmed`, too."""
    command = folder / ".forked" / PROGRAM.name
    if not command.exists():
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {ROOT}/tests/kit/ask.py {PROGRAM} "$@"\n')
        command.chmod(0o755)
    path = f"{command.parent}:{PROGRAM.parent}:{os.environ['PATH']}"
    return {"PATH": path, ASKED: str(warmed().fileno())}


def command(*arguments: str) -> list[str]:
    """`training-monitor …` or `python -c …` begun so by who wants a command line, as on a terminal of its own. Who runs
    it hands down `pass_fds=[warmed().fileno()]`; what the environment says to Python itself it does not hear."""
    asked = f"{ASKED}={warmed().fileno()}"
    return ["env", asked, sys.executable, "-I", "-S", str(ROOT / "tests" / "kit" / "ask.py"), str(PROGRAM), *arguments]


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """What `python -c CODE …` said, begun so."""
    return subprocess.run(
        command("-c", code, *map(str, arguments)), capture_output=True, text=True, check=False,
        pass_fds=[warmed().fileno()],
    )  # fmt: skip


async def _ended(answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    code = int(await answers.readline())
    writer.close()
    return code


@functools.cache
def warmed() -> socket.socket:
    """The way of this process to the warm one."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.connect(PLACE or begin_warm())
    return control


def begin_warm() -> str:
    """Where it is to be found; its end is that of this process, and the end of every life of it."""
    folder = tempfile.mkdtemp(prefix="tm-warm-")
    place = f"{folder}/socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(place)
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.warm", str(listener.fileno())],
            pass_fds=[listener.fileno()], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip

    def end() -> None:
        process.communicate()
        shutil.rmtree(folder)

    atexit.register(end)
    return place
