"""Finds the route of a request, checks what is asked of it, runs it in the store, and answers; errors as RFC 9457."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import msgspec
import xxhash

from monitor.store import StoreError
from monitor.web.api.asked import convert
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem, Reply, Request
from monitor.web.api.route import Asked, Route
from monitor.web.api.routes import ROUTES


class Api:
    """Answers requests; never raises for what a request holds."""

    def __init__(self, inside: Inside, routes: Sequence[Route] = ROUTES) -> None:
        self._inside = inside
        self._routes = [(route, route.path.strip("/").split("/")) for route in routes]

    async def answer(self, request: Request) -> Reply:
        """The reply, problems included. Raises only what is a bug."""
        try:
            route, found = self._find(request)
            asked = convert(route.asked, found, request.query)
            if (fn := route.fn) is not None:
                return _reply(await self._inside.store.read(lambda conn: fn(conn, self._inside, asked)), request)
            return replace(_reply(await self._change(route, asked, request), request), changed=True)
        except Problem as problem:
            return problem.reply()
        except StoreError as error:
            return Problem(503, "The store is not available", str(error), error.hint).reply()

    async def _change(self, route: Route, asked: Asked, request: Request) -> Any:
        """Runs a change for who may ask for it, and wakes whom it concerns after the commit."""
        change, by, inside = route.change, request.by, self._inside
        if by is None:
            raise Problem(403, "Not allowed", "This changes something.", "Use the control socket or the token.")
        if request.body:
            raise Problem(400, "Bad request", "The body must be empty.", "All is said in the path and the query.")
        assert change is not None
        seen: tuple[Any, ...] = ()
        if (look := route.look) is not None:
            seen = (await inside.store.read(lambda conn: look(conn, inside, asked)),)
        done = await inside.store.write(lambda conn: change(conn, inside, asked, by, *seen))
        if done.sinks:
            inside.wake(done.sinks)
        if done.events:
            inside.ring()
        if done.deletions and inside.deletions is not None:
            inside.deletions().ring()
        if done.cleanup:
            inside.clean()
        return done.answer

    def _find(self, request: Request) -> tuple[Route, dict[str, str]]:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        fitting = [(route, found) for route, names in self._routes if (found := _fits(names, parts)) is not None]
        if not fitting:
            raise Problem(404, "Not found", f"There is no {request.path} here.", "GET /api/v1/openapi.json lists all.")
        for route, found in fitting:
            if route.method == request.method or (route.method, request.method) == ("GET", "HEAD"):
                return route, found
        methods = {route.method for route, _ in fitting}
        allowed = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
        detail, hint = f"{request.method} is not for {request.path}.", f"Allowed: {allowed}."
        raise Problem(405, "Method not allowed", detail, hint, headers={"Allow": allowed})


def _fits(names: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    """The values of the path's names, None where the path is another one."""
    if len(names) != len(parts):
        return None
    pairs = list(zip(names, parts, strict=True))
    if any(name != part for name, part in pairs if not name.startswith("{")):
        return None
    return {name[1:-1]: part for name, part in pairs if name.startswith("{")}


def _reply(answer: Any, request: Request) -> Reply:
    body = msgspec.json.encode(answer)
    tag = f'"{xxhash.xxh3_64_hexdigest(body)}"'
    known = (request.if_none_match or "").strip()
    if known == "*" or tag in known:
        return Reply(status=304, headers={"ETag": tag})
    return Reply(body=body, headers={"ETag": tag})
