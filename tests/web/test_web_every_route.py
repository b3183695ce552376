"""Each route that the HTTP port and the control socket have is asked here once over real HTTP, and answers well.

The routes are those of the served application and of the table of the API: one without a row fails, and so does a row
without a route.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from monitor.settings import Listen
from monitor.store import Connection, add_action, write_notifications
from monitor.web.api.routes import ROUTES
from monitor.web.server import control_app, port_app
from tests.kit import silent
from tests.kit.api import seed
from tests.kit.made import deletion, notification
from tests.kit.web import TOKEN, served

Ask = tuple[str, int, str]
"""What is asked, the status, and something that the answer says."""
API: dict[str, Ask] = {
    "GET /api/v1/status": ("/api/v1/status", 200, '"last_seq"'),
    "GET /api/v1/accounts": ("/api/v1/accounts", 200, '"north"'),
    "GET /api/v1/watches": ("/api/v1/watches", 200, '"jobs"'),
    "GET /api/v1/jobs": ("/api/v1/jobs", 200, '"north-0-1"'),
    "GET /api/v1/jobs/{account}/{id}": ("/api/v1/jobs/north/north-0-1", 200, '"events"'),
    "GET /api/v1/flavors": ("/api/v1/flavors", 200, '"ascend-0"'),
    "GET /api/v1/flavors/{account}/{id}/history": ("/api/v1/flavors/north/ascend-0/history", 200, '"flavor.'),
    "GET /api/v1/stock-history": ("/api/v1/stock-history?since=3000d", 200, '"items"'),
    "GET /api/v1/events": ("/api/v1/events", 200, '"seq"'),
    "GET /api/v1/events/{id}": ("/api/v1/events/3", 200, '"specversion"'),
    "GET /api/v1/events/{id}/explanation": ("/api/v1/events/3/explanation", 200, '"unmatched"'),
    "GET /api/v1/events/stream": ("/api/v1/events/stream?after=0", 200, "id: "),
    "GET /api/v1/notifications": ("/api/v1/notifications", 200, '"n03"'),
    "GET /api/v1/notifications/{id}": ("/api/v1/notifications/n03", 200, '"deliveries"'),
    "GET /api/v1/deliveries": ("/api/v1/deliveries", 200, '"sink"'),
    "GET /api/v1/deliveries/{id}": ("/api/v1/deliveries/{waits}", 200, '"pending"'),
    "GET /api/v1/sinks": ("/api/v1/sinks", 200, '"journal"'),
    "GET /api/v1/rules": ("/api/v1/rules", 200, '"items"'),
    "GET /api/v1/ruleset": ("/api/v1/ruleset", 200, '"sinks"'),
    "GET /api/v1/usage": ("/api/v1/usage", 200, '"tokens"'),
    "GET /api/v1/usage/running": ("/api/v1/usage/running", 200, '"basis"'),
    "GET /api/v1/budgets": ("/api/v1/budgets", 200, '"items"'),
    "GET /api/v1/quotas": ("/api/v1/quotas", 200, '"items"'),
    "GET /api/v1/openapi.json": ("/api/v1/openapi.json", 200, '"3.1.0"'),
    "GET /api/v1/silences": ("/api/v1/silences?state=active", 200, '"owner":"ann"'),
    "GET /api/v1/silences/{id}": ("/api/v1/silences/{silence}", 200, '"night'),
    "GET /api/v1/deletions": ("/api/v1/deletions", 200, '"d1"'),
    "GET /api/v1/deletions/preview": ("/api/v1/deletions/preview?account=north&job=x", 200, '"refused"'),
    "GET /api/v1/deletions/{id}": ("/api/v1/deletions/d1", 200, '"asked_by"'),
    "POST /api/v1/deletions": ("/api/v1/deletions?account=north&job=x", 409, "No daemon runs here"),
    "GET /api/v1/cleanup": ("/api/v1/cleanup", 200, '"policies"'),
    "POST /api/v1/cleanup": ("/api/v1/cleanup", 409, "No daemon runs here"),
    "POST /api/v1/cleanup/{policy}/resume": ("/api/v1/cleanup/nix/resume", 404, "no clean-up policy"),
    "POST /api/v1/silences": ("/api/v1/silences?match=false&for=1h&owner=bob&comment=why", 200, '"preview"'),
    "POST /api/v1/silences/preview": ("/api/v1/silences/preview?match=true", 200, '"messages"'),
    "POST /api/v1/silences/{id}/end": ("/api/v1/silences/{silence}/end", 200, '"state":"ended"'),
    "POST /api/v1/notifications/{id}/snooze": ("/api/v1/notifications/{stuck}/snooze?for=1h", 200, '"snoozed"'),
    "POST /api/v1/notifications/{id}/ack": ("/api/v1/notifications/{stuck}/ack?by=ann", 200, '"acknowledged"'),
    "POST /api/v1/deliveries/{id}/retry": ("/api/v1/deliveries/{waits}/retry", 200, '"pending"'),
    "POST /api/v1/deliveries/{id}/drop": ("/api/v1/deliveries/{waits}/drop", 200, '"dropped"'),
    "POST /api/v1/sinks/{name}/test": ("/api/v1/sinks/journal/test", 200, '"delivery"'),
}
BESIDE: dict[str, Ask] = {
    "GET /healthz": ("/healthz", 200, ""),
    "GET /readyz": ("/readyz", 200, ""),
    "GET /metrics": ("/metrics", 200, "up 1.0"),
}
PAGE: dict[str, Ask] = {
    "GET /": ("/", 200, "<html"),
    "GET /static/{version}/{path}": ("{script}", 200, ""),
    "GET /favicon.ico": ("/favicon.ico", 200, ""),
    "GET /answer/{token}": ("{link}", 200, "Acknowledge"),
    "POST /answer/{token}": ("{link}", 303, ""),
    "GET /static/answer.css": ("/static/answer.css", 200, "{"),
    "GET /sign-in": ("/sign-in", 200, "<form"),
    "GET /static/sign-in.css": ("/static/sign-in.css", 200, "{"),
    "POST /sign-in": ("/sign-in", 303, ""),
    "POST /sign-out": ("/sign-out", 303, ""),
}
CONTROL = {"POST /control/reload"}
"""Asked in tests/app/test_app_reload_socket.py: nothing is read anew here."""
FORMS = {"POST /sign-in": {"token": TOKEN}, "POST /answer/{token}": {"do": "1h"}}


def routes(app: web.Application) -> set[str]:
    """Those of the application, with the API's table in the place of its one route for all of them."""
    served = {f"{route.method} {route.resource.canonical}" for route in app.router.routes() if route.resource}
    assert {"* /api", "* /api/{rest}"} <= served
    own = {each for each in served if not each.startswith(("HEAD ", "* /api"))}
    return own | {f"{route.method} {route.path}" for route in ROUTES}


