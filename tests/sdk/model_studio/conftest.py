"""The official clients in a process of their own, and an emulated platform for them to talk to."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.providers.model_studio.emulator import Emulator
from tests.kit.clock import VirtualClock

PYTHON = Path(__file__).parents[3] / ".venv-sdk" / "bin" / "python"


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    if not PYTHON.exists():
        pytest.skip("the platforms' SDKs are not installed: run make sdk")
    home = tmp_path_factory.mktemp("home")
    environment = {"HOME": str(home), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PATH": os.environ["PATH"]}
    command = [str(PYTHON), "-I", str(Path(__file__).with_name("driver.py"))]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=home
    )
    yield process
    process.communicate(timeout=30)
    assert process.returncode == 0


@dataclass
class Bench:
    """One emulator, and one of the clients that talks to it."""

    emulator: Emulator
    clock: VirtualClock
    base_url: str
    client: str
    process: subprocess.Popen[str]

    async def ask(
        self, op: str, *, key: str = "sk-demo", workspace: str | None = None, retries: int = 0, **args: Any
    ) -> Any:
        """The client's answer to one operation, in the words of `driver.py`."""
        order = {"client": self.client, "op": op, "args": args, "api_key": key, "workspace": workspace}
        answer = await asyncio.to_thread(self._exchange, order | {"base_url": self.base_url, "retries": retries})
        assert "crash" not in answer, answer
        return answer

    async def value(self, op: str, **args: Any) -> Any:
        """What came of an operation that must succeed."""
        answer = await self.ask(op, **args)
        assert answer["ok"], answer
        return answer["value"]

    def _exchange(self, order: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(params=["classic", "v2", "v2-async"])
def bench(
    request: pytest.FixtureRequest, driver: subprocess.Popen[str]
) -> Callable[..., AbstractAsyncContextManager[Bench]]:
    """`async with bench(jobs=3) as b:`; the emulator stands still."""

    @asynccontextmanager
    async def running(**more: Any) -> AsyncIterator[Bench]:
        clock = VirtualClock()
        emulator = Emulator(clock, autoplay=False, **more)
        app = web.Application()
        app.add_routes(emulator.routes())
        async with TestServer(app) as server:
            yield Bench(emulator, clock, str(server.make_url("/api/v1")), request.param, driver)

    return running
