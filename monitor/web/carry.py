"""Carries requests from HTTP to the API and its answers back; whatever is malformed ends here as a problem."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, unquote

import anyio
import structlog
from aiohttp import web

from monitor.web.api import Api, Problem, Request
from monitor.web.reply import response

MOST_BODY = 64 * 1024
"""Bytes of a request's body."""
MOST_FIELDS = 100
"""Parameters of a query."""
BODY_PATIENCE = 10.0
"""Seconds in which a body must have arrived."""

_log = structlog.get_logger("web")
Identify = Callable[[web.Request], str | None]
"""Who asks, where it is proven."""


def api_routes(api: Callable[[], Api], by: Identify) -> list[web.RouteDef]:
    """Everything below /api, whatever the method."""

    async def carry(request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path
        body = await read_body(request) if request.method not in ("GET", "HEAD") else b""
        asked = Request(
            method=request.method,
            path=path,
            query=query_of(request),
            if_none_match=request.headers.get("If-None-Match"),
            body=body,
            by=by(request),
        )
        reply = await api().answer(asked)
        if reply.changed:
            _log.info("a change was asked for and made", by=asked.by, change=unquote(path).removeprefix("/api/v1/"))
        return response(reply, request)

    return [web.route("*", "/api", carry), web.route("*", "/api/{rest:.*}", carry)]


def check_path(request: web.Request) -> None:
    """Raises Problem where the path is none: not UTF-8, or with steps that lead elsewhere."""
    try:
        path = unquote(_text(request.rel_url.raw_path), errors="strict")
    except UnicodeError:
        raise Problem(400, "Bad request", "The path is not UTF-8.", "Percent-encode the UTF-8 of each part.") from None
    if any(part in (".", "..") for part in path.split("/")):
        raise Problem(400, "Bad request", "The path has `.` or `..` in it.", "Ask for the whole path.")
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in path):
        raise Problem(400, "Bad request", "The path has control characters in it.", "Leave them out.")


def query_of(request: web.Request) -> tuple[tuple[str, str], ...]:
    """The query's parameters in their order. Raises Problem where it is not UTF-8 or too long."""
    try:
        text = _text(request.rel_url.raw_query_string)
        return tuple(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS))
    except UnicodeError:
        raise Problem(400, "Bad request", "The query is not UTF-8.", "Percent-encode the UTF-8 of it.") from None
    except ValueError:
        hint = "Ask for less at once."
        raise Problem(400, "Bad request", f"The query has more than {MOST_FIELDS} parameters.", hint) from None


async def read_body(request: web.Request) -> bytes:
    """The whole body. Raises Problem where it is too big or does not come."""
    too_big = Problem(413, "Too big", f"The body is longer than {MOST_BODY // 1024} kB.", "Send less.")
    if (request.content_length or 0) > MOST_BODY:
        raise too_big
    try:
        with anyio.fail_after(BODY_PATIENCE):
            return await request.read()
    except TimeoutError:
        raise Problem(408, "Too slow", f"The body did not come within {BODY_PATIENCE:g} s.", "Send it again.") from None
    except web.HTTPRequestEntityTooLarge:
        raise too_big from None


def _text(raw: str) -> str:
    """Raises UnicodeError where bytes that are not UTF-8 were sent as they are."""
    raw.encode()
    return raw