async def test_every_route_is_asked_by_a_test_of_this_page(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it:
        assert routes(port_app(it.site, Listen("127.0.0.1", 0))) == {*API, *BESIDE, *PAGE}
        assert routes(control_app(it.site)) == {*API, *BESIDE, *CONTROL}


async def test_every_route_of_the_port_answers_well(tmp_path: Path) -> None:
    async with served(tmp_path, token=True, more=silent.rules("journal")) as it:
        await it.store.write(fill)
        async with aiohttp.ClientSession(it.url("/"), headers={"Authorization": f"Bearer {TOKEN}"}) as session:
            await ask_all(session, {**PAGE, **API, **BESIDE}, link=await it.store.write(silent.link))


async def test_every_route_of_the_control_socket_answers_well(tmp_path: Path) -> None:
    async with served(tmp_path, token=True, more=silent.rules("journal")) as it:
        await it.store.write(fill)
        async with it.over_socket() as session:
            await ask_all(session, {**API, **BESIDE})


def fill(conn: Connection) -> None:
    """Something of everything, and a message that waits for the one sink of the config."""
    seed(conn)
    write_notifications(conn, [notification("waits", sinks=("journal",))])
    silent.stuck(conn, "e", datetime.now(UTC), sink="nobody")
    silent.silenced(conn, "e", datetime.now(UTC))
    add_action(conn, deletion())


async def ask_all(session: aiohttp.ClientSession, every: dict[str, Ask], **known: str) -> None:
    known |= await places(session, page="GET /" in every)
    for route, (path, status, said) in every.items():
        method, _, pattern = route.partition(" ")
        url = URL(path.format(**known), encoded=True)
        assert re.fullmatch(re.sub(r"\{path\}", r".+", re.sub(r"\{(?!path)\w+\}", r"[^/]+", pattern)), url.path), route
        data = FORMS.get(route)
        async with session.request(method, url, data=data, allow_redirects=False) as answer:
            body = await (answer.content.readuntil(b"id: ") if "stream" in pattern else answer.read())
            assert (answer.status, said.encode() in body) == (status, True), (route, answer.status, body[:300])


async def places(session: aiohttp.ClientSession, *, page: bool) -> dict[str, str]:
    """What only the answers tell: the message that waits, and a script of the page."""
    async with session.get("/api/v1/deliveries?sink=journal") as answer:
        known = {"waits": str((await answer.json())["items"][0]["id"])}
    known |= {"silence": silent.SILENCE, "stuck": silent.STUCK}
    if page:
        async with session.get("/") as answer:
            known["script"] = re.findall(r'src="(/static/[^"]+)"', await answer.text())[0]
    return known
