"""An emulated Model Studio on a loopback port, and a provider that reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.model import Scope
from monitor.providers.model_studio.emulator import Emulator
from monitor.providers.model_studio.options import Options
from monitor.providers.model_studio.provider import ModelStudio, build
from monitor.wire import Fault, Http, new_session
from tests.kit.clock import VirtualClock


@dataclass
class Recorder:
    """A gate that lets everything through and remembers how it ended."""

    faults: list[Fault | None] = field(default_factory=list)

    async def enter(self) -> None: ...

    async def leave(self, fault: Fault | None) -> None:
        self.faults.append(fault)


@dataclass
class Stage:
    emulator: Emulator
    clock: VirtualClock
    address: str
    session: aiohttp.ClientSession
    gate: Recorder = field(default_factory=Recorder)

    def provider(self, **changes: Any) -> ModelStudio:
        said = {"name": "llm", "provider": "model-studio", "api_key": "sk-demo", "endpoint": self.address, "jobs": {}}
        provider = build(Options.model_validate(said | changes), Http(self.session, self.gate), self.clock)
        assert isinstance(provider, ModelStudio)
        return provider

    def reading(self, **changes: Any) -> tuple[ModelStudio, Scope]:
        provider = self.provider(**changes)
        (scope,) = provider.scopes("jobs")
        return provider, scope

    async def call(self, method: str, path: str, *, key: str | None = "sk-demo", **more: Any) -> tuple[int, Any, Any]:
        """Status, headers and decoded body of a request made by hand."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= more.pop("headers", {})
        async with self.session.request(method, self.address + path, headers=headers, **more) as answer:
            text = await answer.text()
            json = answer.content_type == "application/json"
            return answer.status, answer.headers, (await answer.json()) if json else text


Staging = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def staged() -> Staging:
    """`async with staged(jobs=3) as stage:`; the emulator stands still unless `autoplay=True`."""

    @asynccontextmanager
    async def running(**emulator: Any) -> AsyncIterator[Stage]:
        clock = VirtualClock()
        platform = Emulator(clock, **({"autoplay": False} | emulator))
        app = web.Application()
        app.add_routes(platform.routes())
        async with TestServer(app) as server, new_session() as session:
            yield Stage(platform, clock, str(server.make_url("/api/v1")), session)

    return running
