"""The official clients in a process of their own, and an emulated platform for them to talk to."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.fields import SystemClock
from monitor.providers.modelarts.emulator import Emulator

PYTHON = Path(__file__).parents[3] / ".venv-sdk" / "bin" / "python"


class Driver:
    """Speaks with `driver.py`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "crash" not in answer, answer
        return answer


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    if not PYTHON.exists():
        pytest.skip("the platforms' SDKs are not installed: run make sdk")
    # The SDK leaves an id file in the home directory, and honours proxies for loopback too.
    home = tmp_path_factory.mktemp("home")
    environment = {"HOME": str(home), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PATH": os.environ["PATH"]}
    command = [str(PYTHON), "-I", str(Path(__file__).with_name("driver.py"))]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=home
    )
    yield Driver(process)
    process.communicate(timeout=30)
    assert process.returncode == 0


@dataclass
class Bench:
    """One emulator on the real clock (the SDK signs with the machine's), and the client that talks to it."""

    emulator: Emulator
    endpoint: str
    driver: Driver

    async def ask(self, op: str, *, account: dict[str, Any] | None = None, **args: Any) -> dict[str, Any]:
        """The client's whole answer, good or refused. `account` replaces the credential's parts."""
        whole = {"endpoint": self.endpoint, "ak": "AKDEMO", "sk": "SKDEMO", "project_id": "p-demo"} | (account or {})
        return await asyncio.to_thread(self.driver.ask, {**whole, "op": op, "args": args})

    async def value(self, op: str, **args: Any) -> Any:
        """What the client decoded from an answer that must be good."""
        answer = await self.ask(op, **args)
        assert answer["ok"], answer
        return answer["value"]["value"]


@pytest.fixture
async def bench(driver: Driver) -> AsyncIterator[Bench]:
    emulator = Emulator(SystemClock(), autoplay=False, workspaces=["0", "ws1"])
    app = web.Application()
    app.add_routes(emulator.routes())
    async with TestServer(app) as server:
        yield Bench(emulator, str(server.make_url("")).rstrip("/"), driver)
