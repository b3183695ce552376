"""The control socket's way to have the config read anew, for those who may change something but are not root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import anyio
import structlog
from aiohttp import web

from monitor.web.carry import Identify
from monitor.web.reply import problem

PATIENCE = 20.0
"""Seconds that who asked waits; a sink that was changed may take longer with what is in flight."""
_log = structlog.get_logger("web")


class Verdict(Protocol):
    """What came of it: what changed, in words by section, or why nothing did."""

    @property
    def changed(self) -> Mapping[str, str]: ...

    @property
    def problems(self) -> Sequence[str]: ...


Reload = Callable[[], Awaitable[Verdict | None]]
"""None: the daemon ends instead."""


def reload_routes(reload: Callable[[], Reload | None], by: Identify, waits: Callable[[], str]) -> list[web.RouteDef]:
    """Where it is still under way `changed` is null, and `waits` says why."""

    async def handle(request: web.Request) -> web.Response:
        if (ask := reload()) is None:
            return problem(409, "No config file", "This daemon has no config file that it could read anew.")
        _log.info("a reload was asked for", by=by(request))
        verdict, over = None, False
        with anyio.move_on_after(PATIENCE):
            verdict = await ask()
            over = True
        if over and verdict is None:
            return problem(503, "Ending", "The daemon ends.", "Start it again; it reads the config then.")
        if verdict is None:
            return web.json_response({"changed": None, "problems": [], "waits": waits()})
        return web.json_response({"changed": dict(verdict.changed), "problems": list(verdict.problems), "waits": None})

    return [web.post("/control/reload", handle)]
