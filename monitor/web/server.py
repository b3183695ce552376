"""Serves what people and programs ask: over the HTTP port behind its guard, and over the control socket."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import structlog
from aiohttp import web

from monitor.fields.bell import Broadcast
from monitor.settings.root import Listen
from monitor.store import StoreError
from monitor.telemetry.meter import NO_METER, Meter
from monitor.web.api import Api, Inside, Problem
from monitor.web.carry import MOST_BODY, Identify, api_routes, check_path
from monitor.web.connection import Accept, Listening, Loop
from monitor.web.control import control_socket, peer
from monitor.web.guard import Guard, proven
from monitor.web.headers import add_headers
from monitor.web.health import Health, health_routes, unavailable
from monitor.web.reload import Reload, reload_routes
from monitor.web.reply import problem, response
from monitor.web.session import Sessions
from monitor.web.signin import sign_in_routes
from monitor.web.stream import Streams
from monitor.web.tries import Tries

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = structlog.get_logger("web")


@dataclass(kw_only=True)
class Site:
    """What is served. Everything is asked anew with each request, so a reload may put new parts in."""

    api: Api
    inside: Inside
    health: Health
    metrics: Callable[[str], Awaitable[tuple[bytes, str]]]
    """The page and its content type, in the format that this `Accept` asks for."""
    events: Broadcast
    """Rung after each commit that wrote events."""
    meter: Meter = NO_METER
    reload: Reload | None = None
    """Has the config read anew; over the control socket."""
    reload_waits: Callable[[], str] = str
    """Why that is not done yet, in plain words."""


@asynccontextmanager
async def serving(
    site: Site, *, listen: Listen | None = None, socket: Path | None = None, group: str | None = None
) -> AsyncIterator[int | None]:
    """Serves while the block runs, and gives the HTTP port (None: off). Ends within a second.

    Raises PortUnavailable and ControlUnavailable.
    """
    async with AsyncExitStack() as stack:
        if socket is not None:
            bound = stack.enter_context(control_socket(socket, group, state_dir=site.inside.settings.state_dir))
            await stack.enter_async_context(_listening(control_app(site), partial(_accept_local, bound)))
        port = None
        if listen is not None:
            try:
                runner = await stack.enter_async_context(_listening(port_app(site, listen), partial(_accept, listen)))
            except OSError as error:
                raise unavailable(error, listen.host, listen.port) from error
            port = int(runner.addresses[0][1])
        yield port


def port_app(site: Site, listen: Listen) -> web.Application:
    """For the HTTP port, behind the guard."""
    sessions, tries = Sessions(), Tries()
    guard = Guard(listen=listen, options=lambda: site.inside.settings.http, sessions=sessions, tries=tries)
    app = _app(site, guard.admit, proven, key=lambda: (site.inside.settings.http.token, sessions.ends))
    app.add_routes(sign_in_routes(lambda: site.inside.settings.http, sessions, tries))
    app.add_routes(_answer_routes(site, tries))
    app.add_routes(_page_routes())
    return app


def control_app(site: Site) -> web.Application:
    """For the control socket, whose file's mode is the guard."""

    async def admit(request: web.Request, following: Next) -> web.StreamResponse:
        check_path(request)
        return await following(request)

    app = _app(site, admit, peer)
    app.add_routes(reload_routes(lambda: site.reload, peer, lambda: site.reload_waits()))
    return app


def _app(
    site: Site,
    admit: Callable[[web.Request, Next], Awaitable[web.StreamResponse]],
    by: Identify,
    key: Callable[[], object] = lambda: None,
) -> web.Application:
    streams = Streams(lambda: site.inside, site.events, site.meter, key=key)

    @web.middleware
    async def answering(request: web.Request, handler: Next) -> web.StreamResponse:
        return await _answering(request, lambda asked: admit(asked, handler))

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = await site.metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application(middlewares=[answering], client_max_size=MOST_BODY)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(streams.close)
    app.add_routes(health_routes(lambda: site.health))
    app.add_routes([web.get("/metrics", metrics)])
    app.add_routes(streams.routes())
    app.add_routes(api_routes(lambda: site.api, by))
    return app


async def _answering(request: web.Request, admit: Next) -> web.StreamResponse:
    """The answer, whatever goes wrong; a bug is told in the log and nowhere else."""
    try:
        return await admit(request)
    except Problem as found:
        return response(found.reply())
    except StoreError as error:
        return problem(503, "The store is not available", str(error), error.hint)
    except web.HTTPException as found:
        return _plain(request, found)
    except ConnectionError:
        raise  # the client has left; there is nobody to answer
    except Exception as error:  # the last line of defence: a bug in one answer ends neither port nor daemon
        _log.exception("request failed", method=request.method, path=request.path, error=type(error).__name__)
        return problem(500, "Our mistake", "The request could not be answered.", "The daemon's log says more.")


def _plain(request: web.Request, found: web.HTTPException) -> web.Response:
    """What aiohttp itself refuses: no such path, another method."""
    if found.status < 400:
        return web.Response(status=found.status, headers=found.headers)
    headers = {name: value for name, value in found.headers.items() if name == "Allow"}
    if request.path.startswith("/api/"):
        return problem(found.status, found.reason, f"{request.method} {request.path}: {found.reason}.", **headers)
    return web.Response(status=found.status, text=f"{found.status} {found.reason}\n", headers=headers)


@asynccontextmanager
async def _listening(app: web.Application, accept: Accept) -> AsyncIterator[web.AppRunner]:
    """Raises OSError."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
    await runner.setup()
    try:
        await Listening(runner, accept).start()
        yield runner
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


async def _accept(listen: Listen, loop: Loop, connection: Callable[[], asyncio.Protocol]) -> asyncio.AbstractServer:
    return await loop.create_server(connection, listen.host, listen.port)


async def _accept_local(
    bound: sockets.socket, loop: Loop, connection: Callable[[], asyncio.Protocol]
) -> asyncio.AbstractServer:
    return await loop.create_unix_server(connection, sock=bound)


def _answer_routes(site: Site, tries: Tries) -> list[web.RouteDef]:
    from monitor.web.answer import answer_routes

    return list(answer_routes(lambda: site.inside, tries))


def _page_routes() -> list[web.RouteDef]:
    from monitor.web.page import page_routes

    return list(page_routes())
