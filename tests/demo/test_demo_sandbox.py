"""The sandbox, as one tries a config against it: what it prints is a config that `check --online` and `run` accept."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.kit.forked import PROGRAM
from tests.kit.until import until


async def start(folder: Path, *arguments: str, stdout: int) -> asyncio.subprocess.Process:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "COLUMNS": "200"}
    return await asyncio.create_subprocess_exec(
        str(PROGRAM), *arguments, cwd=folder, env=environ, stdout=stdout, stderr=asyncio.subprocess.PIPE
    )


@pytest.fixture
def home() -> Iterator[Path]:
    """With a short path, for a control socket has its place in it."""
    with TemporaryDirectory(prefix="tm-") as folder:
        yield Path(folder)


async def test_what_the_sandbox_prints_is_a_config_that_check_and_run_accept(home: Path) -> None:
    config = home / "try.yaml"
    with config.open("wb") as file:
        sandbox = await start(home, "sandbox", "--port", "0", stdout=file.fileno())
    daemon = None
    try:
        assert sandbox.stderr is not None
        assert b"Emulated platforms at" in await asyncio.wait_for(sandbox.stderr.readline(), 30)
        text = config.read_text()
        assert text.count("127.0.0.1:8650") == 1
        config.write_text(text.replace("127.0.0.1:8650", "127.0.0.1:0"))

        check = await start(home, "check", "--online", "--config", "try.yaml", stdout=asyncio.subprocess.PIPE)
        out, err = await asyncio.wait_for(check.communicate(), 30)
        assert check.returncode == 0, out.decode() + err.decode()
        assert b"account studio (model-studio): works" in out
        assert b"account arts (modelarts): works" in out

        daemon = await start(home, "run", "--config", "try.yaml", stdout=asyncio.subprocess.DEVNULL)
        said = bytearray()
        listening = asyncio.create_task(_keep(daemon, said))
        await until(lambda: b"notification" in said, within=60.0)
        daemon.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(daemon.wait(), 12) == 0
        await listening
        assert b'"error"' not in said

        sandbox.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(sandbox.wait(), 10) == 0
        assert b"Traceback" not in await sandbox.stderr.read()
    finally:
        for process in (sandbox, daemon):
            if process is not None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def _keep(process: asyncio.subprocess.Process, said: bytearray) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        said += line
