"""An emulated ModelArts on a loopback port, and providers that read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.emulation import Faults
from monitor.model import Scope
from monitor.providers.modelarts.emulator import Emulator
from monitor.providers.modelarts.options import Options
from monitor.providers.modelarts.provider import ModelArts, build
from monitor.wire import Fault, Http, new_session
from tests.kit.clock import VirtualClock

KEYS = {"access_key": "AKDEMO", "secret_key": "SKDEMO"}
ALL = {"jobs": {}, "training_flavors": {}, "resource_flavors": {}}


@dataclass
class Recorder:
    """A gate that lets everything through and remembers how it ended."""

    ends: list[Fault | None] = field(default_factory=list)

    async def enter(self) -> None: ...

    async def leave(self, fault: Fault | None) -> None:
        self.ends.append(fault)


class WrongClock(VirtualClock):
    """A machine's clock that is off by a fixed time from a right one."""

    def __init__(self, right: VirtualClock, off: timedelta) -> None:
        super().__init__()
        self._right = right
        self._off = off

    def now(self) -> datetime:
        return (self._right.now() + self._off).astimezone(UTC)

    def monotonic(self) -> float:
        return self._right.monotonic()


@dataclass
class Stage:
    emulator: Emulator
    clock: VirtualClock
    address: str
    session: aiohttp.ClientSession
    gate: Recorder = field(default_factory=Recorder)

    def options(self, **changes: Any) -> Options:
        said = {"name": "ascend", "provider": "modelarts", "endpoint": self.address, "project_id": "p-demo", **ALL}
        ways = {"access_key", "token", "iam"} & changes.keys()
        return Options.model_validate(said | ({} if ways else KEYS) | changes)

    def provider(self, *, clock: VirtualClock | None = None, **changes: Any) -> ModelArts:
        return build(self.options(**changes), Http(self.session, self.gate), clock or self.clock)

    def with_password(self, **iam: Any) -> ModelArts:
        whole = {"user": "ann", "password": "demo-password", "domain": "demo", "endpoint": self.address} | iam
        return self.provider(iam=whole)

    def reading(self, watch: str = "jobs", **changes: Any) -> tuple[ModelArts, Scope]:
        provider = self.provider(**changes)
        return provider, provider.scopes(watch)[0]

    @property
    def faults(self) -> Faults:
        return self.emulator.faults


Staging = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def staged() -> Staging:
    """`async with staged(offset_mode="item") as stage:`; the emulator stands still unless `autoplay=True`."""

    @asynccontextmanager
    async def running(**emulator: Any) -> AsyncIterator[Stage]:
        clock = VirtualClock()
        platform = Emulator(clock, **({"autoplay": False} | emulator))
        app = web.Application()
        app.add_routes(platform.routes())
        async with TestServer(app) as server, new_session() as session:
            yield Stage(platform, clock, str(server.make_url("")).rstrip("/"), session)

    return running


@pytest.fixture
def wrong_clock() -> type[WrongClock]:
    return WrongClock
