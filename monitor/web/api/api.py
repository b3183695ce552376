"""Finds the route of a request, checks what is asked of it, runs it in the store, and answers; errors as RFC 9457."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_origin
from urllib.parse import unquote

import msgspec
import xxhash

from monitor.store import StoreError
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem, Reply, Request
from monitor.web.api.route import Route
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
            asked = _asked(route, found, request.query)
            if route.method == "GET":
                return _reply(await self._inside.store.read(lambda conn: route.fn(conn, self._inside, asked)), request)
            if request.by is None:
                raise Problem(403, "Not allowed", "This changes something.", "Use the control socket or the token.")
            return _reply(await self._inside.store.write(lambda conn: route.fn(conn, self._inside, asked)), request)
        except Problem as problem:
            return problem.reply()
        except StoreError as error:
            return Problem(503, "The store is not available", str(error), error.hint).reply()

    def _find(self, request: Request) -> tuple[Route, dict[str, str]]:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        fitting = [(route, found) for route, names in self._routes if (found := _fits(names, parts)) is not None]
        if not fitting:
            raise Problem(404, "Not found", f"There is no {request.path} here.", "GET /api/v1/openapi.json lists all.")
        for route, found in fitting:
            if route.method == request.method or (route.method, request.method) == ("GET", "HEAD"):
                return route, found
        allowed = ", ".join(sorted({route.method for route, _ in fitting}))
        raise Problem(405, "Method not allowed", f"{request.method} is not for {request.path}.", f"Allowed: {allowed}.")


def _fits(names: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    """The values of the path's names, None where the path is another one."""
    if len(names) != len(parts):
        return None
    pairs = list(zip(names, parts, strict=True))
    if any(name != part for name, part in pairs if not name.startswith("{")):
        return None
    return {name[1:-1]: part for name, part in pairs if name.startswith("{")}


def _asked(route: Route, found: dict[str, str], query: Sequence[tuple[str, str]]) -> Any:
    """What is asked, of the path and the query. Raises Problem that names the parameter."""
    values: dict[str, Any] = dict(found)
    lists = {field.name for field in msgspec.structs.fields(route.asked) if _is_list(field.type)}
    for name, value in query:
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise Problem(400, "Bad request", f"The parameter `{name}` stands twice.", "Give it once.")
        else:
            values[name] = value
    try:
        return msgspec.convert(values, route.asked, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(field.name for field in msgspec.structs.fields(route.asked) if field.name not in found)
        hint = f"It takes: {known}." if known else "It takes no parameters."
        raise Problem(400, "Bad request", f"{error}", hint) from error


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(_is_list(part) for part in get_args(annotation))


def _reply(answer: Any, request: Request) -> Reply:
    body = msgspec.json.encode(answer)
    tag = f'"{xxhash.xxh3_64_hexdigest(body)}"'
    if request.if_none_match is not None and tag in request.if_none_match:
        return Reply(status=304, headers={"ETag": tag})
    return Reply(body=body, headers={"ETag": tag})
