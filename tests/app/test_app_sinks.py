"""The real daemon and sinks that are no chat: an alert ends after a restart, lines and events are whole."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cloudevents.http import CloudEvent, from_http

from monitor.app.daemon import daemon
from monitor.fields import SystemClock
from monitor.providers import registry
from monitor.sandbox.server import serving
from monitor.settings import load
from tests.kit import alertmanager
from tests.kit.process import write_config
from tests.kit.until import until


@asynccontextmanager
async def life(path: Path) -> AsyncIterator[None]:
    over, ready = anyio.Event(), anyio.Event()

    async def stop() -> str:
        await over.wait()
        return "the test is over"

    settings = load(path, resolve=True, environ={}, credentials_dir=None)
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: daemon(settings, SystemClock(), stop=stop, ready=lambda port: ready.set()))
        await ready.wait()
        yield
        over.set()


def config(address: str, am: str, bus: str, file: Path) -> dict[str, Any]:
    arts = {"name": "arts", "provider": "modelarts", "endpoint": address, "project_id": "p-demo",
            "access_key": "AKDEMO", "secret_key": "SKDEMO", "budget": {"requests_per_second": 200, "burst": 200},
            "resource_flavors": {"every": "1s"}}  # fmt: skip
    return {
        "accounts": [arts],
        "sinks": [
            {"name": "am", "type": "alertmanager", "url": am},
            {"name": "bus", "type": "cloudevents", "url": bus},
            {"name": "file", "type": "file", "path": str(file), "fsync": False},
        ],
        "rules": [
            {"name": "stock", "on": ["flavor.sold_out"], "notify": ["am", "file"]},
            {"name": "all", "on": ["flavor.*"], "notify": ["bus"]},
        ],
    }


async def test_an_alert_ends_with_its_state_though_the_daemon_was_restarted(tmp_path: Path) -> None:
    if alertmanager.PROGRAM is None:
        pytest.skip(alertmanager.MISSING)
    got: list[CloudEvent] = []

    async def take(request: web.Request) -> web.Response:
        got.append(from_http(dict(request.headers), await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    arts = registry.emulator("modelarts")(SystemClock(), autoplay=False)
    world: Any = arts.world
    flavor = world.resources[0].id
    zone = min(world.resources[0].zones)
    world.set_stock(flavor, zone, "normal")
    file = tmp_path / "messages.jsonl"
    (tmp_path / "am").mkdir()
    with alertmanager.running(tmp_path / "am") as am:
        async with TestServer(app, host="127.0.0.1") as bus, serving({"modelarts": arts}) as address:
            path = write_config(tmp_path, config(address, am.url, str(bus.make_url("/")), file))
            async with life(path):
                await until(lambda: arts.requests["resource_flavors"] >= 2)
                world.set_stock(flavor, zone, "soldout")
                await until(lambda: am.alerts() and got and file.exists() and file.read_bytes().endswith(b"\n"))
            (alert,) = am.alerts()
            assert alert["labels"]["subject"] == f"flavor/{flavor}/{zone}"
            assert alert["annotations"]["summary"].startswith(f"{flavor} in {zone} is sold out")
            async with life(path):
                world.set_stock(flavor, zone, "normal")
                await until(lambda: len(got) == 2 and not am.alerts())
                await until(lambda: len(am.statuses("stock")) == 2)
    assert [each["type"] for each in got] == ["flavor.sold_out", "flavor.restocked"]
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["events"][0]["id"] == got[0]["id"]
    assert [status for status, _ in am.statuses("stock")] == ["firing", "resolved"]
