"""From the API's answers to HTTP's: the one place where both are known, problems and compression included."""

from __future__ import annotations

from aiohttp import web

from monitor.web.api import Problem, Reply

SMALL = 1400
"""Bytes that fit one packet; packing less gains nothing."""


def response(reply: Reply, request: web.BaseRequest | None = None) -> web.Response:
    """The HTTP answer. With the request that it answers a big body is packed where the client takes it."""
    made = web.Response(
        status=reply.status, body=reply.body, headers={**reply.headers, "Content-Type": reply.content_type}
    )
    if request is not None:
        made.headers["Vary"] = "Accept-Encoding"  # of a 304 too, which stands for the packed answer or the plain one
        packed = takes_gzip(request.headers.get("Accept-Encoding", ""))
        if packed and len(reply.body) > SMALL and request.method != "HEAD":
            made.enable_compression(web.ContentCoding.gzip)
            if (tag := made.headers.get("ETag", "")).startswith('"'):
                made.headers["ETag"] = f"W/{tag}"  # other bytes for the same content
    return made


def problem(status: int, title: str, detail: str, hint: str = "", **headers: str) -> web.Response:
    """problem+json; headers are named as in `Retry_After`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return response(Problem(status, title, detail, hint).reply(named))


def takes_gzip(accepted: str) -> bool:
    """Whether Accept-Encoding names gzip, or else anything, and not to refuse it."""
    said: dict[str, bool] = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        said[name.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return said.get("gzip", said.get("*", False))
