"""A redirect takes nobody's credentials anywhere: what it leads to, here or on another host, is never asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from monitor.app.heartbeat import judge
from monitor.fields import SystemClock
from monitor.model import Delivery, Notification, Outcome, Reason, Severity, Text
from monitor.providers import registry as providers
from monitor.sinks import registry as sinks
from monitor.wire import Fault, Http, new_session
from tests.kit.made import NOON

TEXT = Text(title="t", plain="p", markdown="m")
MESSAGE = Notification(
    id="n", rule="r", severity=Severity.INFO, reason=Reason.NEW, text=TEXT, created_at=NOON, events=()
)
STATUSES = (301, 302, 303, 307, 308)
ARTS = {"provider": "modelarts", "project_id": "p", "jobs": {}}
ACCOUNTS: Mapping[str, Mapping[str, Any]] = {
    "api key": {"provider": "model-studio", "api_key": "sk-key-key-key", "jobs": {}},
    "key pair": {**ARTS, "access_key": "AKAKAKAK", "secret_key": "SKSKSKSK"},
    "temporary key": {**ARTS, "access_key": "AKAKAKAK", "secret_key": "SKSKSKSK", "security_token": "STSTSTST"},
    "token": {**ARTS, "token": "a-ready-token"},
    "password": {**ARTS, "iam": {"user": "u", "password": "pass-word", "domain": "d", "endpoint": "{here}"}},
}


@dataclass
class Trap:
    """Two servers: one that sends everybody to the other, and to another path of its own."""

    here: str = ""
    elsewhere: str = ""
    status: int = 302
    near: bool = False
    asked: int = 0
    caught: list[str] = field(default_factory=list)

    async def redirect(self, request: web.Request) -> web.Response:
        if request.path.startswith("/trap"):
            return await self.catch(request)
        self.asked += 1
        return web.Response(
            status=self.status, headers={"Location": f"{self.here if self.near else self.elsewhere}/trap"}
        )

    async def catch(self, request: web.Request) -> web.Response:
        self.caught.append(f"{request.method} {request.url} {dict(request.headers)}")
        return web.json_response({})


@asynccontextmanager
async def trap() -> AsyncIterator[Trap]:
    it, runners = Trap(), []
    for answer in (it.redirect, it.catch):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
    it.here, it.elsewhere = (f"http://127.0.0.1:{runner.addresses[0][1]}" for runner in runners)
    try:
        yield it
    finally:
        for runner in runners:
            await runner.cleanup()


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_no_platform_leads_a_credential_away(account: str) -> None:
    async with trap() as it, new_session() as session:
        endpoint = it.here + ("/api/v1" if account == "api key" else "")
        section: dict[str, Any] = {"name": "a", "endpoint": endpoint, **ACCOUNTS[account]}
        if "iam" in section:
            section["iam"] = section["iam"] | {"endpoint": it.here}
        options = providers.options(section["provider"]).model_validate(section)
        provider = providers.builder(section["provider"])(options, Http(session), SystemClock())
        for it.status in STATUSES:
            for it.near in (False, True):
                with pytest.raises(Fault, match="redirect"):
                    await provider.list_jobs(provider.scopes("jobs")[0])
    assert (it.asked, it.caught) == (2 * len(STATUSES), [])


@pytest.mark.parametrize("kind", ["webhook", "cloudevents", "alertmanager", "apprise"])
async def test_no_receiver_leads_a_message_away(kind: str) -> None:
    async with trap() as it, new_session() as session:
        url = f"{it.here}/in/secret".replace("http://", "json://u:p@" if kind == "apprise" else "http://u:p@")
        options = sinks.options(kind).model_validate({"name": "s", "type": kind, "url": url, "timeout": "5s"})
        sink = sinks.builder(kind)(options, Http(session), SystemClock())
        for it.status in STATUSES:
            for it.near in (False, True):
                receipt = await sink.send(Delivery(id="d", sink="s", attempt=1, notification=MESSAGE))
                assert receipt.outcome is Outcome.REFUSED
        await sink.aclose()
    assert (it.asked, it.caught) == (2 * len(STATUSES), [])


async def test_no_dead_mans_switch_leads_the_sign_of_life_away() -> None:
    async with trap() as it, new_session() as session:
        for it.status in STATUSES:
            with pytest.raises(Fault, match="redirect"):
                await Http(session).send("GET", f"{it.here}/ping/secret", judge=judge)
    assert (it.asked, it.caught) == (len(STATUSES), [])
